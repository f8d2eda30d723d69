//! The Account Portal's pages and links to them: [`Portal`].
//!
//! | Page | Path | Its URL may come from |
//! |---|---|---|
//! | [sign-in](PortalPage::SignIn) | `/sign-in` | `CLERK_SIGN_IN_URL`, discovery |
//! | [sign-up](PortalPage::SignUp) | `/sign-up` | `CLERK_SIGN_UP_URL`, below `CLERK_SIGN_IN_URL` (`/create`), discovery |
//! | [user profile](PortalPage::UserProfile) | `/user` | discovery |
//! | [organization profile](PortalPage::OrganizationProfile) | `/organization` | discovery |
//! | [create organization](PortalPage::CreateOrganization) | `/create-organization` | discovery |
//! | [waitlist](PortalPage::Waitlist) | `/waitlist` | discovery |
//! | [unauthorized sign-in](PortalPage::UnauthorizedSignIn) | `/unauthorized-sign-in` | |
//! | [session tasks](PortalPage::SessionTasks) | `/sign-in/tasks` | below the sign-in page |
//!
//! Otherwise the URL is derived from the Frontend API's host:
//!
//! | Instance | Frontend API | Portal |
//! |---|---|---|
//! | production | `clerk.example.com` | `accounts.example.com` |
//! | development | `foo.clerk.accounts.dev` | `foo.accounts.dev` |
//! | older development | `clerk.foo.lcl.dev` | `accounts.foo.lcl.dev` |
//! | local portal | `http://127.0.0.1:8787/accounts.dev` | `http://127.0.0.1:8787` |
//!
//! A proxy or a satellite's domain does not change it.
//!
//! | Parameter | On | Set by |
//! |---|---|---|
//! | `redirect_url` | every page | [`with_return_back`](PortalLink::with_return_back) |
//! | `sign_in_force_redirect_url`, `sign_in_fallback_redirect_url`, `sign_up_…` | sign-in, sign-up | the instance, such as [`sign_in_force_redirect_url`](crate::instance::InstanceBuilder::sign_in_force_redirect_url); a forced URL replaces the fallback |
//! | `email_address`, `phone_number`, `username` | sign-in, sign-up | [`with_prefill`](PortalLink::with_prefill) |
//! | `first_name`, `last_name` | sign-up | [`with_prefill`](PortalLink::with_prefill) |
//! | `__clerk_db_jwt` | every page on another origin, development only | [`with_dev_browser`](PortalLink::with_dev_browser) |
//! | `__clerk_synced=false`, inside the URLs to return to | links of a satellite to another origin | the instance |

mod discover;
mod link;
mod page;
mod prefill;
mod return_back;

use std::sync::Arc;

use url::{ParseError, Url};

pub use discover::DiscoveredPages;
pub use link::{LinkError, PortalLink};
pub(crate) use page::portal_base;
pub use page::{PortalPage, SessionTask};
pub use prefill::Prefill;
pub use return_back::{ReturnBackUrl, ReturnBackUrlError};

use crate::instance::{
    AfterRedirects, FrontendApi, Instance, InstanceType, Origin, PublicOrigins, join_below, with_scheme,
};

/// The Account Portal of one instance, for links to its pages.
///
/// Convert it from an [`Instance`] (with the application's settings) or from a [`FrontendApi`] alone:
///
/// ```
/// use portal_sdk::instance::PublishableKey;
/// use portal_sdk::portal::Portal;
///
/// let key: PublishableKey = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse()?;
/// let url = Portal::from(key.frontend_api()).sign_in().with_return_back("https://app.example.com/dash?x=1").to_url()?;
/// assert_eq!(
///     url.as_str(),
///     "https://accounts.example.com/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fdash%3Fx%3D1"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Portal {
    settings: Arc<Settings>,
    discovered: Option<Arc<DiscoveredPages>>,
}

#[derive(Debug)]
struct Settings {
    base: Box<str>,
    /// The portal returns to the https origins of this domain and its subdomains.
    domain: Option<Box<str>>,
    /// Other origins that the portal returns to.
    origins: Vec<Origin>,
    /// The application's own origins, with the paths that a proxy strips from requests.
    public_origins: PublicOrigins,
    is_development: bool,
    is_satellite: bool,
    sign_in_url: Option<Box<str>>,
    sign_up_url: Option<Box<str>>,
    after_redirects: AfterRedirects,
}

