//! `/v1/users/{id}/profile_image` and `/v1/organizations/{id}/logo`.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{post, put};
use serde_json::Value;

use super::organizations::{named as organization_named, view as organization_view};
use super::request::run;
use super::user_view::full_view;
use super::users::named as user_named;
use crate::flow::Flow;
use crate::images::{MOST_IMAGE_BYTES, content_type};
use crate::json::{ApiError, json};
use crate::multipart;
use crate::state::App;
use crate::store::{images, users};

/// Room for the form's parts around the image.
const MOST_FORM_BYTES: usize = MOST_IMAGE_BYTES + 64 * 1_024;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/v1/users/{id}/profile_image",
            post(set_profile_image).delete(remove_profile_image),
        )
        .route("/v1/organizations/{id}/logo", put(set_logo).delete(remove_logo))
        .layer(DefaultBodyLimit::max(MOST_FORM_BYTES))
}

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

async fn set_profile_image(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response<Body>, ApiError> {
    let upload = Upload::read(&headers, body)?;
    change_profile_image(&app, id, Some(upload)).await
}

async fn remove_profile_image(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    change_profile_image(&app, id, None).await
}

async fn change_profile_image(app: &App, id: String, upload: Option<Upload>) -> Result<Response<Body>, ApiError> {
    let body = run(app, move |flow| {
        let user = user_named(flow.connection, &id)?;
        put_image(flow, &user.id, upload.as_ref())?;
        users::update(flow.connection, &user, flow.now)?;
        let user = user_named(flow.connection, &id)?;
        Ok(full_view(flow, &user)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

async fn set_logo(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response<Body>, ApiError> {
    let upload = Upload::read(&headers, body)?;
    change_logo(&app, id, Some(upload)).await
}

async fn remove_logo(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    change_logo(&app, id, None).await
}

async fn change_logo(app: &App, id: String, upload: Option<Upload>) -> Result<Response<Body>, ApiError> {
    let body: Value = run(app, move |flow| {
        let organization = organization_named(flow.connection, &id)?;
        // The uploader is credited at Clerk and shown nowhere; one that does not exist is refused.
        if let Some(uploader) = upload.as_ref().and_then(|upload| upload.uploader_id.as_deref()) {
            user_named(flow.connection, uploader).map_err(|error| error.param("uploader_user_id"))?;
        }
        put_image(flow, &organization.id, upload.as_ref())?;
        flow.update_organization(organization.clone())?;
        Ok(organization_view(
            &flow.application.origin,
            &organization_named(flow.connection, &organization.id)?,
        ))
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

fn put_image(flow: &Flow<'_>, owner_id: &str, upload: Option<&Upload>) -> rusqlite::Result<()> {
    match upload {
        Some(upload) => images::set(flow.connection, owner_id, upload.content_type, &upload.bytes, flow.now),
        None => images::remove(flow.connection, owner_id),
    }
}
