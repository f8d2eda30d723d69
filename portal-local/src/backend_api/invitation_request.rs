//! Parameters shared by invitations to the application and to organizations.

use super::query::invalid;
use crate::app::App;
use crate::flow::{FlowError, INVITATION_DAYS, MOST_INVITATION_DAYS};
use crate::json::ApiError;

/// The statuses that invitations can be filtered by.
pub(super) const STATUSES: [&str; 4] = ["pending", "accepted", "revoked", "expired"];

/// Returns the lifetime of an invitation.
pub(super) fn days(asked: Option<u32>) -> Result<u32, ApiError> {
    let days = asked.unwrap_or(INVITATION_DAYS);
    if (1..=MOST_INVITATION_DAYS).contains(&days) {
        return Ok(days);
    }
    Err(invalid(
        "expires_in_days",
        format!("Found {days} days; expected between 1 and {MOST_INVITATION_DAYS}."),
    ))
}

/// The destination after accepting, if it is allowed.
pub(super) fn redirect_url(app: &App, asked: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(text) = asked else { return Ok(None) };
    match app.redirects.absolute(text) {
        Ok(url) => Ok(Some(url.to_string())),
        Err(_) => Err(ApiError::from(FlowError::RedirectRefused).param("redirect_url")),
    }
}
