//! The server: [`AuthenticateLayer`] around a handler that says what the request came to.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Json, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderValue, StatusCode};
use portal_tower::portal_sdk::authenticator::Authenticator;
use portal_tower::portal_sdk::backend::HttpBackend;
use portal_tower::portal_sdk::names::header::AUTH_STATUS;
use portal_tower::portal_sdk::portal::{Portal, PortalPage};
use portal_tower::portal_sdk::request::AuthenticateContext;
use portal_tower::portal_sdk::state::Outcome;
use portal_tower::portal_sdk::token::SessionClaims;
use portal_tower::{Auth, AuthenticateLayer};
use serde_json::json;

use super::options::Instances;
use super::outcome;

type Chosen = Authenticator<HttpBackend>;

/// The whole server for `instances`.
pub fn router(instances: Arc<Instances>) -> Router {
    let authenticate = AuthenticateLayer::per_request(|parts| parts.extensions.get::<Chosen>().cloned());
    let redirects = Router::new()
        .route(
            "/__redirect/sign-in",
            get(|request| redirect(PortalPage::SignIn, request)),
        )
        .route(
            "/__redirect/sign-up",
            get(|request| redirect(PortalPage::SignUp, request)),
        );
    Router::new()
        .fallback(tell)
        .layer(authenticate)
        // Outside the layer, because links do not depend on authentication.
        .merge(redirects)
        .layer(from_fn_with_state(instances, choose))
}

/// Puts the authenticator for a request's options into its extensions.
async fn choose(State(instances): State<Arc<Instances>>, mut request: Request, next: Next) -> Response {
    let authenticator = match instances.take(request.headers_mut()) {
        Ok(authenticator) => authenticator,
        Err(problem) => return error(StatusCode::INTERNAL_SERVER_ERROR, &problem),
    };
    request.extensions_mut().insert(authenticator);
    let mut response = next.run(request).await;
    // Of all redirects only the one after a successful handshake says nothing of its state.
    if response.status() == StatusCode::TEMPORARY_REDIRECT && !response.headers().contains_key(AUTH_STATUS) {
        response
            .headers_mut()
            .insert(AUTH_STATUS, HeaderValue::from_static("signed-in"));
    }
    // What the layer tells caches because `tell` reads the state is not part of the decision that is compared.
    if response
        .headers()
        .get(CACHE_CONTROL)
        .is_some_and(|value| value == "private")
    {
        response.headers_mut().remove(CACHE_CONTROL);
    }
    response
}

/// Responds with the outcome of the request.
async fn tell(request: Request) -> Response {
    let Some(auth) = request.extensions().get::<Auth>() else {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "the layer added nothing");
    };
    if let Outcome::Undecided(cause) = &auth.state().outcome {
        let status = match cause.is_temporary() {
            true => StatusCode::SERVICE_UNAVAILABLE,
            false => StatusCode::INTERNAL_SERVER_ERROR,
        };
        return error(status, &cause.to_string());
    }
    let mut response = Json(outcome::result(auth.state())).into_response();
    if let Some(status) = auth.state().status() {
        response
            .headers_mut()
            .insert(AUTH_STATUS, HeaderValue::from_static(status));
    }
    response
}

/// The link that a redirect to `page` would lead to.
async fn redirect(page: PortalPage, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Some(authenticator) = parts.extensions.get::<Chosen>() else {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "no instance was chosen");
    };
    let authenticated = authenticator.authenticate(&parts).await;
    let cx = AuthenticateContext::new(&parts, authenticator.instance(), authenticated.at);
    let portal = Portal::from(authenticator.instance());
    let dev_browser = cx.dev_browser_for_links();
    let mut link = portal
        .link(page)
        .with_requested_from(cx.url().as_url())
        .with_dev_browser(dev_browser);
    if authenticated.state.claims().is_some_and(SessionClaims::is_pending) {
        link = link.with_tasks(true);
    }
    if let Some(back) = cx.url().query_parameter("return_back_url") {
        link = link.with_return_back(back);
    }
    match link.to_url() {
        Ok(url) => (StatusCode::FOUND, [(LOCATION, url.to_string())], Body::empty()).into_response(),
        Err(problem) => error(StatusCode::INTERNAL_SERVER_ERROR, &problem.to_string()),
    }
}

fn error(status: StatusCode, problem: &str) -> Response {
    (status, Json(json!({ "error": problem }))).into_response()
}
