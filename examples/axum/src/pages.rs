//! The pages of the application.

use askama::Template;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use portal_axum::{ActiveOrganization, Auth, SignedIn, User};
use serde::Serialize;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    is_signed_in: bool,
}

pub(crate) async fn home(auth: Auth) -> Response {
    render(
        StatusCode::OK,
        &Home {
            is_signed_in: auth.signed_in().is_some(),
        },
    )
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    is_signed_in: bool,
    greeting: String,
    email_address: Option<String>,
    user_id: String,
    session_id: String,
    organization: String,
}

pub(crate) async fn dashboard(signed_in: SignedIn) -> Response {
    let user = signed_in.user().await;
    if let Err(error) = &user {
        // The session is valid without the profile, so show the page with the token's claims.
        tracing::warn!(%error, "the page is shown without the user's name");
    }
    let user = user.ok();
    let email_address = user.and_then(User::primary_email_address);
    render(
        StatusCode::OK,
        &Dashboard {
            is_signed_in: true,
            greeting: user.and_then(User::full_name).unwrap_or_else(|| "friend".to_owned()),
            email_address: email_address.map(|email| email.email_address.clone()),
            user_id: signed_in.user_id().to_string(),
            session_id: signed_in.session_id().map(ToString::to_string).unwrap_or_default(),
            organization: signed_in
                .organization()
                .map_or("personal account".to_owned(), |org| org.id().to_string()),
        },
    )
}

#[derive(Template)]
#[template(path = "team.html")]
struct Team {
    is_signed_in: bool,
    organization: String,
    role: String,
}

/// The guard admits administrators only, and the extractor requires an active organization.
pub(crate) async fn team(organization: ActiveOrganization) -> Response {
    let name = organization.slug().unwrap_or(organization.id().as_str());
    render(
        StatusCode::OK,
        &Team {
            is_signed_in: true,
            organization: name.to_string(),
            role: organization.role().unwrap_or_default().to_owned(),
        },
    )
}

#[derive(Serialize)]
pub(crate) struct Me {
    user_id: String,
    session_id: Option<String>,
    organization_id: Option<String>,
}

pub(crate) async fn me(signed_in: SignedIn) -> Json<Me> {
    Json(Me {
        user_id: signed_in.user_id().to_string(),
        session_id: signed_in.session_id().map(ToString::to_string),
        organization_id: signed_in
            .organization()
            .map(|organization| organization.id().to_string()),
    })
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFound {
    is_signed_in: bool,
}

pub(crate) async fn not_found(auth: Auth) -> Response {
    render(
        StatusCode::NOT_FOUND,
        &NotFound {
            is_signed_in: auth.signed_in().is_some(),
        },
    )
}

fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "We couldn't show this page.").into_response()
        }
    }
}
