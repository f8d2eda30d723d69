//! The part of Clerk's Backend API that an SDK uses at run time, and what tests need to seed and inspect the instance.
//! Every call needs the secret key, `/v1/jwks` too.

#![expect(
    clippy::needless_pass_by_value,
    reason = "operations take what their extractors give, as handlers do"
)]

mod actor_tokens;
mod application_invitations;
mod call;
mod calls;
mod clients;
mod email_addresses;
mod events;
mod images;
mod instance;
mod invitation_parameters;
mod jwks;
mod jwt_templates;
mod memberships;
mod organization_invitations;
mod organizations;
mod query;
mod refresh;
mod request;
mod restrictions;
mod second_factors;
mod sessions;
mod sign_in_tokens;
mod testing_tokens;
mod user_bans;
mod user_fields;
mod user_filters;
mod user_invitations;
mod user_list;
mod user_metadata;
mod user_view;
mod users;
mod waitlist;

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use url::form_urlencoded;

use self::call::Call;
pub(crate) use self::events::Events;
use crate::absent::BACKEND_API;
use crate::json::ApiError;
use crate::state::App;

pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let add = |router: Router<_>, call: Call| router.route(call.path, call.checked());
    let routes = calls::calls().into_iter().fold(Router::new(), add);
    routes
        .method_not_allowed_fallback(refuse_method)
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), authenticate))
}

async fn refuse_method(method: Method, uri: Uri) -> ApiError {
    BACKEND_API.no_such_method(&method, uri.path())
}

async fn authenticate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let key = header
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .filter(|key| !key.is_empty());
    let Some(key) = key else {
        return ApiError::new(
            StatusCode::UNAUTHORIZED,
            "authentication_invalid",
            "Invalid authentication",
        )
        .explain("The Backend API needs the header `Authorization: Bearer <secret key>`.")
        .into_response();
    };
    if verify_slices_are_equal(key.as_bytes(), app.secret_key.expose().as_bytes()).is_err() {
        return ApiError::new(
            StatusCode::UNAUTHORIZED,
            "clerk_key_invalid",
            "The provided Clerk Secret Key is invalid",
        )
        .explain("This isn't the secret key of this local portal; copy CLERK_SECRET_KEY from its start page.")
        .into_response();
    }
    if !is_text(request.uri().path()) {
        return ApiError::not_found().into_response();
    }
    next.run(request).await
}

/// Returns `true` if a percent-decoded path is UTF-8; every known name is.
fn is_text(path: &str) -> bool {
    form_urlencoded::parse(path.as_bytes())
        .all(|(name, value)| !name.contains('\u{fffd}') && !value.contains('\u{fffd}'))
}
