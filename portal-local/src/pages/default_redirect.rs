//! `/default-redirect`: the end of a flow without a destination.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::path;
use super::visit::Visit;
use crate::html::Frame;

#[derive(Template)]
#[template(path = "default_redirect.html")]
struct DefaultRedirectPage {
    frame: Frame,
    is_signed_in: bool,
}

pub(super) async fn show(visit: Visit) -> Response {
    let is_signed_in = visit.session.is_some();
    let heading = match is_signed_in {
        true => "You're signed in",
        false => "You're signed out",
    };
    let frame = Frame::new(&visit.app, heading);
    let template = DefaultRedirectPage { frame, is_signed_in };
    visit.page(StatusCode::OK, &template, None)
}
