//! [`AuthenticateContext`]: every fact of a request that the decision may use.

use std::borrow::Cow;

use http::header::{ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, COOKIE, ORIGIN, REFERER};
use http::request::Parts;
use http::{HeaderMap, Method};
use url::Url;

use super::authorization;
use super::clerk_url::ClerkUrl;
use super::cookie_reader::cookies;
use super::cookies::RequestCookies;
use super::cross_site::{comes_from_elsewhere, is_cross_site};
use super::headers::{first_value, joined_values, latin1};
use super::kind::{RequestKind, is_navigation};
use super::redirect_count::RedirectCount;
use super::suffix::{forget_meaningless_session, uses_suffixed_cookies};
use crate::clock::UnixTime;
use crate::instance::Instance;
use crate::limits::could_be_opaque_token;
use crate::names::{cookie, header, query};

/// A request as the decision sees it. It borrows from the request and from the instance and trusts neither cookie nor
/// token.
#[derive(Clone)]
pub struct AuthenticateContext<'r> {
    instance: &'r Instance,
    parts: &'r Parts,
    url: ClerkUrl,
    bearer: Option<String>,
    uses_suffixed_cookies: bool,
    session_cookie: Option<String>,
    refresh_cookie: Option<String>,
    client_uat: u64,
    dev_browser: Option<String>,
    other_dev_browser: Option<String>,
    handshake_token: Option<String>,
    handshake_nonce: Option<String>,
    redirect_count: RedirectCount,
    has_clerk_cookies: bool,
    /// The mark of [`query::COOKIE_CHECK`], and the seconds in it if it is a number.
    cookie_check: Option<Option<i64>>,
    sec_fetch_dest: Option<Cow<'r, str>>,
    accept: Option<Cow<'r, str>>,
    origin: Option<Cow<'r, str>>,
    referer: Option<Url>,
}

impl<'r> AuthenticateContext<'r> {
    /// Reads a request. `now` is only used to choose between the two cookie sets. A [`ClerkUrl`] in the request's
    /// extensions counts as its public URL: a router may have taken a prefix off the request's own address.
    #[must_use]
    pub fn new(parts: &'r Parts, instance: &'r Instance, now: UnixTime) -> Self {
        let url = match parts.extensions.get::<ClerkUrl>() {
            Some(url) => url.clone(),
            None => ClerkUrl::within(parts, instance.public_origins()),
        };
        let cookie_check = url
            .query_parameter(query::COOKIE_CHECK)
            .filter(|_| instance.is_development());
        let url = if cookie_check.is_some() {
            url.without_cookie_check()
        } else {
            url
        };
        let mut cookies = RequestCookies::read(&parts.headers, instance.publishable_key().cookie_suffix());
        forget_meaningless_session(&mut cookies);
        let suffixed = uses_suffixed_cookies(&cookies, instance, now);
        let from_query = |name| url.query_parameter(name).filter(|value| !value.is_empty());
        let owned = |value: Option<&str>| value.map(str::to_owned);
        let opaque = |value: Option<&str>| owned(value.filter(|token| could_be_opaque_token(token)));
        // A development instance hands results over in the address, a production instance in cookies. The other
        // transport is not believed: a link must not be able to sign anybody in, nor a left-over cookie redirect for ever.
        let (handshake_token, handshake_nonce) = if instance.is_development() {
            (from_query(query::HANDSHAKE), from_query(query::HANDSHAKE_NONCE))
        } else {
            (
                owned(cookies.handshake.as_deref()),
                owned(cookies.handshake_nonce.as_deref()),
            )
        };
        Self {
            // Joined, so that a second field cannot be hidden behind the first one.
            bearer: joined_values(&parts.headers, &AUTHORIZATION)
                .and_then(|value| authorization::token(&value).map(str::to_owned)),
            uses_suffixed_cookies: suffixed,
            session_cookie: owned(cookies.session.get(suffixed)),
            refresh_cookie: opaque(cookies.refresh.as_deref()),
            client_uat: cookies.client_uat.get(suffixed).and_then(unsigned).unwrap_or(0),
            dev_browser: from_query(query::DEV_BROWSER)
                .filter(|token| could_be_opaque_token(token))
                .or_else(|| opaque(cookies.dev_browser.get(suffixed))),
            other_dev_browser: opaque(cookies.dev_browser.get(!suffixed)),
            handshake_token,
            handshake_nonce,
            redirect_count: cookies
                .redirect_count
                .as_deref()
                .map(RedirectCount::parse)
                .unwrap_or_default(),
            has_clerk_cookies: cookies.is_any,
            cookie_check: cookie_check.map(|seconds| seconds.parse().ok()),
            sec_fetch_dest: joined_values(&parts.headers, &header::SEC_FETCH_DEST).filter(|dest| !dest.is_empty()),
            accept: joined_values(&parts.headers, &ACCEPT),
            origin: joined_values(&parts.headers, &ORIGIN).filter(|origin| !origin.is_empty()),
            referer: first_value(&parts.headers, &REFERER).and_then(|referer| Url::parse(&referer).ok()),
            instance,
            parts,
            url,
        }
    }

