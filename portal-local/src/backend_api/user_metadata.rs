//! `/v1/users/{id}/metadata`: merge or replace.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use serde::Deserialize;

use super::request::JsonBody;
use super::users::edit;
use crate::json::ApiError;
use crate::state::App;
use crate::store::Metadata;

#[derive(Deserialize)]
pub(super) struct MetadataBody {
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
    unsafe_metadata: Option<Metadata>,
}

/// Merges each field of the body into what the user has.
pub(super) async fn merge(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<MetadataBody>,
) -> Result<Response<Body>, ApiError> {
    edit(&app, id, move |_, mut user| {
        user.public_metadata.merge(&body.public_metadata.unwrap_or_default());
        user.private_metadata.merge(&body.private_metadata.unwrap_or_default());
        user.unsafe_metadata.merge(&body.unsafe_metadata.unwrap_or_default());
        Ok(user)
    })
    .await
}

/// Replaces each field of the body as a whole; the others stay (`PUT` of Clerk's API version 2026-05-12).
pub(super) async fn replace(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<MetadataBody>,
) -> Result<Response<Body>, ApiError> {
    edit(&app, id, move |_, mut user| {
        user.public_metadata = body.public_metadata.unwrap_or(user.public_metadata);
        user.private_metadata = body.private_metadata.unwrap_or(user.private_metadata);
        user.unsafe_metadata = body.unsafe_metadata.unwrap_or(user.unsafe_metadata);
        Ok(user)
    })
    .await
}
