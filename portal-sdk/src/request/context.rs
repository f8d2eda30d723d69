//! [`AuthenticateContext`]: the facts of a request that the decision uses.

mod urls;

use std::borrow::Cow;
use std::cell::OnceCell;

use http::header::{ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION};
use http::request::Parts;
use http::{HeaderMap, Method};
use url::Url;

use super::address::Addresses;
use super::bearer;
use super::cross_site::{comes_from_elsewhere, is_cross_site};
use super::fields::Fields;
use super::headers::header_value;
use super::navigation::is_navigation;
use super::public_url::PublicUrl;
use super::redirect_count::RedirectCount;
use super::refresh_headers::headers_for_refresh;
use super::suffix::ChosenCookies;
use crate::clock::UnixTime;
use crate::instance::{Instance, OrganizationTarget};
use crate::limits::could_be_opaque_token;
use crate::names::{header, query};
use crate::token::{ReadOnce, TokenError, UnverifiedToken, VerifiedTokens};

/// The facts of a request that the decision uses.
///
/// It borrows from the request and the instance, and verifies neither cookies nor tokens. Each fact is computed once,
/// on first use, so that a request without cookies is cheap.
#[derive(Clone)]
pub struct AuthenticateContext<'r> {
    instance: &'r Instance,
    parts: &'r Parts,
    fields: Fields<'r>,
    now: UnixTime,
    verified: Option<&'r VerifiedTokens>,
    addresses: Option<&'r Addresses>,
    /// The public URL of an outer layer.
    given_url: Option<PublicUrl>,
    known_origin: OnceCell<Option<&'r str>>,
    url: OnceCell<PublicUrl>,
    bearer: OnceCell<Option<Cow<'r, str>>>,
    bearer_token: ReadOnce,
    cookies: OnceCell<ChosenCookies<'r>>,
    dev_browser_parameter: OnceCell<Option<String>>,
    handshake_parameters: OnceCell<HandshakeParameters>,
    cookie_check: OnceCell<Option<Option<i64>>>,
    organization_target: OnceCell<Option<OrganizationTarget>>,
    referer: OnceCell<Option<Url>>,
    origin: OnceCell<Option<Cow<'r, str>>>,
}

/// The query parameters that a development instance's handshake returns.
#[derive(Clone, Default)]
struct HandshakeParameters {
    token: Option<String>,
    nonce: Option<String>,
}

impl<'r> AuthenticateContext<'r> {
    /// Creates the context of a request. `now` is only used to choose between the two cookie sets.
    #[must_use]
    pub fn new(parts: &'r Parts, instance: &'r Instance, now: UnixTime) -> Self {
        Self::create(parts, instance, now, None, None)
    }

    /// Creates the context like [`new`](Self::new), with the tokens verified before and the addresses seen before.
    pub(crate) fn with_memory(
        parts: &'r Parts,
        instance: &'r Instance,
        now: UnixTime,
        verified: &'r VerifiedTokens,
        addresses: &'r Addresses,
    ) -> Self {
        Self::create(parts, instance, now, Some(verified), Some(addresses))
    }

    fn create(
        parts: &'r Parts,
        instance: &'r Instance,
        now: UnixTime,
        verified: Option<&'r VerifiedTokens>,
        addresses: Option<&'r Addresses>,
    ) -> Self {
        Self {
            instance,
            parts,
            fields: Fields::read(&parts.headers),
            now,
            verified,
            addresses,
            given_url: None,
            known_origin: OnceCell::new(),
            url: OnceCell::new(),
            bearer: OnceCell::new(),
            bearer_token: ReadOnce::default(),
            cookies: OnceCell::new(),
            dev_browser_parameter: OnceCell::new(),
            handshake_parameters: OnceCell::new(),
            cookie_check: OnceCell::new(),
            organization_target: OnceCell::new(),
            referer: OnceCell::new(),
            origin: OnceCell::new(),
        }
    }

    /// Sets the request's public URL.
    ///
    /// Use it if a router has changed the path since an outer layer read the URL.
    #[must_use]
    pub fn with_public_url(mut self, url: PublicUrl) -> Self {
        self.given_url = Some(url);
        self
    }