    /// The instance the request is authenticated for.
    #[must_use]
    pub fn instance(&self) -> &'r Instance {
        self.instance
    }

    /// The request's public URL.
    #[must_use]
    pub fn url(&self) -> &ClerkUrl {
        &self.url
    }

    /// The request's method.
    #[must_use]
    pub fn method(&self) -> &'r Method {
        &self.parts.method
    }

    /// Whether the method is GET. A lower-case one counts, as in a browser's own `Request`.
    #[must_use]
    pub fn is_get(&self) -> bool {
        self.method().as_str().eq_ignore_ascii_case("GET")
    }

    /// The token of the `Authorization` header. Nothing else of the request is asked when there is one.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        self.bearer.as_deref()
    }

    /// Whether the suffixed cookies are believed.
    #[must_use]
    pub fn uses_suffixed_cookies(&self) -> bool {
        self.uses_suffixed_cookies
    }

    /// The session cookie of the set that is believed.
    #[must_use]
    pub fn session_cookie(&self) -> Option<&str> {
        self.session_cookie.as_deref()
    }

    /// The session cookie, else the `Authorization` header's token.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.session_cookie().or(self.bearer())
    }

    /// The refresh cookie.
    #[must_use]
    pub fn refresh_cookie(&self) -> Option<&str> {
        self.refresh_cookie.as_deref()
    }

    /// Unix seconds of the client's last change; 0 if nobody is signed in or the cookie is no unsigned number.
    #[must_use]
    pub fn client_uat(&self) -> u64 {
        self.client_uat
    }

    /// The development browser's token, from the query or else from the cookie.
    #[must_use]
    pub fn dev_browser(&self) -> Option<&str> {
        self.dev_browser.as_deref()
    }

    /// The development browser's token for a link to the portal: if there is none in the cookie set that is believed, the
    /// other one is better than a portal that does not know the browser.
    #[must_use]
    pub fn dev_browser_for_links(&self) -> Option<&str> {
        self.dev_browser().or(self.other_dev_browser.as_deref())
    }

    /// A handshake payload that came back: in the query (development) or in a cookie (production).
    #[must_use]
    pub fn handshake_token(&self) -> Option<&str> {
        self.handshake_token.as_deref()
    }

    /// The name of a handshake payload, likewise.
    #[must_use]
    pub fn handshake_nonce(&self) -> Option<&str> {
        self.handshake_nonce.as_deref()
    }

    /// How many handshakes in a row this browser has been sent into.
    #[must_use]
    pub fn redirect_count(&self) -> u64 {
        self.redirect_count.total()
    }

    pub(crate) fn redirects(&self) -> RedirectCount {
        self.redirect_count
    }

    /// Returns `true` if the browser sent a cookie under one of Clerk's names, whatever is in it.
    pub(crate) fn has_clerk_cookies(&self) -> bool {
        self.has_clerk_cookies
    }

    /// The mark of [`query::COOKIE_CHECK`], which [`url`](Self::url) is without, and the seconds in it.
    pub(crate) fn cookie_check(&self) -> Option<Option<i64>> {
        self.cookie_check
    }

    /// The `Origin` header.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// The `Referer` header, if it is a URL.
    #[must_use]
    pub fn referer(&self) -> Option<&Url> {
        self.referer.as_ref()
    }

    /// Whether the browser says that it will show the answer as a page of its own (not in a frame).
    #[must_use]
    pub fn is_document(&self) -> bool {
        self.sec_fetch_dest.as_deref() == Some("document")
    }

    /// What the caller can make of an answer.
    #[must_use]
    pub fn kind(&self) -> RequestKind {
        RequestKind::of(self.parts)
    }

    /// Returns `true` for a CORS preflight: `OPTIONS` with `Origin` and `Access-Control-Request-Method` (Fetch standard,
    /// "CORS-preflight request"). Browsers send it without cookies and without `Authorization`.
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        *self.method() == Method::OPTIONS
            && self.origin.is_some()
            && self.parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Whether a browser says that a page of another site made this request: by `Sec-Fetch-Site`, or by an `Origin` that is
    /// none of the application's own. A program that is no browser says nothing of the kind.
    #[must_use]
    pub fn comes_from_elsewhere(&self) -> bool {
        comes_from_elsewhere(self.parts, &self.url, self.instance)
    }

    /// Whether a page of another site made this request with this site's cookies and could do something by it: an
    /// unsafe method or a WebSocket. A request with a bearer token is not decided by its cookies.
    #[must_use]
    pub fn is_cross_site(&self) -> bool {
        self.bearer.is_none() && is_cross_site(self.parts, &self.url, self.instance)
    }

    /// Whether an expired session may be renewed for this request. A GET changes nothing, so that whoever made it may
    /// have it answered; any other method only if the application's own pages made it.
    #[must_use]
    pub fn is_eligible_for_refresh(&self) -> bool {
        self.is_get() || (!self.instance.refreshes_on_get_only() && !self.comes_from_elsewhere())
    }

    /// The page that htmx runs on, if it lies on the application's own origin.
    #[must_use]
    pub fn htmx_page(&self) -> Option<Url> {
        let page = first_value(&self.parts.headers, &header::HX_CURRENT_URL)?;
        Url::parse(&page).ok().filter(|page| self.is_own(page))
    }

    /// The `Referer`, if it lies on the application's own origin.
    #[must_use]
    pub fn same_origin_referer(&self) -> Option<&Url> {
        self.referer().filter(|referer| self.is_own(referer))
    }

    /// The `Referer`, if it lies on another origin.
    pub(crate) fn foreign_referer(&self) -> Option<&Url> {
        self.referer().filter(|referer| !self.is_own(referer))
    }

    fn is_own(&self, url: &Url) -> bool {
        url.origin().ascii_serialization() == self.url.origin()
    }

    /// Returns `true` if the request may be redirected to the Frontend API: a `GET` for a page.
    ///
    /// A navigation that a service worker passes on has the destination `empty` and counts.
    #[must_use]
    pub fn is_eligible_for_handshake(&self) -> bool {
        if !self.is_get() {
            return false;
        }
        match self.sec_fetch_dest.as_deref() {
            Some("empty") => is_navigation(&self.parts.headers),
            Some(dest) => matches!(dest, "document" | "iframe"),
            None => self
                .accept
                .as_deref()
                .is_some_and(|accept| accept.starts_with("text/html")),
        }
    }

    /// The request's header fields for a refresh: lower-case names, Clerk's own cookies and no others, and no
    /// `Authorization`.
    #[must_use]
    pub fn headers_for_refresh(&self) -> Vec<(String, String)> {
        let headers = &self.parts.headers;
        headers
            .keys()
            .filter(|name| *name != AUTHORIZATION)
            .filter_map(|name| {
                let value = if name == COOKIE {
                    clerk_cookies(headers, self.instance.publishable_key().cookie_suffix())
                } else {
                    joined_values(headers, name)?.into_owned()
                };
                (!value.is_empty()).then(|| (name.as_str().to_owned(), value))
            })
            .collect()
    }
}

