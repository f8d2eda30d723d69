//! `GET /v1/sessions/{id}` and `POST /v1/sessions/{id}/revoke`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::app::App;
use crate::flow::end_session;
use crate::json::{ApiError, json};
use crate::store::sessions;
use crate::store::{Session, SessionStatus};

pub(crate) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let session = app
        .store
        .transaction(move |connection| Ok(sessions::find(connection, &id, now)?))
        .await?
        .ok_or_else(ApiError::not_found)?;
    Ok(json(StatusCode::OK, &view(&session)))
}

pub(crate) async fn revoke(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    app.store
        .transaction(move |connection| {
            let Some(session) = sessions::find(connection, &id, now)? else {
                return Ok(Err(ApiError::not_found()));
            };
            if !session.is_live() {
                return Ok(Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "session_inactive",
                    "Session is not active",
                )
                .explain(format!("This session is {} already.", session.status.as_str()))));
            }
            end_session(connection, &session, SessionStatus::Revoked, now)?;
            let revoked = Session {
                status: SessionStatus::Revoked,
                updated_at: now,
                ..session
            };
            Ok(Ok(json(StatusCode::OK, &view(&revoked))))
        })
        .await?
}

fn view(session: &Session) -> Value {
    json!({
        "object": "session",
        "id": session.id,
        "user_id": session.user_id,
        "client_id": session.client_id,
        "actor": null,
        "status": session.status.as_str(),
        "last_active_organization_id": null,
        "last_active_at": session.last_active_at.as_millis(),
        "latest_activity": null,
        "expire_at": session.expire_at.as_millis(),
        "abandon_at": session.abandon_at.as_millis(),
        "updated_at": session.updated_at.as_millis(),
        "created_at": session.created_at.as_millis(),
        "tasks": null,
    })
}
