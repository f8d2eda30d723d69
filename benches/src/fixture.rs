//! [`Clerk`]: instances, tokens and requests, the same ones for all measurements and peers.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, COOKIE, HOST, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::KeyCachePolicy;
use portal_sdk::clock::Clock as _;
use portal_sdk::instance::{Instance, InstanceBuilder};
use portal_sdk::testing::{FakeBackend, TestInstance, TestKey};
use portal_sdk::token::{FactorAge, FactorAges};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The production key of `clerk.example.com`.
pub const PUBLISHABLE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
/// Not a key of any application.
pub const SECRET_KEY: &str = "sk_live_bench";
/// The request target of every request.
pub const TARGET: &str = "/dashboard?tab=invoices";

/// The fields of a browser's navigation, without its cookies.
const BROWSER: [(HeaderName, &str); 8] = [
    (HOST, "app.example.com"),
    (
        ACCEPT,
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    ),
    (ACCEPT_ENCODING, "gzip, deflate, br, zstd"),
    (ACCEPT_LANGUAGE, "en-US,en;q=0.9"),
    (
        USER_AGENT,
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    ),
    (HeaderName::from_static("sec-fetch-dest"), "document"),
    (HeaderName::from_static("sec-fetch-mode"), "navigate"),
    (HeaderName::from_static("sec-fetch-site"), "none"),
];

/// A Clerk application with the key of this process.
#[derive(Debug)]
pub struct Clerk {
    test: TestInstance,
    issued_at: i64,
    suffix: String,
}

impl Clerk {
    /// Creates the application.
    ///
    /// # Panics
    ///
    /// Panics if the operating system provides no randomness for the key.
    #[must_use]
    pub fn new() -> Self {
        let test = TestInstance::from_builder(settings()).expect("the settings are valid");
        Self {
            issued_at: test.clock().now().as_secs(),
            suffix: test.instance().publishable_key().cookie_suffix().to_string(),
            test,
        }
    }

    /// Returns an instance whose key is a setting in PEM.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        self.test.instance()
    }

    /// Returns a new authenticator of [`instance`](Self::instance), with the machine's clock and empty caches.
    #[must_use]
    pub fn authenticator(&self) -> Authenticator<FakeBackend> {
        Authenticator::new(self.instance().clone(), FakeBackend::new())
    }

    /// Returns a new authenticator like [`authenticator`](Self::authenticator) with organization patterns.
    ///
    /// # Panics
    ///
    /// Never: the settings are constant.
    #[must_use]
    pub fn authenticator_with_patterns(&self, count: usize) -> Authenticator<FakeBackend> {
        let patterns = (0..count).map(|index| format!("/workspace-{index}/:slug/(.*)"));
        let settings = settings().organization_patterns(patterns);
        let test = TestInstance::from_builder(settings).expect("the settings are valid");
        Authenticator::new(test.instance().clone(), FakeBackend::new())
    }

    /// Returns a new authenticator that fetches its keys, as a set, from a backend in memory.
    ///
    /// # Panics
    ///
    /// Never: the settings are constant.
    #[must_use]
    pub fn authenticator_with_key_set(&self) -> Authenticator<FakeBackend> {
        let instance = settings().build().expect("the settings are valid");
        Authenticator::builder(instance)
            .backend(FakeBackend::new())
            // Longer than any measurement, so that no round fetches keys.
            .key_cache(KeyCachePolicy::default().with_lifetime(Duration::from_secs(3_600)))
            .build()
    }

    /// Returns the token of a session by its number, valid for an hour. Different numbers have different tokens.
    #[must_use]
    pub fn token(&self, number: usize) -> String {
        let ages = FactorAges {
            first: FactorAge::VerifiedAgo(Duration::ZERO),
            second: FactorAge::NotEnrolled,
        };
        self.test
            .signed_in("user_2xhFjEI5X2qWRvtV13BzSj8H6Dk")
            .session_id(format!("sess_2xhFjEI5X2qWRvtV13Bz{number:07}"))
            .factor_ages(ages)
            .claim("azp", "https://app.example.com")
            .claim("exp", self.issued_at + 3_600)
            .claim("jti", format!("0123456789abc{number:07}"))
            .token()
    }

    /// Returns a token whose signature is invalid: one character in its middle differs.
    #[must_use]
    pub fn forged_token(&self, number: usize) -> String {
        let token = self.token(number);
        let middle = token.len() - 100;
        let other = if token[middle..].starts_with('A') { "B" } else { "A" };
        format!("{}{other}{}", &token[..middle], &token[middle + 1..])
    }

    /// Returns the session's token with an unknown key ID, which breaks its signature too.
    ///
    /// # Panics
    ///
    /// Never: a token has three parts.
    #[must_use]
    pub fn token_of_unknown_key(&self, token: &str, number: usize) -> String {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;

        let (_, rest) = token.split_once('.').expect("a token has three parts");
        let header =
            json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": format!("ins_unknown{number:07}"), "typ": "JWT" });
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
    }

    /// Returns the `Cookie` field of a browser.
    ///
    /// It has the token and the time of the client's change, each under both names.
    #[must_use]
    pub fn cookies(&self, token: &str) -> String {
        let Self { issued_at, suffix, .. } = self;
        format!(
            "__client_uat={issued_at}; __client_uat_{suffix}={issued_at}; __session={token}; __session_{suffix}={token}"
        )
    }

    /// Returns a browser's request with this token.
    #[must_use]
    pub fn signed_in(&self, token: &str) -> Request<()> {
        navigation(Some(&self.cookies(token)))
    }

    /// Returns a browser's request without cookies.
    #[must_use]
    pub fn signed_out(&self) -> Request<()> {
        navigation(None)
    }

    /// Returns the same application and request for another process.
    #[must_use]
    pub fn set_up(&self, token: &str) -> SetUp {
        let key = TestKey::of_process();
        let cookies = self.cookies(token);
        let fields = BROWSER
            .into_iter()
            .map(|(name, value)| (name.to_string(), value.to_owned()));
        SetUp {
            publishable_key: PUBLISHABLE_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            pem: key.pem(),
            jwk: key.jwk(TestKey::ID),
            target: TARGET.to_owned(),
            headers: fields.chain([(COOKIE.to_string(), cookies)]).collect(),
        }
    }
}