impl std::fmt::Debug for AuthenticateContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthenticateContext")
            .field("method", self.method())
            .field("origin", &self.url.origin())
            .field("path", &self.url.as_url().path())
            .field("has_bearer", &self.bearer.is_some())
            .field("uses_suffixed_cookies", &self.uses_suffixed_cookies)
            .field("has_session_cookie", &self.session_cookie.is_some())
            .field("has_refresh_cookie", &self.refresh_cookie.is_some())
            .field("client_uat", &self.client_uat)
            .field("has_dev_browser", &self.dev_browser.is_some())
            .field("redirect_count", &self.redirect_count())
            .finish_non_exhaustive()
    }
}

/// An unsigned decimal number and nothing else. What is too large counts as the largest.
pub(super) fn unsigned(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The cookies whose names are Clerk's, plain or this instance's own, as the value of one field.
fn clerk_cookies(headers: &HeaderMap, suffix: &str) -> String {
    let is_clerks = |name: &str| {
        let plain = name
            .strip_suffix(suffix)
            .and_then(|name| name.strip_suffix('_'))
            .unwrap_or(name);
        cookie::ALL.contains(&plain)
    };
    cookies(headers)
        .filter_map(|(name, value)| Some((std::str::from_utf8(name).ok()?, latin1(value))))
        .filter(|(name, _)| is_clerks(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("; ")
}
