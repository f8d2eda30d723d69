//! [`InstanceBuilder`]: settings as text, collected.

mod build;

use std::time::Duration;

use super::AfterRedirects;
use super::redact::redacted;

/// Collects the settings of an [`Instance`](super::Instance). Texts are checked by [`build`](Self::build), all in one place.
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct InstanceBuilder {
    pub(super) publishable_key: String,
    pub(super) secret_key: String,
    pub(super) api_url: Option<String>,
    pub(super) api_version: Option<String>,
    pub(super) jwt_key: Option<String>,
    pub(super) proxy_url: Option<String>,
    pub(super) frontend_api_url: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) is_satellite: bool,
    pub(super) satellite_auto_sync: bool,
    pub(super) satellite_origins: Vec<String>,
    pub(super) syncs_from_satellites_only: bool,
    pub(super) public_origin: Option<String>,
    pub(super) trusted_origins: Vec<String>,
    pub(super) allowed_request_origins: Vec<String>,
    pub(super) allowed_redirect_origins: Vec<String>,
    pub(super) discovers_pages: bool,
    pub(super) refreshes_on_get_only: bool,
    pub(super) sign_in_url: Option<String>,
    pub(super) sign_up_url: Option<String>,
    pub(super) redirects: AfterRedirects,
    pub(super) authorized_parties: Vec<Box<str>>,
    pub(super) audience: Vec<Box<str>>,
    pub(super) issuers: Vec<Box<str>>,
    pub(super) clock_skew: Option<Duration>,
    pub(super) organization_patterns: Vec<String>,
    pub(super) personal_account_patterns: Vec<String>,
    pub(super) debug: bool,
}

impl InstanceBuilder {
    pub(super) fn new(publishable_key: String, secret_key: String) -> Self {
        Self {
            publishable_key,
            secret_key,
            ..Self::default()
        }
    }

