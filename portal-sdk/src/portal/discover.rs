//! [`DiscoveredPages`]: page addresses as the instance itself names them.

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::PortalPage;
use crate::instance::is_loopback;

/// Page addresses that an instance names in the `display_config` of its environment (`GET /v1/environment` of the
/// Frontend API). An instance whose Frontend API has another name than `clerk.…`, or that has moved pages into the
/// application, has them elsewhere than can be derived.
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
    /// Reads `display_config`. An entry that is absent, or is no https address (http on this machine), is left out.
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

    /// Whether the instance names no page at all.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The address of `page`, if the instance names it.
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
    /// Reads the answer of `GET /v1/environment`.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Environment {
            display_config: Map<String, Value>,
        }
        Environment::deserialize(deserializer).map(|environment| Self::of(&environment.display_config))
    }
}
