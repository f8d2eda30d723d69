//! The page's server: static files, the ways to the portal, and the session token for the page's own script.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use portal_axum::portal_sdk::backend::BackendApi;
use portal_axum::{AuthenticateLayer, RedirectToPortal, RequireAuthLayer, SignOut, SignedIn};
use serde_json::{Value, json};

pub(crate) fn router<B: BackendApi>(authenticate: AuthenticateLayer<B>, api_origin: &str) -> Router {
    let settings = json!({ "api": api_origin });
    Router::new()
        // No CORS layer: scripts of other origins cannot read the response.
        .route("/token", get(token))
        .route_layer(RequireAuthLayer::signed_in().with_no_store(true))
        // Inside the layer, because users return here from the portal, with a handshake.
        .route("/", get(async || Html(include_str!("../assets/index.html"))))
        .route("/sign-in", get(RedirectToPortal::sign_in().with_return_back("/")))
        .route("/sign-out", post(SignOut::new()))
        .layer(authenticate)
        .route("/settings.json", get(async move || Json(settings)))
        .route(
            "/app.js",
            get(file("text/javascript", include_str!("../assets/app.js"))),
        )
        .route("/style.css", get(file("text/css", include_str!("../assets/style.css"))))
}

/// The session token of the page's cookies, which the layer has renewed if it had expired.
async fn token(user: SignedIn) -> Json<Value> {
    Json(json!({ "token": user.token().expose() }))
}

fn file(content_type: &'static str, text: &'static str) -> impl IntoResponse + Clone {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache")], text)
}
