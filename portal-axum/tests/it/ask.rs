//! Sessions and requests to a router by a browser or a script, at a development instance.

use std::convert::Infallible;
use std::fmt::Debug;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use portal_axum::AuthenticateLayer;
use portal_axum::portal_sdk::authenticator::Authenticator;
use portal_axum::portal_sdk::clock::UnixTime;
use portal_axum::portal_sdk::instance::{Instance, InstanceBuilder};
use portal_axum::portal_sdk::testing::{FakeBackend, TestClock, TestInstance};
use serde_json::Value;
use tower::{Service, ServiceExt as _};

pub(crate) const TEST_KEY: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";
/// The time of every test.
const NOW: UnixTime = UnixTime::from_secs(1_795_402_121);

/// The cookies of a signed-out browser.
pub(crate) const SIGNED_OUT: &str = "__clerk_db_jwt=dvb";
/// The header fields of a page request and of a script's.
pub(crate) const AS_PAGE: (&str, &str) = ("sec-fetch-dest", "document");
pub(crate) const AS_SCRIPT: (&str, &str) = ("sec-fetch-dest", "empty");

pub(crate) fn settings() -> InstanceBuilder {
    Instance::builder(TEST_KEY, "sk_test_x")
}

/// A layer that fetches the signing keys from `clerk`.
pub(crate) fn layer(clerk: &FakeBackend) -> AuthenticateLayer<FakeBackend> {
    layer_with(settings(), clerk)
}

pub(crate) fn layer_with(settings: InstanceBuilder, clerk: &FakeBackend) -> AuthenticateLayer<FakeBackend> {
    let authenticator = Authenticator::builder(settings.build().unwrap())
        .backend(clerk.clone())
        .clock(TestClock::at(NOW))
        .build();
    AuthenticateLayer::from_authenticator(authenticator)
}

/// A token of version 1 of `user_1`, which was issued five seconds ago, with these claims besides.
pub(crate) fn token(claims: &Value) -> String {
    let clerk = TestInstance::from_builder(settings()).unwrap();
    clerk.clock().set(NOW - Duration::from_secs(5));
    let session = clerk.signed_in("user_1").session_id("sess_1").claim("v", Value::Null);
    let claims = claims.as_object().unwrap().clone();
    let session = claims
        .into_iter()
        .fold(session, |session, (name, value)| session.claim(name, value));
    session.token()
}

/// The cookies of a browser with such a [`token`].
pub(crate) fn session(claims: &Value) -> String {
    format!("__session={}; __client_uat=1; __clerk_db_jwt=dvb", token(claims))
}

/// The sender of a request: a browser that opens a page, or a script.
#[derive(Clone, Copy, Debug)]
pub(crate) enum As {
    Page,
    Script,
}

pub(crate) async fn get(router: &Router, path: &str, cookies: &str, by: As) -> Answer {
    let dest = match by {
        As::Page => AS_PAGE,
        As::Script => AS_SCRIPT,
    };
    let headers = [("host", "localhost:3000"), ("cookie", cookies), dest];
    send(router.clone(), request(path, &headers)).await
}

/// `POST /x` or, without a method, a GET.
pub(crate) fn request(target: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let (method, uri) = target.split_once(' ').unwrap_or(("GET", target));
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::default()).unwrap()
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
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) async fn send<S, ReqBody, ResBody>(service: S, request: Request<ReqBody>) -> Answer
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = Infallible>,
    ResBody: Body<Data = Bytes, Error: Debug>,
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
