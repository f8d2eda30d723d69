//! The application under attack, its responses, and the properties of each.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::BodyExt as _;
use portal_axum::{AuthenticateLayer, RequireAuthLayer, SignedIn};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::clock::UnixTime;
use portal_sdk::instance::{Instance, InstanceBuilder, Satellite};
use portal_sdk::testing::{FakeBackend, TestClock};
use serde_json::json;
use tower::ServiceExt as _;
use url::Url;

use super::signing::{SigningKey, USER};
use super::transport::Via;

/// The time of every request, in Unix seconds.
pub(crate) const NOW_SECS: i64 = 1_795_402_121;
/// The cookie suffix of [`live`].
pub(crate) const SUFFIX: &str = "naoXFJnI";

/// A production instance, whose application is at `https://app.example.com`.
pub(crate) fn live() -> InstanceBuilder {
    Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x")
}

/// A development instance, whose application is at `http://localhost:3000`.
pub(crate) fn test() -> InstanceBuilder {
    Instance::builder("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "sk_test_x")
}

/// The origins that redirects may lead to, besides the application's own and those of satellites.
const CLERKS_ORIGINS: [&str; 4] = [
    "https://clerk.example.com",
    "https://accounts.example.com",
    "https://foo-bar-13.clerk.accounts.dev",
    "https://foo-bar-13.accounts.dev",
];

/// The way a request reaches a user's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Behind `RequireAuthLayer`, opened in a browser.
    GuardedPage,
    /// A handler with `SignedIn`, called by a script.
    ExtractedByScript,
    /// A handler with `Option<SignedIn>`, opened in a browser.
    PublicPage,
}

impl Route {
    pub(crate) const ALL: [Self; 3] = [Self::GuardedPage, Self::ExtractedByScript, Self::PublicPage];

    fn path(self) -> &'static str {
        match self {
            Self::GuardedPage => "/guarded",
            Self::ExtractedByScript => "/extracted",
            Self::PublicPage => "/public",
        }
    }

    fn destination(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::ExtractedByScript => "empty",
            _ => "document",
        })
    }
}

/// An application with layers and extractors, its keys in memory.
pub(crate) struct Victim {
    router: Router,
    pub(crate) clerk: FakeBackend,
    clock: TestClock,
    origin: &'static str,
    /// Further origins that redirects may lead to.
    others: &'static [&'static str],
}

impl Victim {
    /// A production instance that has fetched its keys.
    pub(crate) fn new() -> Self {
        let victim = Self::cold(live());
        victim.warm_up(&SigningKey::of_instance().session(&json!({})));
        victim
    }

    /// A production instance at `origin` alone.
    pub(crate) fn at(origin: &str) -> Self {
        let victim = Self::cold(live().public_origin(origin));
        victim.warm_up(&SigningKey::of_instance().session(&json!({})));
        victim
    }

    /// A development instance that has fetched its keys.
    pub(crate) fn in_development() -> Self {
        Self::on_localhost(test())
    }

    /// The same instance, with a satellite at `https://satellite.example`.
    pub(crate) fn primary_in_development() -> Self {
        let mut victim = Self::on_localhost(test().satellite_origins(["https://satellite.example"]));
        victim.others = &["https://satellite.example"];
        victim
    }

    fn on_localhost(settings: InstanceBuilder) -> Self {
        let mut victim = Self::cold(settings);
        victim.origin = "http://localhost:3000";
        let issuer = json!({ "iss": "https://foo-bar-13.clerk.accounts.dev", "azp": victim.origin });
        victim.warm_up(&SigningKey::of_instance().session(&issuer));
        victim
    }

    /// A production satellite of `https://app.example.com` that has fetched its keys.
    pub(crate) fn satellite(auto_sync: bool) -> Self {
        Self::on_satellite(live(), auto_sync)
    }

    /// The same satellite, which accepts only tokens issued for these origins.
    pub(crate) fn satellite_with_authorized_parties(parties: [&str; 1]) -> Self {
        Self::on_satellite(live().authorized_parties(parties), true)
    }

    fn on_satellite(settings: InstanceBuilder, auto_sync: bool) -> Self {
        let satellite = Satellite::on_domain("satellite.example").with_auto_sync(auto_sync);
        let mut victim = Self::cold(settings.satellite(satellite));
        victim.origin = "https://satellite.example";
        victim.others = &["https://clerk.satellite.example"];
        victim.warm_up(&SigningKey::of_instance().session(&json!({ "azp": victim.origin })));
        victim
    }

    /// An instance that has not fetched its keys.
    pub(crate) fn cold(settings: InstanceBuilder) -> Self {
        let clerk = FakeBackend::new();
        clerk.set_jwks(Ok(SigningKey::of_instance().key_set()));
        let clock = TestClock::at(UnixTime::from_secs(NOW_SECS));
        let authenticator = Authenticator::builder(settings.build().unwrap())
            .backend(clerk.clone())
            .clock(clock.clone())
            .build();
        let router = Router::new()
            .route("/guarded", get(async |user: SignedIn| user.user_id().to_string()))
            .route_layer(RequireAuthLayer::signed_in())
            .route("/extracted", get(async |user: SignedIn| user.user_id().to_string()))
            .route("/public", get(public))
            .layer(AuthenticateLayer::from_authenticator(authenticator));
        let origin = "https://app.example.com";
        Self {
            router,
            clerk,
            clock,
            origin,
            others: &[],
        }
    }

