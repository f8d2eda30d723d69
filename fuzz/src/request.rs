//! Requests whose parts are chosen by the input.

use arbitrary::Arbitrary;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version};
use url::form_urlencoded;

use crate::instances::{LIVE_SUFFIX, TEST_SUFFIX};
use crate::tokens::token;
use crate::value::{AnyValue, DEV_BROWSER, REFRESH};

/// The host of every request.
pub const HOST: &str = "app.example.com";

static METHODS: [Method; 7] = [
    Method::GET,
    Method::GET,
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::OPTIONS,
    Method::DELETE,
];
const PATHS: [&str; 14] = [
    "/",
    "/dashboard",
    "/orgs/acme",
    "/orgs/other/members",
    "/by-id/org_1",
    "/by-id/org_2",
    "/me",
    "//evil.example/x",
    "/\\evil.example",
    "/%2f%2fevil.example",
    "/a/../b",
    "/@evil.example",
    "/%0d%0ax:y",
    "/shop/cart",
];
const PARAMETERS: [&str; 9] = [
    "__clerk_db_jwt",
    "__dev_session",
    "__clerk_handshake",
    "__clerk_handshake_nonce",
    "__clerk_synced",
    "__clerk_redirect_url",
    "__clerk_help",
    "__portal_cookie_check",
    "a",
];
const COOKIES: [&str; 8] = [
    "__session",
    "__client_uat",
    "__refresh",
    "__clerk_db_jwt",
    "__clerk_handshake",
    "__clerk_handshake_nonce",
    "__clerk_redirect_count",
    "theme",
];
const SUFFIXES: [&str; 5] = ["", "", LIVE_SUFFIX, TEST_SUFFIX, "other"];
/// The fields that anything here reads, besides `Host` and `Cookie`.
static FIELDS: [HeaderName; 28] = [
    http::header::AUTHORIZATION,
    http::header::ACCEPT,
    http::header::ORIGIN,
    http::header::REFERER,
    http::header::USER_AGENT,
    http::header::CONTENT_TYPE,
    http::header::CONNECTION,
    http::header::UPGRADE,
    http::header::ACCESS_CONTROL_REQUEST_METHOD,
    HeaderName::from_static("sec-fetch-dest"),
    HeaderName::from_static("sec-fetch-mode"),
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-clerk-auth-status"),
    HeaderName::from_static("cloudfront-forwarded-proto"),
    HeaderName::from_static("hx-request"),
    HeaderName::from_static("hx-boosted"),
    HeaderName::from_static("hx-current-url"),
    HeaderName::from_static("hx-history-restore-request"),
    HeaderName::from_static("turbo-frame"),
    HeaderName::from_static("x-turbo-request-id"),
    HeaderName::from_static("x-up-version"),
    HeaderName::from_static("x-up-target"),
    HeaderName::from_static("datastar-request"),
    HeaderName::from_static("dnt"),
];

/// A request.
#[derive(Arbitrary, Clone, Debug)]
pub struct AnyRequest<'a> {
    method: u8,
    path: AnyPath<'a>,
    query: Vec<(u8, AnyValue<'a>)>,
    session: Option<AnySession>,
    /// The pairs of one `Cookie` field each: name, suffix and value.
    cookies: Vec<Vec<(u8, u8, AnyValue<'a>)>>,
    fields: Vec<(u8, AnyValue<'a>)>,
    is_document: bool,
    is_http2: bool,
}

/// The cookies that a signed-in browser has.
#[derive(Arbitrary, Clone, Debug)]
struct AnySession {
    token: u8,
    suffix: u8,
    is_renewable: bool,
}

impl AnySession {
    fn field(&self) -> String {
        let suffix = match SUFFIXES[usize::from(self.suffix) % SUFFIXES.len()] {
            "" => String::new(),
            suffix => format!("_{suffix}"),
        };
        let token = token(self.token);
        let cookies =
            format!("__session{suffix}={token}; __client_uat{suffix}=1; __clerk_db_jwt{suffix}={DEV_BROWSER}");
        match self.is_renewable {
            true => format!("{cookies}; __refresh_{LIVE_SUFFIX}={REFRESH}; __refresh_{TEST_SUFFIX}={REFRESH}"),
            false => cookies,
        }
    }
}

#[derive(Arbitrary, Clone, Debug)]
enum AnyPath<'a> {
    Known(u8),
    Text(&'a str),
}

impl AnyRequest<'_> {
    /// The head of the request, without fields that no server would pass on.
    #[must_use]
    pub fn parts(&self) -> Parts {
        let mut parts = Request::new(()).into_parts().0;
        parts.method = METHODS[usize::from(self.method) % METHODS.len()].clone();
        parts.uri = self.uri();
        if self.is_http2 {
            parts.version = Version::HTTP_2;
        }
        let headers = &mut parts.headers;
        headers.insert("host", HeaderValue::from_static(HOST));
        if self.is_document {
            headers.insert("sec-fetch-dest", HeaderValue::from_static("document"));
        }
        if let Some(value) = self
            .session
            .as_ref()
            .and_then(|session| HeaderValue::try_from(session.field()).ok())
        {
            headers.append("cookie", value);
        }
        for pairs in &self.cookies {
            if let Ok(value) = HeaderValue::from_bytes(&cookie_field(pairs)) {
                headers.append("cookie", value);
            }
        }
        for (name, value) in &self.fields {
            if let Ok(value) = HeaderValue::from_bytes(&value.bytes()) {
                headers.append(FIELDS[usize::from(*name) % FIELDS.len()].clone(), value);
            }
        }
        parts
    }

    fn uri(&self) -> Uri {
        let path = match self.path {
            AnyPath::Known(number) => PATHS[usize::from(number) % PATHS.len()],
            AnyPath::Text(text) => text,
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.query {
            query.append_pair(PARAMETERS[usize::from(*name) % PARAMETERS.len()], &value.text());
        }
        let query = query.finish();
        let whole = format!("{path}?{query}");
        let is_path = whole.starts_with('/');
        let uri = is_path.then(|| Uri::try_from(whole).ok()).flatten();
        uri.or_else(|| Uri::try_from(format!("/?{query}")).ok())
            .unwrap_or_default()
    }
}

fn cookie_field(pairs: &[(u8, u8, AnyValue<'_>)]) -> Vec<u8> {
    let mut field = Vec::new();
    for (name, suffix, value) in pairs {
        field.extend_from_slice(COOKIES[usize::from(*name) % COOKIES.len()].as_bytes());
        match SUFFIXES[usize::from(*suffix) % SUFFIXES.len()] {
            "" => {}
            suffix => field.extend_from_slice(format!("_{suffix}").as_bytes()),
        }
        field.push(b'=');
        field.extend_from_slice(&value.bytes());
        field.extend_from_slice(b"; ");
    }
    field
}
