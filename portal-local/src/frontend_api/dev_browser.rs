//! `POST /v1/dev_browser`: a token for a browser that has none.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde_json::json;

use crate::dev_browser;
use crate::flow::Flow;
use crate::json::{ApiError, json};
use crate::state::App;

pub(crate) async fn create(State(app): State<Arc<App>>) -> Result<Response<Body>, ApiError> {
    let create = |flow: &Flow<'_>| dev_browser::create(&flow.application.mint, flow.db);
    let known = app.flows.run(create).await?;
    // Official clients keep the field `id`.
    Ok(json(
        StatusCode::OK,
        &json!({ "id": known.token, "token": known.token }),
    ))
}
