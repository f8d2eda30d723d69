//! [`Member`]: the signed-in user's row, which the first request creates.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use portal_axum::SignedIn;

use crate::app::App;
use crate::database::UserRow;
use crate::pages;
use crate::profile::{Claims, Profile, Source};

/// The signed-in user's row in the table `users`.
///
/// ```
/// use portal_example_users::Member;
///
/// async fn greet(Member(row): Member) -> String {
///     format!("Hello user number {}", row.id)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Member(pub UserRow);

impl FromRequestParts<App> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let signed_in = SignedIn::<Claims>::from_request_parts(parts, app).await;
        let signed_in = signed_in.map_err(IntoResponse::into_response)?;
        let found = app.database.find(signed_in.user_id()).await;
        let found = found.map_err(|error| pages::failure(&error))?;
        let row = match (profile(&signed_in, found.as_ref()).await?, found) {
            (Some(profile), _) => app.database.save(&profile, Source::SignIn).await,
            (None, found) => Ok(found),
        };
        let row = row.map_err(|error| pages::failure(&error))?;
        match row {
            Some(row) if row.deleted_at.is_none() => Ok(Self(row)),
            // The token was issued before the deletion. It expires within a minute.
            _ => Err(pages::message(StatusCode::FORBIDDEN, "This account was deleted.")),
        }
    }
}

/// Returns the data to save; `None` if the row is as new as the token, which is the case for most requests.
async fn profile(signed_in: &SignedIn<Claims>, row: Option<&UserRow>) -> Result<Option<Profile>, Response> {
    let claimed = Profile::from_claims(signed_in.user_id(), signed_in.custom());
    match (claimed, row) {
        (Some(claimed), Some(row)) => Ok((row.updated_at < claimed.updated_at).then_some(claimed)),
        (Some(claimed), None) => Ok(Some(claimed)),
        // Webhooks keep the row up to date.
        (None, Some(_)) => Ok(None),
        (None, None) => looked_up(signed_in).await.map(Some),
    }
}

/// Looks the user up at Clerk, because the token lacks the claims.
async fn looked_up(signed_in: &SignedIn<Claims>) -> Result<Profile, Response> {
    let profile = match signed_in.user().await {
        Ok(user) => Profile::from_user(user),
        Err(error) => {
            tracing::warn!(%error, "a new user could not be looked up");
            None
        }
    };
    let text = "We couldn't set up your account. Please try again in a minute.";
    profile.ok_or_else(|| pages::message(StatusCode::SERVICE_UNAVAILABLE, text))
}
