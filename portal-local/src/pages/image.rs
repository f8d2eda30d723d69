//! `/__local/image/{id}`: an image that was uploaded for a user or an organization.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Response;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};

use super::errors;
use crate::state::App;
use crate::store::images;

pub(super) async fn show(State(app): State<Arc<App>>, id: Result<Path<String>, PathRejection>) -> Response<Body> {
    let Ok(Path(id)) = id else {
        return errors::not_found_page(&app);
    };
    let found = app
        .store
        .transaction(move |connection| Ok(images::find(connection, &id)?));
    let image = match found.await {
        Ok(Some(image)) => image,
        Ok(None) => return errors::not_found_page(&app),
        Err(error) => return errors::store_failed(&app, &error),
    };
    let Ok(content_type) = HeaderValue::from_str(&image.content_type) else {
        return errors::not_found_page(&app);
    };
    let mut response = Response::new(Body::from(image.bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Opened by itself it is a document on the portal's origin: nothing in it may run.
    let policy = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    // Another image has another address.
    let cache = HeaderValue::from_static("private, max-age=31536000, immutable");
    headers.insert(CACHE_CONTROL, cache);
    response
}