    /// The instance that the request is authenticated for.
    #[must_use]
    pub fn instance(&self) -> &'r Instance {
        self.instance
    }

    /// The time at which the request was read.
    #[must_use]
    pub fn read_at(&self) -> UnixTime {
        self.now
    }

    /// The request's method.
    #[must_use]
    pub fn method(&self) -> &'r Method {
        &self.parts.method
    }

    pub(crate) fn headers(&self) -> &'r HeaderMap {
        &self.parts.headers
    }

    /// Returns `true` if the method is GET.
    ///
    /// The letter case is ignored, as in the Fetch standard's `Request`.
    #[must_use]
    pub fn is_get(&self) -> bool {
        self.method().as_str().eq_ignore_ascii_case("GET")
    }

    /// The token of the `Authorization` header. If there is one, cookies are not read.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        // Join the fields, so that the first one cannot hide a second one.
        let read = || match self.fields.authorization.value(&self.parts.headers, &AUTHORIZATION)? {
            Cow::Borrowed(value) => bearer::token(value).map(Cow::Borrowed),
            Cow::Owned(value) => bearer::token(&value).map(|token| token.to_owned().into()),
        };
        self.bearer.get_or_init(read).as_deref()
    }

    pub(crate) fn bearer_token(&self) -> Option<Result<UnverifiedToken<'_>, TokenError>> {
        let token = self.bearer()?;
        Some(self.bearer_token.read(token.as_bytes(), || token, self.verified))
    }

    fn cookies(&self) -> &ChosenCookies<'r> {
        let headers = &self.parts.headers;
        let read = || ChosenCookies::read(self.fields.cookie, headers, self.instance, self.verified, self.now);
        self.cookies.get_or_init(read)
    }

    /// Returns `true` if the suffixed cookies are trusted.
    #[must_use]
    pub fn uses_suffixed_cookies(&self) -> bool {
        self.cookies().are_suffixed
    }

    /// The session cookie of the trusted set.
    #[must_use]
    pub fn session_cookie(&self) -> Option<&str> {
        let ChosenCookies { all, are_suffixed, .. } = self.cookies();
        all.session(*are_suffixed)
    }

    pub(crate) fn session_cookie_token(&self) -> Option<Result<UnverifiedToken<'_>, TokenError>> {
        let ChosenCookies { all, are_suffixed, .. } = self.cookies();
        all.session_token(*are_suffixed, self.verified)
    }

    /// The session cookie, or else the `Authorization` header's token.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.session_cookie().or(self.bearer())
    }

    /// The refresh cookie.
    #[must_use]
    pub fn refresh_cookie(&self) -> Option<&str> {
        opaque(self.cookies().all.refresh())
    }

    /// The time of the client's last change, in Unix seconds.
    ///
    /// 0 if the browser is signed out or the cookie is not an unsigned number.
    #[must_use]
    pub fn client_uat(&self) -> u64 {
        self.cookies().client_uat
    }

    /// The development browser's token, from the query string or the cookie.
    #[must_use]
    pub fn dev_browser(&self) -> Option<&str> {
        let read = || self.query_parameter(query::DEV_BROWSER);
        let parameter = opaque(self.dev_browser_parameter.get_or_init(read).as_deref());
        let ChosenCookies { all, are_suffixed, .. } = self.cookies();
        parameter
            .filter(|token| !token.is_empty())
            .or_else(|| opaque(all.dev_browser(*are_suffixed)))
    }

    /// The development browser's token for a link to the portal.
    ///
    /// Falls back to the other cookie set, because without a token the portal would not recognize the browser.
    #[must_use]
    pub fn dev_browser_for_links(&self) -> Option<&str> {
        let ChosenCookies { all, are_suffixed, .. } = self.cookies();
        self.dev_browser().or_else(|| opaque(all.dev_browser(!are_suffixed)))
    }

    /// The payload of a returning handshake.
    ///
    /// It is in the query string in development, and in a cookie in production. The other transport is ignored. A link
    /// must not be able to sign a user in, and a left-over cookie must not cause a redirect loop.
    #[must_use]
    pub fn handshake_token(&self) -> Option<&str> {
        match self.instance.is_development() {
            true => self.handshake_parameters().token.as_deref(),
            false => self.cookies().all.handshake(),
        }
    }

    /// The nonce of a returning handshake's payload, by the transport of [`handshake_token`](Self::handshake_token).
    #[must_use]
    pub fn handshake_nonce(&self) -> Option<&str> {
        match self.instance.is_development() {
            true => self.handshake_parameters().nonce.as_deref(),
            false => self.cookies().all.handshake_nonce(),
        }
    }

    fn handshake_parameters(&self) -> &HandshakeParameters {
        let read = |name| self.query_parameter(name).filter(|value| !value.is_empty());
        self.handshake_parameters.get_or_init(|| HandshakeParameters {
            token: read(query::HANDSHAKE),
            nonce: read(query::HANDSHAKE_NONCE),
        })
    }

    /// The number of consecutive redirects of this browser.
    #[must_use]
    pub fn redirect_count(&self) -> u64 {
        self.redirects().total()
    }

    pub(crate) fn redirects(&self) -> RedirectCount {
        let count = self.cookies().all.redirect_count();
        count.map(RedirectCount::parse).unwrap_or_default()
    }

    /// Returns `true` if the request has one of Clerk's cookies, even empty.
    pub(crate) fn has_clerk_cookies(&self) -> bool {
        self.cookies().all.is_any()
    }

    /// The value of [`query::COOKIE_CHECK`], and its Unix seconds if they are a number. [`url`](Self::url) omits it.
    pub(crate) fn cookie_check(&self) -> Option<Option<i64>> {
        *self.cookie_check.get_or_init(|| {
            let mark = match self.instance.is_development() {
                true => self.query_parameter(query::COOKIE_CHECK),
                false => None,
            };
            mark.map(|seconds| seconds.parse().ok())
        })
    }

    fn sec_fetch_dest(&self) -> Option<Cow<'r, str>> {
        let dest = self
            .fields
            .sec_fetch_dest
            .value(&self.parts.headers, &header::SEC_FETCH_DEST);
        dest.filter(|dest| !dest.is_empty())
    }

    /// Returns `true` if a page of the same origin made the request, by `Sec-Fetch-Site`.
    pub(crate) fn is_from_same_origin(&self) -> bool {
        let site = header_value(&self.parts.headers, &header::SEC_FETCH_SITE);
        site.as_deref() == Some("same-origin")
    }

    /// Returns `true` if the browser shows the response as a top-level page.
    ///
    /// The header is `Sec-Fetch-Dest`.
    #[must_use]
    pub fn is_document(&self) -> bool {
        self.sec_fetch_dest().as_deref() == Some("document")
    }

    /// Returns `true` for a CORS preflight: `OPTIONS` with `Origin` and `Access-Control-Request-Method` (Fetch
    /// standard, "CORS-preflight request"). Browsers send it without cookies and without `Authorization`.
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        *self.method() == Method::OPTIONS
            && self.origin().is_some()
            && self.parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Returns `true` if a page of another site made this request.
    ///
    /// `Sec-Fetch-Site` decides, else `Origin`. Clients other than browsers send neither header.
    #[must_use]
    pub fn comes_from_elsewhere(&self) -> bool {
        comes_from_elsewhere(self, self.parts)
    }

    /// Returns `true` for a cross-site request with cookies that changes something.
    ///
    /// That is an unsafe method or a WebSocket. Requests with a bearer token are exempt, because their cookies are not
    /// read.
    #[must_use]
    pub fn is_cross_site(&self) -> bool {
        self.bearer().is_none() && is_cross_site(self, self.parts)
    }

    /// Returns `true` if an expired session may be renewed for this request.
    ///
    /// Pages of any site may cause a GET, because it changes nothing; other methods must come from the application's
    /// pages.
    #[must_use]
    pub fn is_eligible_for_refresh(&self) -> bool {
        self.is_get() || (!self.instance.refreshes_on_get_only() && !self.comes_from_elsewhere())
    }

    /// Returns `true` if the request may be redirected to the Frontend API.
    ///
    /// That is a `GET` for a page. A navigation that a service worker passes on has the destination `empty` and counts.
    #[must_use]
    pub fn is_eligible_for_handshake(&self) -> bool {
        if !self.is_get() {
            return false;
        }
        let headers = &self.parts.headers;
        match self.sec_fetch_dest().as_deref() {
            Some("empty") => is_navigation(headers),
            Some(dest) => matches!(dest, "document" | "iframe"),
            None => self
                .fields
                .accept
                .value(headers, &ACCEPT)
                .is_some_and(|accept| accept.starts_with("text/html")),
        }
    }

    /// The request's header fields for a refresh.
    ///
    /// Names are lower-case; of the cookies only Clerk's are included, and `Authorization` is omitted.
    #[must_use]
    pub fn headers_for_refresh(&self) -> Vec<(String, String)> {
        headers_for_refresh(&self.parts.headers, self.instance.publishable_key().cookie_suffix())
    }
}

impl std::fmt::Debug for AuthenticateContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthenticateContext")
            .field("method", self.method())
            .field("origin", &self.url().origin())
            .field("path", &self.url().as_url().path())
            .field("has_bearer", &self.bearer().is_some())
            .field("uses_suffixed_cookies", &self.uses_suffixed_cookies())
            .field("has_session_cookie", &self.session_cookie().is_some())
            .field("has_refresh_cookie", &self.refresh_cookie().is_some())
            .field("client_uat", &self.client_uat())
            .field("has_dev_browser", &self.dev_browser().is_some())
            .field("redirect_count", &self.redirect_count())
            .finish_non_exhaustive()
    }
}

/// Returns a refresh token or a development browser's token if its size is plausible.
fn opaque(token: Option<&str>) -> Option<&str> {
    token.filter(|token| could_be_opaque_token(token))
}
