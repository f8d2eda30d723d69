//! `/` and `/__local/`: what an application needs to know about this portal.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};

use super::html::{Frame, page};
use super::path;
use crate::app::App;

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage {
    frame: Frame,
    environment: String,
    links: [(&'static str, &'static str, &'static str); 8],
}

pub(super) async fn show(State(app): State<Arc<App>>) -> Response<Body> {
    let template = IndexPage {
        frame: Frame::new(&app, "Local portal"),
        environment: app.environment_block(),
        links: [
            (path::SIGN_IN, "Sign in", "with a password or an email code"),
            (path::SIGN_UP, "Sign up", "make an account"),
            (path::USER, "Account", "name, addresses, password, devices"),
            (
                path::ORGANIZATION,
                "Organization",
                "members, invitations and roles of the active one",
            ),
            (path::ORGANIZATION_LIST, "Organizations", "switch between them"),
            (path::CREATE_ORGANIZATION, "Create an organization", "and invite people"),
            (path::SIGN_OUT, "Sign out", "of this browser"),
            (path::OUTBOX, "Outbox", "the mail that would have been sent"),
        ],
    };
    page(&app, StatusCode::OK, &template, None)
}
