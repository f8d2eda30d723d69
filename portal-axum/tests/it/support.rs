//! Requests to a router, and its answers as text.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use portal_axum::AuthenticateLayer;
use portal_axum::sdk::backend::KeyCachePolicy;
use portal_axum::sdk::{Authenticator, Instance};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::common::clerk::FakeClerk;
use crate::common::mint::instance_key;
use crate::common::{TEST_KEY, now};

const ISSUER: &str = "https://foo-bar-13.clerk.accounts.dev";

/// A development instance whose keys `clerk` has.
pub(crate) fn layer(clerk: &FakeClerk) -> AuthenticateLayer<FakeClerk> {
    let instance = Instance::builder(TEST_KEY, "sk_test_x").build().unwrap();
    let policy = KeyCachePolicy::default();
    AuthenticateLayer::with(Authenticator::with(instance, clerk.clone(), now, policy))
}

pub(crate) fn token(claims: &Value) -> String {
    instance_key().session_token(ISSUER, claims)
}

pub(crate) fn session(claims: &Value) -> String {
    format!("__session={}; __client_uat=1; __clerk_db_jwt=dvb", token(claims))
}

pub(crate) const SIGNED_OUT: &str = "__clerk_db_jwt=dvb";

/// What a browser asks with when it wants a page, and what a script does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum As {
    Page,
    Script,
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
}

pub(crate) async fn get(router: &Router, path: &str, cookies: &str, by: As) -> Answer {
    let dest = match by {
        As::Page => "document",
        As::Script => "empty",
    };
    let request = Request::get(path)
        .header("host", "localhost:3000")
        .header("cookie", cookies)
        .header("sec-fetch-dest", dest)
        .body(Body::empty())
        .unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap(),
    }
}
