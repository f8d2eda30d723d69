//! The JSON API: counts the clicks of each user.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderValue, Method};
use axum::routing::get;
use axum::{Json, Router};
use portal_axum::portal_sdk::backend::BackendApi;
use portal_axum::{AuthenticateLayer, RequireAuthLayer, SignedIn, UserId};
use serde::Serialize;
use tower_http::cors::CorsLayer;

/// The clicks of each user, in memory only.
type Clicks = Arc<Mutex<HashMap<UserId, u64>>>;

#[derive(Debug, Serialize)]
struct Counted {
    user_id: String,
    clicks: u64,
}

pub(crate) fn router<B: BackendApi>(authenticate: AuthenticateLayer<B>, page_origin: HeaderValue) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(page_origin)
        .allow_methods([Method::GET, Method::POST])
        // The script sends the token itself, so no cookie and no `allow_credentials` is needed.
        .allow_headers([AUTHORIZATION]);
    Router::new()
        .route("/api/clicks", get(read).post(click))
        .route_layer(RequireAuthLayer::signed_in())
        .with_state(Clicks::default())
        .layer(authenticate)
        // Outermost, because a preflight has no token, and because the script must be able to read a 401.
        .layer(cors)
}

async fn read(State(clicks): State<Clicks>, user: SignedIn) -> Json<Counted> {
    add(&clicks, user.user_id(), 0)
}

async fn click(State(clicks): State<Clicks>, user: SignedIn) -> Json<Counted> {
    add(&clicks, user.user_id(), 1)
}

fn add(clicks: &Clicks, user: &UserId, more: u64) -> Json<Counted> {
    let mut clicks = clicks.lock().unwrap_or_else(PoisonError::into_inner);
    let clicks = clicks.entry(user.clone()).or_default();
    *clicks = clicks.saturating_add(more);
    Json(Counted {
        user_id: user.to_string(),
        clicks: *clicks,
    })
}
