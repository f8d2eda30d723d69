//! Sessions, requests, an application that says who it sees, and responses as text.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use portal_tower::portal_sdk::authenticator::Authenticator;
use portal_tower::portal_sdk::clock::UnixTime;
use portal_tower::portal_sdk::effect::BackendError;
use portal_tower::portal_sdk::instance::{Instance, InstanceBuilder};
use portal_tower::portal_sdk::testing::{FakeBackend, TestInstance, TestKey, TestSession};
use portal_tower::{Auth, AuthenticateLayer, Identity};
use serde_json::{Value, json};
use tower::{Service, ServiceExt as _};

pub(crate) const LIVE_ISSUER: &str = "https://clerk.example.com";
pub(crate) const TEST_ISSUER: &str = "https://foo-bar-13.clerk.accounts.dev";
/// The cookie suffixes of [`live`] and [`test`].
pub(crate) const LIVE_SUFFIX: &str = "naoXFJnI";
pub(crate) const TEST_SUFFIX: &str = "nx2hSE6I";
/// The time of every test, in Unix seconds.
pub(crate) const NOW_SECS: i64 = 1_795_402_121;

fn now() -> UnixTime {
    UnixTime::from_secs(NOW_SECS)
}

/// A production instance at `https://app.example.com`.
pub(crate) fn live() -> InstanceBuilder {
    Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x")
}

/// A development instance at `http://localhost:3000`.
pub(crate) fn test() -> InstanceBuilder {
    Instance::builder("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "sk_test_x")
}

pub(crate) fn authenticator(builder: InstanceBuilder, clerk: &FakeBackend) -> Authenticator<FakeBackend> {
    Authenticator::builder(builder.build().unwrap())
        .backend(clerk.clone())
        .clock(now)
        .build()
}

/// A layer that has the instance's key and need not ask for it.
pub(crate) fn layer(builder: InstanceBuilder) -> AuthenticateLayer<FakeBackend> {
    layer_with(builder, &FakeBackend::new())
}

pub(crate) fn layer_with(builder: InstanceBuilder, clerk: &FakeBackend) -> AuthenticateLayer<FakeBackend> {
    AuthenticateLayer::from_authenticator(authenticator(builder.jwt_key(TestKey::of_process().pem()), clerk))
}

/// A layer that must ask for the instance's key.
pub(crate) fn asking_layer(builder: InstanceBuilder, clerk: &FakeBackend) -> AuthenticateLayer<FakeBackend> {
    AuthenticateLayer::from_authenticator(authenticator(builder, clerk))
}

/// A session of `user_1` with a token of version 1 that was issued five seconds ago. `claims` replace the usual ones;
/// `null` removes a claim.
pub(crate) fn user(issuer: &str, claims: &Value) -> TestSession {
    let clerk = TestInstance::new();
    clerk.clock().set(now() - Duration::from_secs(5));
    let session = clerk.signed_in("user_1").session_id("sess_1");
    let usual = json!({ "v": null, "iss": issuer, "azp": "https://app.example.com" });
    let claims = [&usual, claims].into_iter().filter_map(Value::as_object).flatten();
    claims.fold(session, |session, (name, value)| session.claim(name, value.clone()))
}

pub(crate) fn session_token(issuer: &str, claims: &Value) -> String {
    user(issuer, claims).token()
}

/// A session token by a key that no instance has.
pub(crate) fn forged_token(issuer: &str) -> String {
    user(issuer, &json!({})).signed_by(TestKey::generate()).token()
}

/// A handshake token that carries these `Set-Cookie` values.
pub(crate) fn handshake_token(set_cookies: &[&str]) -> String {
    let header = json!({ "alg": "RS256", "kid": TestKey::ID, "typ": "JWT" });
    TestKey::of_process().sign(&header, &json!({ "handshake": set_cookies }))
}

/// The cookies of a session, as [`user`] makes it.
pub(crate) fn session(issuer: &str, claims: &Value) -> String {
    let token = session_token(issuer, claims);
    format!("__session={token}; __client_uat=1; __clerk_db_jwt=dvb")
}

pub(crate) fn signed_in(issuer: &str) -> String {
    session(issuer, &json!({}))
}

pub(crate) fn expired(issuer: &str) -> String {
    session(issuer, &json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }))
}

/// An error answer with this status and, if given, error code.
pub(crate) fn error_answer(status: u16, code: Option<&str>) -> BackendError {
    let error = BackendError::answer(StatusCode::from_u16(status).unwrap());
    match code {
        Some(code) => error.with_code(code),
        None => error,
    }
}

/// A failed connection.
pub(crate) fn down() -> BackendError {
    BackendError::connect(std::io::Error::from(std::io::ErrorKind::ConnectionRefused))
}

/// The cookies of a signed-out development browser.
pub(crate) const SIGNED_OUT: &str = "__clerk_db_jwt=dvb";

/// `POST https://app.example.com/x` or, without a method, a GET.
pub(crate) fn request(target: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let (method, uri) = target.split_once(' ').unwrap_or(("GET", target));
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::default()).unwrap()
}

/// The header fields of a page request and of a script's.
pub(crate) const AS_PAGE: (&str, &str) = ("sec-fetch-dest", "document");
pub(crate) const AS_SCRIPT: (&str, &str) = ("sec-fetch-dest", "empty");

/// An application that answers who it sees and counts how often it is called.
#[derive(Clone, Default)]
pub(crate) struct App {
    calls: Arc<AtomicUsize>,
}

impl App {
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn service<B>(
        &self,
    ) -> impl Service<Request<B>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone + use<B>
    {
        let calls = self.calls.clone();
        tower::service_fn(move |request: Request<B>| {
            calls.fetch_add(1, Ordering::SeqCst);
            let user = match request.extensions().get::<Auth>() {
                None => "no Auth".to_owned(),
                Some(auth) => match auth.identity() {
                    Identity::SignedIn(user) | Identity::OrganizationMismatch(user) => user.user_id().to_string(),
                    Identity::Pending(_) => "pending".to_owned(),
                    Identity::SignedOut(_) | Identity::CrossSite => "nobody".to_owned(),
                    _ => "cannot tell".to_owned(),
                },
            };
            std::future::ready(Ok(Response::new(user.into())))
        })
    }
}

/// A response whose body has been read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) async fn send<S, ReqBody, ResBody>(service: S, request: Request<ReqBody>) -> Answer
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = Infallible>,
    ResBody: Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let response = service.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}
