//! `/default-redirect`: the end of a flow without a destination.

use askama::Template;
use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::path;
use super::visit::Visit;
use crate::html::Frame;

#[derive(Template)]
#[template(path = "default_redirect.html")]
struct DefaultRedirectPage {
    frame: Frame,
    is_signed_in: bool,
    user: &'static str,
    sign_in: &'static str,
}

pub(super) async fn show(visit: Visit) -> Response<Body> {
    let is_signed_in = visit.session.is_some();
    let heading = if is_signed_in {
        "You're signed in"
    } else {
        "You're signed out"
    };
    let template = DefaultRedirectPage {
        frame: Frame::new(&visit.app, heading),
        is_signed_in,
        user: path::USER,
        sign_in: path::SIGN_IN,
    };
    visit.page(StatusCode::OK, &template, None)
}
