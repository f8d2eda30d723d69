//! The Account Portal's pages and links to them.

mod base;
mod link;
mod page;

use url::Url;

pub(crate) use base::portal_base;
pub use link::{LinkError, PortalLink};
pub use page::PortalPage;

use crate::instance::{AfterRedirects, FrontendApi, Instance, InstanceType};

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
    base: Box<str>,
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
        &self.base
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
}

impl From<&FrontendApi> for Portal {
    /// The portal that belongs to a Frontend API, with no settings of an application.
    fn from(frontend_api: &FrontendApi) -> Self {
        Self {
            base: portal_base(frontend_api.as_str()).into(),
            is_development: false,
            is_satellite: false,
            sign_in_url: None,
            sign_up_url: None,
            redirects: AfterRedirects::default(),
        }
    }
}

impl From<&Instance> for Portal {
    /// The portal as an application of this instance uses it: with its own sign-in and sign-up pages, its redirects,
    /// and the development token on links.
    fn from(instance: &Instance) -> Self {
        Self {
            is_development: instance.instance_type() == InstanceType::Development,
            is_satellite: instance.is_satellite(),
            sign_in_url: instance.sign_in_url().map(Into::into),
            sign_up_url: instance.sign_up_url().map(Into::into),
            redirects: instance.after_redirects().clone(),
            ..Self::from(instance.publishable_key().frontend_api())
        }
    }
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
