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
    links: [(&'static str, &'static str, &'static str); 4],
}

pub(super) async fn show(State(app): State<Arc<App>>) -> Response<Body> {
    let lines: Vec<String> = app
        .environment()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let template = IndexPage {
        frame: Frame::new(&app, "Local portal"),
        environment: lines.join("\n"),
        links: [
            (path::SIGN_IN, "Sign in", "with a password or an email code"),
            (path::SIGN_UP, "Sign up", "make an account"),
            (path::USER, "Account", "name, and sign out of this device"),
            (path::OUTBOX, "Outbox", "the mail that would have been sent"),
        ],
    };
    page(&app, StatusCode::OK, &template, None)
}