    /// The Backend API's address. A version at its end (`/v1`) is dropped with a warning. Default: the local portal inside the publishable key, else
    /// `https://api.clerk.com`.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = Some(url.into());
        self
    }

    /// The Backend API's version as a path segment. Default: `v1`.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = Some(version.into());
        self
    }

    /// The instance's public key in PEM, so that no key is ever fetched. Line ends may be missing, or written as spaces or
    /// as `\n`; the `BEGIN`/`END` lines may be missing.
    pub fn jwt_key(mut self, pem: impl Into<String>) -> Self {
        self.jwt_key = Some(pem.into());
        self
    }

    /// Where this application serves the Frontend API itself: an absolute http(s) address, or a path such as
    /// `/__clerk` below the public origin.
    pub fn proxy_url(mut self, url: impl Into<String>) -> Self {
        self.proxy_url = Some(url.into());
        self
    }

    /// Where this application's proxy passes requests for the Frontend API on to: an absolute http(s) address without
    /// query and user information. Default: Clerk's own, or the local portal inside the publishable key.
    pub fn frontend_api_url(mut self, url: impl Into<String>) -> Self {
        self.frontend_api_url = Some(url.into());
        self
    }

    /// A satellite's own domain, without scheme, such as `satellite.example`.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Declares this application a satellite: people sign in on the primary, this domain follows.
    pub fn satellite(mut self) -> Self {
        self.is_satellite = true;
        self
    }

    /// Lets a satellite ask the primary about every browser it has never seen. Costs a redirect per first visit.
    pub fn satellite_auto_sync(mut self) -> Self {
        self.satellite_auto_sync = true;
        self
    }

    /// On a development primary: origins of satellites (besides this machine's own addresses) that may receive the
    /// development token, such as `https://satellite.example`.
    pub fn satellite_origins<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.satellite_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Asks for a handshake after a link from another origin only if that origin is one of
    /// [`satellite_origins`](Self::satellite_origins). Default: after a link from any origin but Clerk's, as Clerk's own
    /// SDK does, which costs every such visitor a redirect.
    pub fn sync_from_satellites_only(mut self) -> Self {
        self.syncs_from_satellites_only = true;
        self
    }

    /// The origin that browsers reach this application at, such as `https://app.example.com`. Requests that claim another
    /// one, by `Host` or by forwarded headers, are taken to be for this one. Unless
    /// [`authorized_parties`](Self::authorized_parties) are set, tokens must have been made for it.
    ///
    /// Behind a proxy that serves the application under a path and takes that path off each request, give the path too:
    /// `https://example.com/shop`. Links, redirects and this crate's own cookies then lie below it; paths in settings and
    /// patterns stay the application's own (`/sign-in`, not `/shop/sign-in`). `X-Forwarded-Prefix` only chooses between
    /// several paths named here and in [`trusted_origins`](Self::trusted_origins). `X-Forwarded-Port` and `Forwarded`
    /// (RFC 7239) are never read; behind a proxy that sends only those, set this.
    ///
    /// # Security
    ///
    /// Without this and [`trusted_origins`](Self::trusted_origins) the headers are believed: whoever can set them past
    /// your proxy chooses where people are sent back to.
    pub fn public_origin(mut self, origin: impl Into<String>) -> Self {
        self.public_origin = Some(origin.into());
        self
    }

    /// Origins that a request may claim to be for, each with a path where there is one. Any other claim is taken to be for
    /// the [`public_origin`](Self::public_origin), or without one for the first of these.
    pub fn trusted_origins<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.trusted_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Other origins whose pages may send this application requests that change something, with cookies, such as a
    /// front end at `https://spa.example.com`. Default: none, so that such requests are refused (403); the application's
    /// own origins need not be named.
    ///
    /// # Security
    ///
    /// A page on one of these origins can do whatever the person who looks at it may do here.
    pub fn allowed_request_origins<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.allowed_request_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Other origins that the portal may send people back to, such as `https://www.example.net`. They must be allowed at
    /// Clerk too. Default: the application's own origins, the instance's domain with its subdomains, and in development
    /// the Frontend API. Whole origins only; there are no wildcards.
    pub fn allowed_redirect_origins<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.allowed_redirect_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Reads the addresses of the portal's pages from the instance (`GET /v1/environment` of its Frontend API) instead
    /// of deriving them. For instances whose Frontend API is not called `clerk.…`, or whose pages were moved. They are
    /// read in the background and again every hour; until they are there, and while they cannot be read, the derived
    /// or the last known addresses serve.
    pub fn discover_pages(mut self) -> Self {
        self.discovers_pages = true;
        self
    }

    /// Renews an expired session for GET requests only, as Clerk's own SDK does. Default: for every method, unless a
    /// page of another site made the request, so that a form which took longer than a minute to fill in is not lost.
    pub fn refresh_on_get_only(mut self) -> Self {
        self.refreshes_on_get_only = true;
        self
    }

    /// The application's own sign-in page instead of the portal's: a path or an absolute http(s) address.
    pub fn sign_in_url(mut self, url: impl Into<String>) -> Self {
        self.sign_in_url = Some(url.into());
        self
    }

    /// The application's own sign-up page instead of the portal's: a path or an absolute http(s) address.
    pub fn sign_up_url(mut self, url: impl Into<String>) -> Self {
        self.sign_up_url = Some(url.into());
        self
    }

    /// Where the portal sends people after sign-in and sign-up.
    pub fn after_redirects(mut self, redirects: AfterRedirects) -> Self {
        self.redirects = redirects;
        self
    }

    /// Origins that tokens may have been made for (claim `azp`), such as `https://app.example.com` or an extension's
    /// `chrome-extension://…`. Default: all.
    ///
    /// # Security
    ///
    /// Without this a token made for a sister application of the same Clerk instance is accepted too.
    pub fn authorized_parties<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator<Item: Into<Box<str>>>,
    {
        self.authorized_parties = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Audiences of which a token must name one if it names any (claim `aud`). Default: all.
    pub fn audience<I>(mut self, audience: I) -> Self
    where
        I: IntoIterator<Item: Into<Box<str>>>,
    {
        self.audience = audience.into_iter().map(Into::into).collect();
        self
    }

    /// Issuers of which a token must name one (claim `iss`), such as `https://clerk.example.com`. Default: all.
    pub fn issuers<I>(mut self, issuers: I) -> Self
    where
        I: IntoIterator<Item: Into<Box<str>>>,
    {
        self.issuers = issuers.into_iter().map(Into::into).collect();
        self
    }

    /// How far this machine's clock may be off when a token's times are read. Default: 5 seconds; at most a day.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = Some(skew);
        self
    }

    /// Paths that name the organization that must be active there, such as `/orgs/:slug` and `/orgs/:slug/(.*)`: who is
    /// signed in with another one is sent through a handshake that activates it. Default: none.
    ///
    /// A pattern has a parameter `:id` or `:slug`. The syntax is that of the npm package `path-to-regexp` 6: `:name`
    /// takes one segment, `:name(expression)` and `(expression)` what the regular expression says, `{…}` groups, `?`,
    /// `*` and `+` follow parameters and groups. Letter case and one closing slash do not matter. An expression that
    /// needs more than linear time (look-around, back references) is refused.
    ///
    /// Clerk leaves the active organization as it is where the user is not a member of the named one. A state that is signed
    /// in then has [`organization_mismatch`](crate::state::SignedInState::organization_mismatch), and guards and extractors
    /// refuse it; so are requests that cannot be redirected, such as a script's, with another organization active.
    pub fn organization_patterns<I>(mut self, patterns: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.organization_patterns = patterns.into_iter().map(Into::into).collect();
        self
    }

    /// Paths at which the personal account must be active, such as `/me` and `/me/(.*)`; see
    /// [`organization_patterns`](Self::organization_patterns), which are looked at first. Default: none.
    pub fn personal_account_patterns<I>(mut self, patterns: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.personal_account_patterns = patterns.into_iter().map(Into::into).collect();
        self
    }

    /// Lets answers carry `x-clerk-auth-message`, which explains a refusal in words.
    ///
    /// # Security
    ///
    /// The message can name expected origins, key ids and this machine's time. Leave it off in production.
    pub fn debug(mut self) -> Self {
        self.debug = true;
        self
    }
}

impl std::fmt::Debug for InstanceBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstanceBuilder")
            .field("publishable_key", &redacted(&self.publishable_key))
            .finish_non_exhaustive()
    }
}
