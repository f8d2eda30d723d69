//! A handshake for a token that verifies and may still be out of date: the user may have changed something at the portal
//! since it was issued, such as the active organization.

use http::HeaderValue;
use http::header::{LOCATION, SET_COOKIE};

use super::redirect::{Handshake, count_cookie};
use super::satellite::is_clerks;
use crate::instance::Instance;
use crate::request::{AuthenticateContext, ClerkUrl, RedirectCount};
use crate::secret::Secret;
use crate::state::{AuthReason, RequestState, ResponseDirectives};

/// The parts of a request that decide whether a handshake can renew its session token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renewal {
    uses_suffixed_cookies: bool,
    is_possible: bool,
    /// The browser comes from a page of the portal or the Frontend API.
    pub(crate) comes_from_portal: bool,
}

impl Renewal {
    /// Possible for a page whose session cookie verifies. After a redirect of this row the token is fresh, so that the
    /// counter bounds renewals too.
    pub(crate) fn of(cx: &AuthenticateContext<'_>, state: &RequestState) -> Self {
        let is_signed_in = matches!(state, RequestState::SignedIn(_)) && cx.bearer().is_none();
        let is_possible = is_signed_in && cx.is_eligible_for_handshake() && cx.redirect_count() == 0;
        Self {
            uses_suffixed_cookies: cx.uses_suffixed_cookies(),
            is_possible,
            comes_from_portal: is_possible && cx.foreign_referer().is_some_and(|referer| is_clerks(cx, referer)),
        }
    }

    /// The redirect to the Frontend API, counted as any handshake. Clerk has no reason word for this case; a changed
    /// organization is the closest.
    pub(crate) fn directives(
        self,
        instance: &Instance,
        url: &ClerkUrl,
        token: &Secret,
        dev_browser: Option<&Secret>,
    ) -> Option<ResponseDirectives> {
        if !self.is_possible {
            return None;
        }
        let reason = AuthReason::ActiveOrganizationMismatch;
        let handshake = Handshake {
            instance,
            url,
            uses_suffixed_cookies: self.uses_suffixed_cookies,
            session_token: Some(token.expose()),
            dev_browser: dev_browser.map(Secret::expose),
        };
        let location = HeaderValue::from_str(handshake.url(&reason).as_str()).ok()?;
        let mut directives = ResponseDirectives::default();
        directives.append(LOCATION, location);
        directives.append(SET_COOKIE, count_cookie(url, RedirectCount::default().another(None)));
        directives.describe("handshake", &reason, None);
        Some(directives)
    }
}
