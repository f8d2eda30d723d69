//! The part of Clerk's Backend API that an SDK uses at run time, and what tests need to seed and inspect the instance.
//! Every call needs the secret key, `/v1/jwks` too.

mod actor_tokens;
mod application_invitations;
mod calls;
mod clients;
mod email_addresses;
mod handshake_payload;
mod images;
mod instance;
mod invitation_parameters;
mod jwks;
mod jwt_templates;
mod memberships;
mod organization_invitations;
mod organizations;
mod parameters;
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
use axum::extract::{Path, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, patch, post};
use url::form_urlencoded;

use self::users::Mark;
use crate::absent::BACKEND_API;
use crate::json::ApiError;
use crate::state::App;

pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/v1/jwks", get(jwks::jwks))
        .route("/v1/clients", get(clients::list))
        .route("/v1/clients/verify", post(clients::verify))
        .route("/v1/clients/{id}", get(clients::show))
        .route("/v1/clients/handshake_payload", get(handshake_payload::fetch))
        .route("/v1/sessions/{id}/refresh", post(refresh::refresh))
        .route("/v1/sessions/{id}/revoke", post(sessions::revoke))
        .route("/v1/sessions/{id}/tokens", post(sessions::create_token))
        .route("/v1/sessions/{id}/tokens/{template}", post(jwt_templates::create_token))
        .route("/v1/sessions/{id}/verify", post(sessions::verify))
        .route(
            "/v1/jwt_templates",
            get(jwt_templates::list).post(jwt_templates::create),
        )
        .route(
            "/v1/jwt_templates/{id}",
            get(jwt_templates::show)
                .patch(jwt_templates::change)
                .delete(jwt_templates::delete),
        )
        .route("/v1/sessions/{id}", get(sessions::show))
        .route("/v1/sessions", get(sessions::list).post(sessions::create))
        .route(
            "/v1/instance/organization_settings",
            get(instance::show_organizations).patch(instance::change_organizations),
        )
        .route("/v1/instance/restrictions", patch(restrictions::change))
        .route("/v1/instance", get(instance::show).patch(instance::change))
        .route(
            "/v1/invitations",
            get(application_invitations::list).post(application_invitations::create),
        )
        .route("/v1/invitations/bulk", post(application_invitations::create_bulk))
        .route("/v1/invitations/{id}/revoke", post(application_invitations::revoke))
        .merge(lists())
        .route("/v1/waitlist_entries", get(waitlist::list).post(waitlist::create))
        .route("/v1/waitlist_entries/bulk", post(waitlist::create_bulk))
        .route("/v1/waitlist_entries/{id}", delete(waitlist::delete))
        .route("/v1/waitlist_entries/{id}/invite", post(waitlist::invite))
        .route("/v1/waitlist_entries/{id}/reject", post(waitlist::reject))
        .route("/v1/sign_in_tokens", post(sign_in_tokens::create))
        .route("/v1/sign_in_tokens/{id}/revoke", post(sign_in_tokens::revoke))
        .route("/v1/actor_tokens", post(actor_tokens::create))
        .route("/v1/actor_tokens/{id}/revoke", post(actor_tokens::revoke))
        .route("/v1/testing_tokens", post(testing_tokens::create))
        .merge(users())
        .merge(organizations())
        .merge(images::router())
        .method_not_allowed_fallback(refuse_method)
        .route_layer(middleware::from_fn(parameters::check))
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), authenticate))
}

fn lists() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/v1/allowlist_identifiers",
            get(restrictions::show_allowlist).post(restrictions::allow),
        )
        .route("/v1/allowlist_identifiers/{id}", delete(restrictions::stop_allowing))
        .route(
            "/v1/blocklist_identifiers",
            get(restrictions::show_blocklist).post(restrictions::block),
        )
        .route("/v1/blocklist_identifiers/{id}", delete(restrictions::stop_blocking))
}

fn users() -> Router<Arc<App>> {
    let mark = |mark: Mark| post(move |State(app): State<Arc<App>>, Path(id): Path<String>| users::mark(app, id, mark));
    Router::new()
        .route("/v1/users", get(user_list::list).post(users::create))
        .route("/v1/users/count", get(user_list::count))
        .route("/v1/users/ban", post(user_bans::ban))
        .route("/v1/users/unban", post(user_bans::unban))
        .route(
            "/v1/users/{id}",
            get(users::show).patch(users::change).delete(users::delete),
        )
        .route(
            "/v1/users/{id}/metadata",
            patch(user_metadata::merge).put(user_metadata::replace),
        )
        .route("/v1/users/{id}/verify_password", post(users::verify_password))
        .route("/v1/users/{id}/verify_totp", post(second_factors::verify_totp))
        .route("/v1/users/{id}/mfa", delete(second_factors::delete_totp))
        .route("/v1/users/{id}/totp", delete(second_factors::delete_totp))
        .route(
            "/v1/users/{id}/backup_code",
            delete(second_factors::delete_backup_codes),
        )
        .route("/v1/users/{id}/remove_password", post(users::remove_password))
        .route("/v1/email_addresses", post(email_addresses::create))
        .route(
            "/v1/email_addresses/{id}",
            get(email_addresses::show)
                .patch(email_addresses::change)
                .delete(email_addresses::delete),
        )
        .route("/v1/users/{id}/organization_invitations", get(user_invitations::list))
        .route("/v1/users/{id}/organization_memberships", get(memberships::of_user))
        .route(
            "/v1/users/{id}/external_accounts/{account_id}",
            delete(users::delete_external_account),
        )
        .route("/v1/users/{id}/ban", mark(Mark::Banned))
        .route("/v1/users/{id}/unban", mark(Mark::NotBanned))
        .route("/v1/users/{id}/lock", mark(Mark::Locked))
        .route("/v1/users/{id}/unlock", mark(Mark::NotLocked))
        .route(
            "/v1/users/{id}/password/set_compromised",
            post(users::mark_password_compromised),
        )
        .route(
            "/v1/users/{id}/password/unset_compromised",
            mark(Mark::PasswordNotCompromised),
        )
}

fn organizations() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/v1/organizations",
            get(organizations::list).post(organizations::create),
        )
        .route(
            "/v1/organizations/{id}",
            get(organizations::show)
                .patch(organizations::change)
                .delete(organizations::delete),
        )
        .route(
            "/v1/organizations/{id}/metadata",
            patch(organizations::merge_metadata).put(organizations::replace_metadata),
        )
        .route("/v1/organization_memberships", get(memberships::of_instance))
        .route(
            "/v1/organizations/{id}/memberships/{user_id}/metadata",
            patch(memberships::merge_metadata),
        )
        .route(
            "/v1/organizations/{id}/memberships",
            get(memberships::list).post(memberships::create),
        )
        .route(
            "/v1/organizations/{id}/memberships/{user_id}",
            patch(memberships::change).delete(memberships::delete),
        )
        .route(
            "/v1/organizations/{id}/invitations",
            get(organization_invitations::list).post(organization_invitations::create),
        )
        .route(
            "/v1/organizations/{id}/invitations/pending",
            get(organization_invitations::list_pending),
        )
        .route(
            "/v1/organizations/{id}/invitations/bulk",
            post(organization_invitations::create_bulk),
        )
        .route(
            "/v1/organizations/{id}/invitations/{invitation_id}",
            get(organization_invitations::show),
        )
        .route(
            "/v1/organizations/{id}/invitations/{invitation_id}/revoke",
            post(organization_invitations::revoke),
        )
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
