//! `/__local/image/{id}`: an image that was uploaded for a user or an organization.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse as _;

use super::errors::{self, PageResult};
use crate::state::App;
use crate::store::images;

pub(super) async fn show(State(app): State<Arc<App>>, id: Result<Path<String>, PathRejection>) -> PageResult {
    let Ok(Path(id)) = id else {
        return Ok(errors::not_found_page(&app));
    };
    let found = app.flows.transaction(move |db| images::find(db, &id));
    let Some(image) = found.await? else {
        return Ok(errors::not_found_page(&app));
    };
    let Ok(content_type) = HeaderValue::from_str(&image.content_type) else {
        return Ok(errors::not_found_page(&app));
    };
    let headers = [
        (CONTENT_TYPE, content_type),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // Opened by itself it is a document on the portal's origin: nothing in it may run.
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox"),
        ),
        // Another image has another address.
        (
            CACHE_CONTROL,
            HeaderValue::from_static("private, max-age=31536000, immutable"),
        ),
    ];
    Ok((headers, image.bytes).into_response())
}
