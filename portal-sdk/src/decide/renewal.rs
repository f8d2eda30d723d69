//! A handshake for a token that verifies and may still be out of date: the user may have changed something at the portal
//! since it was issued, such as the active organization.

use http::HeaderValue;
use http::header::{LOCATION, SET_COOKIE};

use super::redirect::{Handshake, count_cookie};
use super::satellite::is_clerks;
use crate::request::{AuthenticateContext, RedirectCount};
use crate::state::{AuthReason, Outcome, RequestState, ResponseHeaders};

/// Returns `true` if the browser comes from a page of the portal or the Frontend API, by `Referer`, with a session token
/// that [`renewal`] can renew.
#[must_use]
pub fn comes_from_portal(cx: &AuthenticateContext<'_>, state: &RequestState) -> bool {
    is_possible(cx, state) && cx.foreign_referer().is_some_and(|referer| is_clerks(cx, referer))
}

/// The redirect that renews the session token through the browser, for a request whose token may be out of date.
///
/// Answer with 307 and these headers; the browser comes back to the same address with a new token. Returns `None` unless
/// the request is a GET for a page, signed in by a cookie, and not the end of a redirect: the handshake counter bounds
/// renewals to one for each row of redirects.
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
        session_token: Some(signed_in.token.expose()),
        dev_browser: cx.dev_browser_for_links(),
        ..Handshake::of(cx)
    };
    let location = HeaderValue::from_str(handshake.url(&reason).as_str()).ok()?;
    let mut headers = ResponseHeaders::default();
    headers.append(LOCATION, location);
    headers.append(
        SET_COOKIE,
        count_cookie(cx.url(), RedirectCount::default().another(None)),
    );
    headers.describe("handshake", &reason, None);
    Some(headers)
}

/// Possible for a page whose session cookie verifies. After a redirect of this row the token is fresh, so that the counter
/// bounds renewals too.
fn is_possible(cx: &AuthenticateContext<'_>, state: &RequestState) -> bool {
    let is_signed_in = matches!(state.outcome, Outcome::SignedIn(_)) && cx.bearer().is_none();
    is_signed_in && cx.is_eligible_for_handshake() && cx.redirect_count() == 0
}
