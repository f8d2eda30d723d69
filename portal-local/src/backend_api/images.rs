//! `/v1/users/{id}/profile_image` and `/v1/organizations/{id}/logo`.

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::rejection::BytesRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};

use super::organizations::{named as organization_named, view as organization_view};
use super::request::Answer;
use super::user_view::full_view;
use super::users::named as user_named;
use crate::flow::Flow;
use crate::images::{MOST_IMAGE_BYTES, content_type};
use crate::json::ApiError;
use crate::multipart;
use crate::store::{StoreError, images, users};

/// Room for the form's parts around the image.
pub(super) const MOST_FORM_BYTES: usize = MOST_IMAGE_BYTES + 64 * 1_024;

/// An image of a kind that may be served, by its bytes.
struct Upload {
    content_type: &'static str,
    bytes: Vec<u8>,
    uploader_id: Option<String>,
}

impl Upload {
    fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Self, ApiError> {
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            _ => ApiError::from(rejection),
        })?;
        let kind = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let bytes = multipart::file(kind, &body, "file")
            .filter(|bytes| !bytes.is_empty())
            .ok_or_else(|| {
                ApiError::new(StatusCode::BAD_REQUEST, "image_not_found", "Image not found")
                    .explain("Send the image as the field `file` of a form in multipart/form-data.")
                    .param("file")
            })?;
        if bytes.len() > MOST_IMAGE_BYTES {
            return Err(too_large());
        }
        let content_type = content_type(bytes).ok_or_else(|| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "unsupported_content_type",
                "Unsupported content type",
            )
            .explain("The file is not an image; expected image/jpeg, image/png, image/gif or image/webp.")
            .param("file")
        })?;
        let uploader = multipart::file(kind, &body, "uploader_user_id");
        Ok(Self {
            content_type,
            bytes: bytes.to_vec(),
            uploader_id: uploader.map(|id| String::from_utf8_lossy(id).into_owned()),
        })
    }
}

fn too_large() -> ApiError {
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "image_too_large", "Image too large")
        .explain(format!(
            "The image has more than {MOST_IMAGE_BYTES} bytes. Choose a smaller one."
        ))
        .param("file")
}

type UploadBody = Result<Bytes, BytesRejection>;

pub(super) fn set_profile_image(
    flow: &Flow<'_>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: UploadBody,
) -> Answer {
    change_profile_image(flow, &id, Some(&Upload::read(&headers, body)?))
}

pub(super) fn remove_profile_image(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    change_profile_image(flow, &id, None)
}

fn change_profile_image(flow: &Flow<'_>, id: &str, upload: Option<&Upload>) -> Answer {
    let user = user_named(flow.db, id)?;
    put_image(flow, &user.id, upload)?;
    users::update(flow.db, &user)?;
    Ok(full_view(flow, &user_named(flow.db, id)?)?)
}

pub(super) fn set_logo(flow: &Flow<'_>, Path(id): Path<String>, headers: HeaderMap, body: UploadBody) -> Answer {
    change_logo(flow, &id, Some(&Upload::read(&headers, body)?))
}

pub(super) fn remove_logo(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    change_logo(flow, &id, None)
}

fn change_logo(flow: &Flow<'_>, id: &str, upload: Option<&Upload>) -> Answer {
    let organization = organization_named(flow.db, id)?;
    // The uploader is credited at Clerk and shown nowhere; one that does not exist is refused.
    if let Some(uploader) = upload.and_then(|upload| upload.uploader_id.as_deref()) {
        user_named(flow.db, uploader).map_err(|error| error.param("uploader_user_id"))?;
    }
    put_image(flow, &organization.id, upload)?;
    let organization = flow.update_organization(organization)?;
    let organization = organization_named(flow.db, &organization.id)?;
    Ok(organization_view(&flow.application.origin, &organization))
}

fn put_image(flow: &Flow<'_>, owner_id: &str, upload: Option<&Upload>) -> Result<(), StoreError> {
    match upload {
        Some(upload) => images::set(flow.db, owner_id, upload.content_type, &upload.bytes),
        None => images::remove(flow.db, owner_id),
    }
}
