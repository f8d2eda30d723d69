//! Requests to a router by a browser or a script.

use axum::Router;
use portal_axum::AuthenticateLayer;
use serde_json::Value;

use crate::common::clerk::FakeClerk;
use crate::common::mint::instance_key;
use crate::support::{self, AS_PAGE, AS_SCRIPT, Answer, TEST_ISSUER, asking_layer, request, send, test};

/// A development instance whose keys `clerk` has.
pub(crate) fn layer(clerk: &FakeClerk) -> AuthenticateLayer<FakeClerk> {
    asking_layer(test(), clerk)
}

pub(crate) fn token(claims: &Value) -> String {
    instance_key().session_token(TEST_ISSUER, claims)
}

pub(crate) fn session(claims: &Value) -> String {
    support::session(TEST_ISSUER, claims)
}

/// What a browser asks with when it wants a page, and what a script does.
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
