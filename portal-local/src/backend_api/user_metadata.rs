//! `/v1/users/{id}/metadata`: merge or replace.

use axum::extract::Path;
use serde::Deserialize;

use super::request::{Answer, JsonBody};
use super::users::edit;
use crate::flow::Flow;
use crate::store::Metadata;

#[derive(Deserialize)]
pub(super) struct MetadataBody {
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
    unsafe_metadata: Option<Metadata>,
}

/// Merges each field of the body into what the user has.
pub(super) fn merge(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<MetadataBody>) -> Answer {
    edit(flow, &id, |mut user| {
        user.public_metadata.merge(&body.public_metadata.unwrap_or_default());
        user.private_metadata.merge(&body.private_metadata.unwrap_or_default());
        user.unsafe_metadata.merge(&body.unsafe_metadata.unwrap_or_default());
        Ok(user)
    })
}

/// Replaces each field of the body as a whole; the others stay (`PUT` of Clerk's API version 2026-05-12).
pub(super) fn replace(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<MetadataBody>) -> Answer {
    edit(flow, &id, |mut user| {
        user.public_metadata = body.public_metadata.unwrap_or(user.public_metadata);
        user.private_metadata = body.private_metadata.unwrap_or(user.private_metadata);
        user.unsafe_metadata = body.unsafe_metadata.unwrap_or(user.unsafe_metadata);
        Ok(user)
    })
}
