//! Requests, an application that says who it sees, and responses as text.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use portal_tower::portal_sdk::authenticator::Authenticator;
use portal_tower::portal_sdk::instance::{Instance, InstanceBuilder};
use portal_tower::{Auth, AuthenticateLayer, Identity};
use serde_json::{Value, json};
use tower::{Service, ServiceExt as _};

use crate::common::clerk::FakeClerk;
use crate::common::mint::instance_key;
use crate::common::{LIVE_KEY, NOW_SECS, TEST_KEY, now};

pub(crate) const LIVE_ISSUER: &str = "https://clerk.example.com";
pub(crate) const TEST_ISSUER: &str = "https://foo-bar-13.clerk.accounts.dev";

/// A production instance at `https://app.example.com`.
pub(crate) fn live() -> InstanceBuilder {
    Instance::builder(LIVE_KEY, "sk_live_x")
}

/// A development instance at `http://localhost:3000`.
pub(crate) fn test() -> InstanceBuilder {
    Instance::builder(TEST_KEY, "sk_test_x")
}

pub(crate) fn authenticator(builder: InstanceBuilder, clerk: &FakeClerk) -> Authenticator<FakeClerk> {
    Authenticator::builder(builder.build().unwrap())
        .backend(clerk.clone())
        .clock(now)
        .build()
}

/// A layer that has the instance's key and need not ask for it.
pub(crate) fn layer(builder: InstanceBuilder) -> AuthenticateLayer<FakeClerk> {
    layer_with(builder, &FakeClerk::new())
}

pub(crate) fn layer_with(builder: InstanceBuilder, clerk: &FakeClerk) -> AuthenticateLayer<FakeClerk> {
    AuthenticateLayer::from_authenticator(authenticator(builder.jwt_key(instance_key().pem()), clerk))
}

/// A layer that must ask for the instance's key.
pub(crate) fn asking_layer(builder: InstanceBuilder, clerk: &FakeClerk) -> AuthenticateLayer<FakeClerk> {
    AuthenticateLayer::from_authenticator(authenticator(builder, clerk))
}

/// A session's cookies, with other claims than usual.
pub(crate) fn session(issuer: &str, claims: &Value) -> String {
    let token = instance_key().session_token(issuer, claims);
    format!("__session={token}; __client_uat=1; __clerk_db_jwt=dvb")
}

pub(crate) fn signed_in(issuer: &str) -> String {
    session(issuer, &json!({}))
}

pub(crate) fn expired(issuer: &str) -> String {
    session(issuer, &json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }))
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

/// Header fields of a page, a form and a script.
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