impl Default for Clerk {
    fn default() -> Self {
        Self::new()
    }
}

/// An application and one request to it, for another process. Nothing in it is a secret of a real application.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SetUp {
    /// The publishable key.
    pub publishable_key: String,
    /// The secret key, which belongs to no application.
    pub secret_key: String,
    /// The instance's public key in PEM.
    pub pem: String,
    /// The instance's public key as a JWK (RFC 7517).
    pub jwk: Value,
    /// The request's target: path and query.
    pub target: String,
    /// The request's fields, `host` and `cookie` among them.
    pub headers: Vec<(String, String)>,
}

fn settings() -> InstanceBuilder {
    Instance::builder(PUBLISHABLE_KEY, SECRET_KEY)
}

/// Returns a request whose fields are parts of one buffer, as a server's parser leaves them.
fn navigation(cookies: Option<&str>) -> Request<()> {
    let fields: Vec<_> = BROWSER
        .into_iter()
        .chain(cookies.map(|cookies| (COOKIE, cookies)))
        .collect();
    let head: String = fields.iter().map(|(_, value)| *value).collect();
    let buffer = Bytes::from(head);
    let mut headers = HeaderMap::with_capacity(fields.len());
    let mut start = 0;
    for (name, value) in fields {
        let end = start + value.len();
        let value = HeaderValue::from_maybe_shared(buffer.slice(start..end)).expect("a valid field");
        headers.insert(name, value);
        start = end;
    }
    let mut request = Request::new(());
    *request.uri_mut() = TARGET.parse().expect("a valid target");
    *request.headers_mut() = headers;
    request
}

#[cfg(test)]
mod tests {
    use super::Clerk;

    #[test]
    fn requests_have_the_intended_outcome() {
        let clerk = Clerk::new();
        let authenticator = clerk.authenticator();
        let token = clerk.token(1);
        let is_signed_in = |request: http::Request<()>| {
            let parts = request.into_parts().0;
            let state = authenticator
                .try_authenticate(&parts)
                .expect("nothing is fetched")
                .state;
            state.claims().is_some()
        };
        assert!(is_signed_in(clerk.signed_in(&token)));
        assert!(is_signed_in(clerk.signed_in(&clerk.token(2))));
        assert!(!is_signed_in(clerk.signed_in(&clerk.forged_token(1))));
        assert!(!is_signed_in(clerk.signed_out()));
    }

    #[test]
    fn tokens_differ_by_number_and_have_equal_lengths() {
        let clerk = Clerk::new();
        let (one, other) = (clerk.token(1), clerk.token(2));
        assert_ne!(one, other);
        assert_eq!(one.len(), other.len());
        assert_ne!(clerk.forged_token(1), one);
    }
}
