//! A handshake that renews a valid but possibly outdated token.
//!
//! The user may have changed something at the portal since it was issued, such as the active organization.

use http::HeaderValue;
use http::header::{LOCATION, SET_COOKIE};

use super::redirect::{Handshake, count_cookie};
use super::satellite::is_clerks;
use crate::request::{AuthenticateContext, RedirectCount};
use crate::state::{AuthReason, Outcome, RequestState, ResponseHeaders};

/// Returns `true` if the user comes from the portal and [`renewal`] is possible.
///
/// The `Referer` is then the portal or the Frontend API.
#[must_use]
pub fn comes_from_portal(cx: &AuthenticateContext<'_>, state: &RequestState) -> bool {
    is_possible(cx, state) && cx.foreign_referer().is_some_and(|referer| is_clerks(cx, referer))
}

/// Returns the headers of a handshake that renews an outdated session token.
///
/// Respond with 307 and these headers; the browser returns to the same URL with a new token. Returns `None` unless the
/// request is a GET for a page, signed in by a cookie, and not the result of a redirect: the redirect counter limits
/// renewals to one per chain of redirects.
///
/// Clerk has no reason word for this case; a changed organization is the closest.
#[must_use]
pub fn renewal(cx: &AuthenticateContext<'_>, state: &RequestState) -> Option<ResponseHeaders> {
    let Outcome::SignedIn(signed_in) = &state.outcome else {
        return None;
    };
    if !is_possible(cx, state) {
        return None;
    }
    let reason = AuthReason::ActiveOrganizationMismatch;
    let handshake = Handshake {
        session_token: Some(signed_in.claims.token().expose()),
        ..Handshake::of(cx)
    };
    let location = HeaderValue::from_str(handshake.url(&reason).as_str()).ok()?;
    let mut headers = ResponseHeaders::default();
    headers.append(LOCATION, location);
    headers.append(
        SET_COOKIE,
        count_cookie(cx.url(), RedirectCount::default().another(None)),
    );
    headers.describe(&super::HANDSHAKE, &reason, None);
    Some(headers)
}

/// Returns `true` for a page whose session cookie is valid. After a redirect the token is fresh, so the counter limits
/// renewals too.
fn is_possible(cx: &AuthenticateContext<'_>, state: &RequestState) -> bool {
    let is_signed_in = matches!(state.outcome, Outcome::SignedIn(_)) && cx.bearer().is_none();
    is_signed_in && cx.is_eligible_for_handshake() && cx.redirect_count() == 0
}