impl Portal {
    /// The portal's origin, such as `https://accounts.example.com`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.settings.base
    }

    /// Replaces derived page URLs by those read from the instance.
    ///
    /// The application's own sign-in and sign-up pages take precedence.
    #[must_use]
    pub fn with_discovered(mut self, pages: impl Into<Arc<DiscoveredPages>>) -> Self {
        self.discovered = Some(pages.into());
        self
    }

    /// A link to `page`.
    pub fn link(&self, page: PortalPage) -> PortalLink<'_> {
        PortalLink::new(self, page)
    }

    /// A link to the sign-in page.
    pub fn sign_in(&self) -> PortalLink<'_> {
        self.link(PortalPage::SignIn)
    }

    /// A link to the sign-up page.
    pub fn sign_up(&self) -> PortalLink<'_> {
        self.link(PortalPage::SignUp)
    }

    /// A link to the user profile page.
    pub fn user_profile(&self) -> PortalLink<'_> {
        self.link(PortalPage::UserProfile)
    }

    /// A link to the organization profile page.
    pub fn organization_profile(&self) -> PortalLink<'_> {
        self.link(PortalPage::OrganizationProfile)
    }

    /// A link to the page that creates an organization.
    pub fn create_organization(&self) -> PortalLink<'_> {
        self.link(PortalPage::CreateOrganization)
    }

    /// A link to the waitlist page.
    pub fn waitlist(&self) -> PortalLink<'_> {
        self.link(PortalPage::Waitlist)
    }

    /// A link to the unauthorized sign-in page.
    pub fn unauthorized_sign_in(&self) -> PortalLink<'_> {
        self.link(PortalPage::UnauthorizedSignIn)
    }

    /// A link to the tasks of a pending session.
    pub fn session_tasks(&self) -> PortalLink<'_> {
        self.link(PortalPage::SessionTasks)
    }

    /// Resolves a URL or a path of the application against `here`, the public URL of a request.
    fn resolve(&self, here: Option<&Url>, text: &str) -> Result<Url, ParseError> {
        match here {
            Some(here) => join_below(here, self.settings.public_origins.base_path_at(here), text),
            None => Url::parse(text),
        }
    }

    /// Returns `true` if the portal returns users to `url`, regardless of the requesting site.
    fn allows(&self, url: &Url) -> bool {
        let is_on = |domain: &str| {
            let host = url.host_str().unwrap_or_default();
            let is_below = host
                .strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            is_below && url.scheme() == "https" && url.port().is_none()
        };
        self.settings.origins.iter().any(|allowed| allowed.is_origin_of(url))
            || self.settings.domain.as_deref().is_some_and(is_on)
    }

    /// Lists the origins that the portal returns users to, for error messages.
    fn allowed(&self, requested_from: Option<&Url>) -> String {
        let own = requested_from.and_then(Origin::of).map(String::from);
        let domain = self.settings.domain.as_deref();
        let domain = domain.map(|domain| format!("https://{domain} and its subdomains"));
        let others = self.settings.origins.iter().map(String::from);
        own.into_iter()
            .chain(domain)
            .chain(others)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl From<&FrontendApi> for Portal {
    /// Creates the portal of a Frontend API, without an application's settings.
    ///
    /// It returns users to the instance's domain, in development to the Frontend API, and to the site that requests a
    /// link.
    fn from(frontend_api: &FrontendApi) -> Self {
        Self {
            settings: Arc::new(Settings::of(frontend_api)),
            discovered: None,
        }
    }
}

impl From<&Instance> for Portal {
    /// Creates the portal of an instance with the application's settings.
    ///
    /// These are its sign-in and sign-up pages, its redirects, the origins it allows, and in development the
    /// development browser's token on links.
    fn from(instance: &Instance) -> Self {
        let of_the_instance = Settings::of(instance.publishable_key().frontend_api());
        let own = instance.public_origins().iter();
        let others = instance.allowed_redirect_origins();
        let settings = Settings {
            origins: own.chain(others).cloned().chain(of_the_instance.origins).collect(),
            public_origins: instance.public_origins().clone(),
            is_development: instance.instance_type() == InstanceType::Development,
            is_satellite: instance.is_satellite(),
            sign_in_url: instance.sign_in_url().map(Into::into),
            sign_up_url: instance.sign_up_url().map(Into::into),
            after_redirects: instance.after_redirects().clone(),
            ..of_the_instance
        };
        Self {
            settings: Arc::new(settings),
            discovered: None,
        }
    }
}

impl Settings {
    fn of(frontend_api: &FrontendApi) -> Self {
        let url = Url::parse(&with_scheme(frontend_api.as_str())).ok();
        // A development Frontend API is on Clerk's allowlist: it is a sibling of the domain, not a subdomain.
        let is_development = frontend_api.instance_type() == InstanceType::Development;
        let own = url.as_ref().filter(|_| is_development);
        // A local portal serves its pages from its Frontend API, so that there is no domain to allow.
        let is_local = frontend_api.local_origin().is_some();
        let domain = url.as_ref().filter(|_| !is_local).and_then(domain_of);
        Self {
            base: portal_base(frontend_api.as_str()).into(),
            domain,
            origins: own.and_then(Origin::of).into_iter().collect(),
            public_origins: PublicOrigins::default(),
            is_development: false,
            is_satellite: false,
            sign_in_url: None,
            sign_up_url: None,
            after_redirects: AfterRedirects::default(),
        }
    }
}

/// Returns the domain on Clerk's allowlist: the Frontend API's host without the first `clerk.`.
fn domain_of(frontend_api: &Url) -> Option<Box<str>> {
    Some(frontend_api.host_str()?.replacen("clerk.", "", 1).into())
}