    /// Fetches the keys by a signed-in request.
    pub(crate) fn warm_up(&self, token: &str) {
        let field = Via::Bearer.field(token.as_bytes()).unwrap();
        let answer = self.ask_and_wait(Route::ExtractedByScript, "", &[field]);
        assert_eq!((answer.status, answer.body.as_str()), (200, USER));
        assert_eq!(self.clerk.calls(), ["jwks"]);
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    pub(crate) fn set_clock(&self, time: UnixTime) {
        self.clock.set(time);
    }

    /// Creates the request of a route.
    pub(crate) fn request(&self, route: Route, query: &str, fields: &[(&str, HeaderValue)]) -> Request<Body> {
        let uri = format!("{}{}{query}", self.origin, route.path());
        let mut request = Request::get(uri).header("sec-fetch-dest", route.destination());
        for (name, value) in fields {
            request = request.header(*name, value);
        }
        request.body(Body::empty()).unwrap()
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Sends a request whose response must not wait for anything.
    pub(crate) fn ask(&self, route: Route, query: &str, fields: &[(&str, HeaderValue)]) -> Answer {
        self.ask_at_once(self.request(route, query, fields))
    }

    pub(crate) fn ask_at_once(&self, request: Request<Body>) -> Answer {
        let answer = self.answer(request).now_or_never();
        let answer = answer.expect("a response without waiting");
        self.assert_harmless(&answer);
        answer
    }

    /// Sends a request that may cause a call to Clerk.
    pub(crate) fn ask_and_wait(&self, route: Route, query: &str, fields: &[(&str, HeaderValue)]) -> Answer {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let answer = runtime
            .unwrap()
            .block_on(self.answer(self.request(route, query, fields)));
        self.assert_harmless(&answer);
        answer
    }

    /// Asserts the properties of every response, signed in or not.
    fn assert_harmless(&self, answer: &Answer) {
        for (name, value) in &answer.headers {
            let is_visible = value.as_bytes().iter().all(|byte| matches!(byte, b' '..=b'~'));
            assert!(is_visible, "{name}: {value:?}");
        }
        if let Some(location) = answer.header("location") {
            self.assert_redirect_harmless(&Url::parse(location).unwrap());
        }
        let sets_cookie = answer.headers.contains_key("set-cookie");
        assert!(
            !sets_cookie || answer.header("cache-control") == Some("no-store"),
            "{:?}",
            answer.headers
        );
    }

    fn assert_redirect_harmless(&self, location: &Url) {
        let origin = location.origin().ascii_serialization();
        let is_own = origin == self.origin;
        let mut known = CLERKS_ORIGINS.iter().chain(self.others);
        assert!(
            is_own || known.any(|known| origin == **known),
            "a redirect to {location}"
        );
        // The way back of a redirect to Clerk. On the application's pages the parameter is the application's.
        for (_, back) in location
            .query_pairs()
            .filter(|(name, _)| !is_own && name == "redirect_url")
        {
            let origin = Url::parse(&back).unwrap().origin().ascii_serialization();
            assert_eq!(origin, self.origin, "{location}");
        }
    }

    /// Sends `token` in each place, and asserts that each request is signed out.
    pub(crate) fn assert_refused(&self, label: &str, token: impl AsRef<[u8]>) {
        for via in Via::ALL {
            self.assert_refused_via(label, via, token.as_ref());
        }
    }

    pub(crate) fn assert_refused_via(&self, label: &str, via: Via, token: &[u8]) {
        if let Some(field) = via.field(token) {
            self.assert_signed_out(&format!("{label}, {via:?}"), "", &[field]);
        }
    }

    /// Asserts that every route is signed out, without a call to Clerk.
    pub(crate) fn assert_signed_out(&self, label: &str, query: &str, fields: &[(&str, HeaderValue)]) {
        let calls = self.clerk.calls().len();
        for route in Route::ALL {
            let answer = self.ask(route, query, fields);
            answer.assert_signed_out(&format!("{label}, {route:?}"), route);
        }
        assert_eq!(self.clerk.calls().len(), calls, "{label}: a call to Clerk");
    }

    /// Sends `token` in each place, and asserts that each request is signed in.
    pub(crate) fn assert_accepted(&self, label: &str, token: impl AsRef<[u8]>) {
        for via in Via::ALL {
            if let Some(field) = via.field(token.as_ref()) {
                self.assert_signed_in(&format!("{label}, {via:?}"), &[field], USER);
            }
        }
    }

    pub(crate) fn assert_signed_in(&self, label: &str, fields: &[(&str, HeaderValue)], user: &str) {
        for route in Route::ALL {
            let answer = self.ask(route, "", fields);
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (200, user),
                "{label}, {route:?}: {:?}",
                answer.headers
            );
        }
    }
}

async fn public(user: Option<SignedIn>) -> String {
    user.map_or_else(|| "signed out".to_owned(), |user| user.user_id().to_string())
}

/// A `Cookie` field.
pub(crate) fn cookie(value: impl AsRef<[u8]>) -> (&'static str, HeaderValue) {
    ("cookie", HeaderValue::from_bytes(value.as_ref()).unwrap())
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn assert_signed_out(&self, label: &str, route: Route) {
        let is_expected = match route {
            Route::GuardedPage => matches!(self.status, 303 | 307),
            Route::ExtractedByScript => self.status == 401,
            Route::PublicPage => self.status == 307 || (self.status, &*self.body) == (200, "signed out"),
        };
        assert!(is_expected, "{label}: {} {:?} {}", self.status, self.headers, self.body);
        self.assert_not_signed_in(label);
    }

    /// Asserts that no handler saw a user.
    pub(crate) fn assert_not_signed_in(&self, label: &str) {
        let is_handlers = self.status == 200 && self.body != "signed out";
        assert!(
            !is_handlers && !self.body.contains(USER),
            "{label}: {} {}",
            self.status,
            self.body
        );
    }
}
