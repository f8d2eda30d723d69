//! Detection of a development browser that keeps no cookies, which would end in a redirect loop.
//!
//! Such a browser loses every cookie of a handshake, including the redirect counter. A browser that returns without any
//! of Clerk's cookies is therefore redirected to the clean URL with a mark in it: the time. If the next request has
//! none of the cookies from that redirect, the browser keeps no cookies, and the request is signed out without another
//! handshake. A slow round trip is not mistaken for it, because its next request has the cookies.
//!
//! The mark gives no authority. Any client may write it, and its only effect is to skip a handshake.

use http::HeaderValue;
use http::header::LOCATION;
use url::Url;

use super::Question;
use super::redirect::count_cookie;
use crate::names::query;
use crate::request::{AuthenticateContext, RedirectCount};
use crate::state::{AuthReason, Outcome, RequestState, ResponseHeaders};

/// The greatest age of a mark in seconds. The browser follows the redirect at once.
const FRESH_SECS: u64 = 60;

/// Adds the mark to `location`, the clean URL after a handshake, if the browser sent none of Clerk's cookies.
///
/// Also sets the counter, so that a browser that keeps cookies has one even if the handshake's own cookies are
/// rejected.
pub(super) fn mark(question: Question<'_, '_>, location: &mut Url, headers: &mut ResponseHeaders) {
    let cx = question.cx;
    if cx.has_clerk_cookies() || !cx.is_eligible_for_handshake() {
        return;
    }
    let now = question.now.as_secs().to_string();
    location.query_pairs_mut().append_pair(query::COOKIE_CHECK, &now);
    let first = RedirectCount::default().another(None);
    headers.append(http::header::SET_COOKIE, count_cookie(cx.url(), first));
}

/// Returns the signed-out state if the browser has just lost all cookies of a handshake.
pub(super) fn answer(question: Question<'_, '_>) -> Option<RequestState> {
    let cx = question.cx;
    let marked_at = cx.cookie_check()??;
    let is_fresh = question.now.as_secs().abs_diff(marked_at) <= FRESH_SECS;
    if !is_fresh || cx.has_clerk_cookies() || cx.dev_browser().is_some() || !cx.is_eligible_for_handshake() {
        return None;
    }
    let mut state = question.signed_out(AuthReason::DevBrowserMissing.into());
    if let Outcome::SignedOut(state) = &mut state.outcome {
        state.cookies_not_kept = true;
    }
    Some(state)
}

/// Removes a used mark from the address bar.
pub(super) fn clean_address(cx: &AuthenticateContext<'_>, state: &mut RequestState) {
    let keeps_mark = match &state.outcome {
        Outcome::SignedIn(_) => false,
        Outcome::SignedOut(state) => state.cookies_not_kept,
        Outcome::Handshake(_) | Outcome::Undecided(_) => true,
    };
    let is_page = cx.cookie_check().is_some() && cx.bearer().is_none() && cx.is_eligible_for_handshake();
    if keeps_mark || !is_page || state.headers.location().is_some() {
        return;
    }
    if let Ok(location) = HeaderValue::from_str(cx.url().as_url().as_str()) {
        state.headers.append(LOCATION, location);
    }
}
