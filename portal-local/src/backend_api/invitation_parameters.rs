//! Shared by the calls of invitations, the waitlist and sign-in tokens.

use axum::http::StatusCode;

use super::query::invalid;
use crate::flow::{Flow, FlowError, INVITATION_DAYS, MOST_INVITATION_DAYS};
use crate::json::ApiError;
use crate::store::TicketStatus;
use crate::store::email_addresses::normalize;

/// The statuses that invitations can be filtered by.
pub(super) const STATUSES: [&str; 4] = ["pending", "accepted", "revoked", "expired"];

/// The limit of invitations in one call.
pub(super) const MOST_INVITATIONS: usize = 10;

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
pub(super) fn redirect_url(flow: &Flow<'_>, asked: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(text) = asked else { return Ok(None) };
    match flow.application.redirects.absolute(text) {
        Ok(url) => Ok(Some(url.to_string())),
        Err(_) => Err(ApiError::from(FlowError::RedirectRefused).param("redirect_url")),
    }
}

/// Returns `true` if `text`, in lower case, is the ID or a part of the address.
pub(super) fn is_like(text: &str, id: &str, address: &str) -> bool {
    id.eq_ignore_ascii_case(text) || normalize(address).contains(text)
}

/// The error of a ticket that was accepted, revoked or has expired.
pub(super) fn not_pending(what: &str, status: TicketStatus) -> ApiError {
    let message = format!("This {what} is not pending");
    ApiError::new(StatusCode::BAD_REQUEST, "not_pending", message)
        .explain(format!("This {what} is already {}.", status.as_str()))
}
