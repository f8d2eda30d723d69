//! [`Member`]: the signed-in user with the row in the table `users`.
//!
//! The session token carries the address, so a new or changed one reaches the table with the next request. A Clerk
//! application whose token lacks the claim `email` costs a look-up at Clerk instead, at most one in five seconds for each user.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use portal_axum::{Requirement as _, Role, SignedIn, User};
use serde::Deserialize;

use crate::app::App;
use crate::database::Space;
use crate::pages;

const SECS_PER_DAY: u64 = 24 * 60 * 60;

/// The claims that Clerk's dashboard adds to session tokens.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    /// `None` if the token lacks the claim, or the user has no address.
    email: Option<String>,
}

/// A signed-in user, and the notes that they work with.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) space: Space,
    /// The organization's name in URLs, or else its ID. `None` for the personal account.
    pub(crate) organization_name: Option<String>,
    /// `true` if the user may delete the notes of others.
    pub(crate) is_admin: bool,
    /// The user's address, if there is one.
    pub(crate) email: Option<String>,
}

impl FromRequestParts<App> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let signed_in = SignedIn::<Claims>::from_request_parts(parts, app).await;
        let signed_in = signed_in.map_err(IntoResponse::into_response)?;
        let email = address(&signed_in).await;
        let row = app.database.put_user(signed_in.user_id(), email.clone(), today()).await;
        let user = row.map_err(|error| pages::failure(&error))?;
        let organization = signed_in.organization();
        Ok(Self {
            space: Space {
                user,
                organization: organization.map(|organization| organization.id().to_string()),
            },
            organization_name: organization
                .map(|organization| organization.slug().unwrap_or(organization.id().as_str()).to_owned()),
            is_admin: Role::new("org:admin").verdict(signed_in.claims()).is_met(),
            email,
        })
    }
}

/// The user's address, as the token or else Clerk knows it.
async fn address(signed_in: &SignedIn<Claims>) -> Option<String> {
    if let Some(email) = &signed_in.custom().email {
        return Some(email.clone());
    }
    match signed_in.user().await {
        Ok(user) => User::primary_email_address(user).map(|email| email.email_address.clone()),
        Err(error) => {
            // The session is valid without the address, and the stored address stays.
            tracing::warn!(%error, "the user's address is unknown");
            None
        }
    }
}

/// The number of days since 1970.
pub(crate) fn today() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_secs() / SECS_PER_DAY).unwrap_or(i64::MAX)
}
