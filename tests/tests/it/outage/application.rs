//! An application behind the layers, its clock, and the requests of its users.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{HttpBackend, KeyCachePolicy};
use portal_sdk::instance::Instance;
use portal_sdk::testing::{TestClock, TestInstance, TestKey};
use portal_tests::tokens::claims;
use portal_tower::{AuthenticateLayer, RequireAuthLayer};
use serde_json::json;
use tower::{Layer as _, Service, ServiceExt as _};

use crate::outage::backend::Backend;

type Body = Empty<bytes::Bytes>;
type Answer = Pin<Box<dyn Future<Output = StatusCode> + Send>>;

/// The time that requests wait for keys from a hanging backend.
const MAX_WAIT: Duration = Duration::from_millis(50);
/// The time limit of a call, which only a hanging backend reaches.
const TIMEOUT: Duration = Duration::from_secs(1);
/// The limit of tests whose backend responds, even if the machine is busy.
const NEVER: Duration = Duration::from_secs(600);

pub(crate) struct Application {
    pub(crate) authenticator: Authenticator<HttpBackend>,
    /// Issues tokens at the time of the clock.
    issuer: TestInstance,
}

impl Application {
    pub(crate) fn new(backend: &Backend) -> Self {
        Self::with_limits(backend, MAX_WAIT, TIMEOUT)
    }

    /// Creates an application that waits for its backend without a practical limit.
    pub(crate) fn patient(backend: &Backend) -> Self {
        Self::with_limits(backend, NEVER, NEVER)
    }

    fn with_limits(backend: &Backend, max_wait: Duration, timeout: Duration) -> Self {
        let issuer = TestInstance::new();
        let key = issuer.instance().publishable_key().as_str().to_owned();
        let instance = Instance::builder(key, "sk_live_x").api_url(&backend.origin);
        let instance = instance.build().expect("the settings are valid");
        let http = HttpBackend::builder(&instance)
            .timeout(timeout)
            .connect_timeout(timeout)
            .build();
        let authenticator = Authenticator::builder(instance)
            .backend(http)
            .clock(issuer.clock().clone())
            .key_cache(KeyCachePolicy::default().with_max_wait(max_wait))
            .max_wait(2 * timeout)
            .build();
        Self { authenticator, issuer }
    }

    pub(crate) fn clock(&self) -> &TestClock {
        self.issuer.clock()
    }

    /// Sends a request through both layers, as a script.
    pub(crate) fn send(&self, cookies: &str) -> Answer {
        let inner = tower::service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::new())));
        let guarded = RequireAuthLayer::signed_in().layer(inner);
        let service = AuthenticateLayer::from_authenticator(self.authenticator.clone()).layer(guarded);
        let request = Request::get("https://app.example.com/private").header("accept", "application/json");
        let request = request.header("cookie", cookies).body(Body::new()).expect("a request");
        Box::pin(async move {
            let mut service = service;
            let answer = service.ready().await.expect("infallible").call(request).await;
            answer.expect("infallible").status()
        })
    }

    /// Sends a request whose response must not wait.
    pub(crate) fn send_at_once(&self, cookies: &str) -> StatusCode {
        let mut cx = Context::from_waker(Waker::noop());
        match self.send(cookies).as_mut().poll(&mut cx) {
            Poll::Ready(status) => status,
            Poll::Pending => panic!("the request waits"),
        }
    }

    pub(crate) fn token(&self) -> String {
        self.issuer.signed_in("user_1").token()
    }

    /// Returns the cookies of an expired session with this refresh token.
    pub(crate) fn expired(&self, refresh_token: &str) -> String {
        let token = self.issuer.signed_in("user_1").expired(true).token();
        let suffix = self.issuer.instance().publishable_key().cookie_suffix().to_owned();
        format!("{}; __refresh_{suffix}={refresh_token}", signed_in(&token))
    }

    /// Returns a token that `key` signed and that names `key_id`.
    pub(crate) fn token_of(&self, key: &TestKey, key_id: &str) -> String {
        let header = json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": key_id, "typ": "JWT" });
        key.sign(&header, &claims(&self.token()))
    }
}

pub(crate) fn signed_in(token: &str) -> String {
    format!("__session={token}; __client_uat=1")
}
