//! The Account Portal's pages and links to them.
//!
//! | Page | Path | Its address may come from |
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
//! Without any of these an address is derived from the Frontend API's host: production `clerk.example.com` has its portal
//! at `accounts.example.com`, development `foo.clerk.accounts.dev` at `foo.accounts.dev`, older development
//! `clerk.foo.lcl.dev` at `accounts.foo.lcl.dev`, Clerk's staging likewise; a local portal serves its pages itself. Neither
//! a proxy nor a satellite's domain changes it.
//!
//! | Parameter | On | Set by |
//! |---|---|---|
//! | `redirect_url` | every page | [`return_back_to`](PortalLink::return_back_to) |
//! | `sign_in_force_redirect_url`, `sign_in_fallback_redirect_url`, `sign_up_…` | sign-in, sign-up | the instance's [`after_redirects`](crate::instance::InstanceBuilder::after_redirects); a fallback gives way to a force |
//! | `email_address`, `phone_number`, `username` | sign-in, sign-up | [`prefill`](PortalLink::prefill) |
//! | `first_name`, `last_name` | sign-up | [`prefill`](PortalLink::prefill) |
//! | `__clerk_db_jwt` | every page on another origin, development only | [`dev_browser`](PortalLink::dev_browser) |
//! | `__clerk_synced=false`, inside the addresses to return to | links of a satellite to another origin | the instance |

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

use crate::instance::{AfterRedirects, FrontendApi, Instance, InstanceType, PublicOrigins, join_below, with_scheme};

/// The Account Portal of one instance: where its pages are.
///
/// ```
/// use portal_sdk::instance::PublishableKey;
/// use portal_sdk::portal::Portal;
///
/// let key: PublishableKey = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse()?;
/// let url = Portal::from(key.frontend_api()).sign_in().return_back_to("https://app.example.com/dash?x=1").to_url()?;
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
    /// The instance's domain, whose https origins the portal returns to.
    domain: Option<Box<str>>,
    /// Other origins it returns to.
    origins: Vec<Box<str>>,
    /// The application's own, with the paths that a proxy takes off requests.
    public_origins: PublicOrigins,
    is_development: bool,
    is_satellite: bool,
    sign_in_url: Option<Box<str>>,
    sign_up_url: Option<Box<str>>,
    redirects: AfterRedirects,
}

impl Portal {
    /// The portal's origin, such as `https://accounts.example.com`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.settings.base
    }

    /// This portal with the page addresses that the instance itself names. They take the place of the derived ones, not
    /// of the application's own sign-in and sign-up pages.
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

    /// A link to the create organization page.
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

    /// Resolves an address or a path of the application against `here`, the public URL of a request.
    fn resolve(&self, here: Option<&Url>, text: &str) -> Result<Url, ParseError> {
        match here {
            Some(here) => join_below(here, self.settings.public_origins.base_path_at(here), text),
            None => Url::parse(text),
        }
    }

    /// Whether the portal returns people to `url`, whoever asks.
    fn allows(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        let is_on = |domain: &str| {
            let host = url.host_str().unwrap_or_default();
            let is_below = host
                .strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            is_below && url.scheme() == "https" && url.port().is_none()
        };
        self.settings.origins.iter().any(|allowed| **allowed == *origin)
            || self.settings.domain.as_deref().is_some_and(is_on)
    }

    /// Where the portal returns people to, in words.
    fn allowed(&self, requested_from: Option<&Url>) -> String {
        let own = requested_from.map(|here| here.origin().ascii_serialization());
        let domain = self.settings.domain.as_deref();
        let domain = domain.map(|domain| format!("https://{domain} and its subdomains"));
        let others = self.settings.origins.iter().map(ToString::to_string);
        own.into_iter()
            .chain(domain)
            .chain(others)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl From<&FrontendApi> for Portal {
    /// The portal that belongs to a Frontend API, with no settings of an application. It returns people to the
    /// instance's domain, in development to the Frontend API, and to the site that a link is requested from.
    fn from(frontend_api: &FrontendApi) -> Self {
        Self {
            settings: Arc::new(Settings::of(frontend_api)),
            discovered: None,
        }
    }
}

impl From<&Instance> for Portal {
    /// The portal as an application of this instance uses it: with its own sign-in and sign-up pages, its redirects,
    /// the origins it allows, and the development token on links.
    fn from(instance: &Instance) -> Self {
        let of_the_instance = Settings::of(instance.publishable_key().frontend_api());
        let own = instance.public_origins().iter().map(String::into_boxed_str);
        let others = instance.allowed_redirect_origins().iter().cloned();
        let settings = Settings {
            origins: own.chain(others).chain(of_the_instance.origins).collect(),
            public_origins: instance.public_origins().clone(),
            is_development: instance.instance_type() == InstanceType::Development,
            is_satellite: instance.is_satellite(),
            sign_in_url: instance.sign_in_url().map(Into::into),
            sign_up_url: instance.sign_up_url().map(Into::into),
            redirects: instance.after_redirects().clone(),
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
        // In development the Frontend API is on Clerk's allow-list by itself: it lies beside the domain, not below it.
        let is_development = frontend_api.instance_type() == InstanceType::Development;
        let own = url.as_ref().filter(|_| is_development);
        // Nothing is named after a local portal, whose pages lie on its Frontend API.
        let is_local = frontend_api.local_origin().is_some();
        let domain = url.as_ref().filter(|_| !is_local).and_then(domain_of);
        Self {
            base: portal_base(frontend_api.as_str()).into(),
            domain,
            origins: own
                .map(|url| url.origin().ascii_serialization().into())
                .into_iter()
                .collect(),
            public_origins: PublicOrigins::default(),
            is_development: false,
            is_satellite: false,
            sign_in_url: None,
            sign_up_url: None,
            redirects: AfterRedirects::default(),
        }
    }
}

/// The domain of an instance: its Frontend API's host without the first `clerk.`, as Clerk's allow-list has it.
fn domain_of(frontend_api: &Url) -> Option<Box<str>> {
    Some(frontend_api.host_str()?.replacen("clerk.", "", 1).into())
}

/// Sets the first parameter named `name` and removes the others of that name, as `URLSearchParams.set` does.
pub(crate) fn set_query_parameter(url: &mut Url, name: &str, value: &str) {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut is_set = false;
    for (key, old) in url.query_pairs() {
        if key != name {
            pairs.push((key.into_owned(), old.into_owned()));
        } else if !std::mem::replace(&mut is_set, true) {
            pairs.push((name.to_owned(), value.to_owned()));
        }
    }
    if !is_set {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    url.query_pairs_mut().clear().extend_pairs(pairs);
}
