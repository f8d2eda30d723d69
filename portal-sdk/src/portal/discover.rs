//! [`DiscoveredPages`]: page URLs read from the instance.

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::PortalPage;
use crate::instance::is_loopback;

/// The page URLs that an instance's Frontend API returns.
///
/// They are in `display_config` of `GET /v1/environment`.
///
/// They differ from the derived URLs if the Frontend API's host does not start with `clerk.`, or if the application
/// serves pages itself.
///
/// ```
/// use portal_sdk::portal::{DiscoveredPages, PortalPage};
///
/// let environment = r#"{ "display_config": { "sign_in_url": "https://login.example.net/in" } }"#;
/// let pages: DiscoveredPages = serde_json::from_str(environment)?;
/// assert_eq!(pages.get(PortalPage::SignIn).unwrap().as_str(), "https://login.example.net/in");
/// assert_eq!(pages.get(PortalPage::Waitlist), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiscoveredPages {
    sign_in: Option<Url>,
    sign_up: Option<Url>,
    user_profile: Option<Url>,
    organization_profile: Option<Url>,
    create_organization: Option<Url>,
    waitlist: Option<Url>,
}

impl DiscoveredPages {
    /// Reads `display_config`. An entry that is not an https URL (or http on loopback) is ignored.
    #[must_use]
    pub fn of(display_config: &Map<String, Value>) -> Self {
        let page = |name: &str| {
            let url = Url::parse(display_config.get(name)?.as_str()?).ok()?;
            let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
            (is_safe && url.username().is_empty() && url.password().is_none()).then_some(url)
        };
        Self {
            sign_in: page("sign_in_url"),
            sign_up: page("sign_up_url"),
            user_profile: page("user_profile_url"),
            organization_profile: page("organization_profile_url"),
            create_organization: page("create_organization_url"),
            waitlist: page("waitlist_url"),
        }
    }

    /// Returns `true` if no page URL is known.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the URL of `page`; `None` if it is unknown.
    #[must_use]
    pub fn get(&self, page: PortalPage) -> Option<&Url> {
        match page {
            PortalPage::SignIn => self.sign_in.as_ref(),
            PortalPage::SignUp => self.sign_up.as_ref(),
            PortalPage::UserProfile => self.user_profile.as_ref(),
            PortalPage::OrganizationProfile => self.organization_profile.as_ref(),
            PortalPage::CreateOrganization => self.create_organization.as_ref(),
            PortalPage::Waitlist => self.waitlist.as_ref(),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for DiscoveredPages {
    /// Reads the response to `GET /v1/environment`.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Environment {
            display_config: Map<String, Value>,
        }
        Environment::deserialize(deserializer).map(|environment| Self::of(&environment.display_config))
    }
}
