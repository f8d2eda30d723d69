//! Redirects of the browser: their targets, conditions and limit.

use std::time::Duration;

use http::HeaderValue;
use http::header::{LOCATION, SET_COOKIE};
use url::Url;

use super::{Question, Refusal, organization};
use crate::instance::{Instance, OrganizationTarget, with_scheme};
use crate::limits::MAX_TOKEN_BYTES;
use crate::names::{self, cookie, query};
use crate::request::{AuthenticateContext, MAX_REDIRECTS, PublicUrl, RedirectCount, SetCookie};
use crate::state::{AuthReason, Outcome, RequestState, ResponseHeaders};

/// The time in which redirects count as consecutive.
const REDIRECT_COUNT_AGE: Duration = Duration::from_secs(10);

impl Question<'_, '_> {
    /// Returns a handshake with the Frontend API if the request is eligible, else the signed-out state of the same
    /// reason.
    pub(super) fn handshake_or_signed_out(self, refusal: Refusal) -> RequestState {
        if !self.cx.is_eligible_for_handshake() {
            return self.signed_out(refusal);
        }
        let location = Handshake::of(self.cx).url(&refusal.reason);
        self.redirect_or_signed_out(refusal, &location)
    }

    /// Returns a redirect to `location` if the request is eligible and the redirect limit was not reached, else the
    /// signed-out state of the same reason.
    pub(super) fn redirect_or_signed_out(self, refusal: Refusal, location: &Url) -> RequestState {
        let count = self.cx.redirects().another(None);
        match redirect_headers(self.cx, location, count) {
            Some(headers) => self.handshake(refusal, headers),
            None => self.signed_out(refusal),
        }
    }

    /// Returns a handshake that activates `target`, with `headers` added.
    ///
    /// Returns `None` if the request cannot be redirected, or the redirect limit for `target` was reached.
    pub(super) fn activation(self, target: &OrganizationTarget, headers: &ResponseHeaders) -> Option<RequestState> {
        let refusal = Refusal::from(AuthReason::ActiveOrganizationMismatch);
        let location = Handshake::of(self.cx).url(&refusal.reason);
        let count = self.cx.redirects().another(Some(target));
        let redirect = redirect_headers(self.cx, &location, count)?;
        let mut headers = headers.clone();
        headers.extend(redirect);
        Some(self.handshake(refusal, headers))
    }
}

/// Returns the fields that redirect the browser to `location` and count the redirect.
///
/// Returns `None` if the request cannot be redirected.
fn redirect_headers(
    cx: &AuthenticateContext<'_>,
    location: &Url,
    count: Option<RedirectCount>,
) -> Option<ResponseHeaders> {
    let count = count.filter(|_| cx.is_eligible_for_handshake())?;
    let mut headers = ResponseHeaders::default();
    headers.append(LOCATION, HeaderValue::from_str(location.as_str()).ok()?);
    headers.append(SET_COOKIE, count_cookie(cx.url(), Some(count)));
    Some(headers)
}

/// Resets the count once a page is shown.
///
/// A count at the redirect limit is kept until it expires, or the loop would start again. Only requests for pages reset
/// it, because others can happen during a loop.
pub(super) fn settle_redirect_count(cx: &AuthenticateContext<'_>, state: &mut RequestState) {
    let is_under_way = (1..MAX_REDIRECTS).contains(&cx.redirect_count());
    let is_settled = matches!(state.outcome, Outcome::SignedIn(_) | Outcome::SignedOut(_));
    if is_under_way && is_settled && cx.is_eligible_for_handshake() && state.headers.location().is_none() {
        state.headers.append(SET_COOKIE, count_cookie(cx.url(), None));
    }
}

/// Returns the cookie that counts redirects, or its removal without a count.
pub(super) fn count_cookie(url: &PublicUrl, count: Option<RedirectCount>) -> HeaderValue {
    let cookie = match count {
        Some(count) => SetCookie::new(url, cookie::REDIRECT_COUNT, &count.to_string()).with_max_age(REDIRECT_COUNT_AGE),
        None => SetCookie::removal(url, cookie::REDIRECT_COUNT),
    };
    cookie.to_header().expect("digits and a dot")
}

/// The facts of a request that a handshake's URL needs.
#[derive(Clone, Copy)]
pub(super) struct Handshake<'a> {
    pub(super) instance: &'a Instance,
    pub(super) url: &'a PublicUrl,
    pub(super) uses_suffixed_cookies: bool,
    pub(super) session_token: Option<&'a str>,
    pub(super) dev_browser: Option<&'a str>,
}

impl<'a> Handshake<'a> {
    pub(super) fn of(cx: &'a AuthenticateContext<'_>) -> Self {
        Self {
            instance: cx.instance(),
            url: cx.url(),
            uses_suffixed_cookies: cx.uses_suffixed_cookies(),
            session_token: cx.session_token().filter(|token| token.len() <= MAX_TOKEN_BYTES),
            dev_browser: cx.dev_browser(),
        }
    }

    /// Returns the URL of the Frontend API's handshake endpoint, with the parameters for the way back.
    pub(super) fn url(self, reason: &AuthReason) -> Url {
        let instance = self.instance;
        let base = instance.frontend_api_base(&self.url.base());
        let mut url = Url::parse(&format!("{base}/v1/client/handshake"))
            .or_else(|_| {
                let host = with_scheme(instance.publishable_key().frontend_api().as_str());
                Url::parse(&format!("{host}/v1/client/handshake"))
            })
            .expect("the publishable key holds a host");
        url.query_pairs_mut()
            .append_pair(query::REDIRECT_URL, self.url.without_dev_browser().as_str())
            .append_pair(query::API_VERSION, names::API_VERSION)
            .append_pair(
                query::SUFFIXED_COOKIES,
                if self.uses_suffixed_cookies { "true" } else { "false" },
            )
            .append_pair(query::HANDSHAKE_REASON, &reason.as_str())
            .append_pair(query::HANDSHAKE_FORMAT, "nonce");
        if let Some(token) = self.session_token {
            url.query_pairs_mut().append_pair(query::SESSION, token);
        }
        if let Some(token) = self.dev_browser.filter(|_| instance.is_development()) {
            url.query_pairs_mut().append_pair(query::DEV_BROWSER, token);
        }
        if let Some(target) = organization::target_of(instance, self.url) {
            url.query_pairs_mut()
                .append_pair(query::ORGANIZATION_ID, organization::parameter(&target));
        }
        url
    }
}

/// Returns `true` for a GET whose response the browser will show as a top-level page.
pub(super) fn is_document_get(cx: &AuthenticateContext<'_>) -> bool {
    cx.is_get() && cx.is_document()
}
