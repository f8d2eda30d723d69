//! [`PortalLink`]: an address of a portal page with everything the page needs to send the person back.

use url::Url;

use super::{Portal, PortalPage, set_query_parameter};
use crate::names::query;

/// A link to a portal page. Nothing is sent anywhere until the browser follows it.
#[derive(Clone, Debug)]
#[must_use = "a link does nothing until `to_url` is called"]
pub struct PortalLink<'p> {
    portal: &'p Portal,
    page: PortalPage,
    requested_from: Option<Url>,
    return_back_to: Option<String>,
    dev_browser: Option<String>,
    has_tasks: bool,
}

/// Why a link cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The page or the return-back URL is a path, and it is not known of which site.
    #[error("{found:?} is relative; call `requested_from` with the public URL of the request, or give an absolute URL")]
    Relative {
        /// The path.
        found: Box<str>,
    },
    /// The page or the return-back URL is neither a URL nor a path.
    #[error("found {found:?}; expected an absolute http(s) URL or a path")]
    Invalid {
        /// The text.
        found: Box<str>,
    },
}

impl<'p> PortalLink<'p> {
    pub(super) fn new(portal: &'p Portal, page: PortalPage) -> Self {
        Self {
            portal,
            page,
            requested_from: None,
            return_back_to: None,
            dev_browser: None,
            has_tasks: false,
        }
    }

    /// The public URL of the request that the link is for. Paths are resolved against it, and it decides whether the
    /// page lies on another origin.
    pub fn requested_from(mut self, url: &Url) -> Self {
        self.requested_from = Some(url.clone());
        self
    }

    /// Where the portal sends the person afterwards: an absolute URL, or a path of the requesting site.
    pub fn return_back_to(mut self, url: impl AsRef<str>) -> Self {
        self.return_back_to = Some(url.as_ref().to_owned());
        self
    }

    /// The development browser's token. It is only put on links of a development instance to another origin.
    pub fn dev_browser(mut self, token: Option<&str>) -> Self {
        self.dev_browser = token.map(str::to_owned);
        self
    }

    /// Leads to the tasks of a pending session instead of to the page's start.
    pub fn with_tasks(mut self) -> Self {
        self.has_tasks = true;
        self
    }

    /// The address.
    ///
    /// # Errors
    ///
    /// [`LinkError`] if something is relative without [`requested_from`](Self::requested_from), or no URL.
    pub fn to_url(&self) -> Result<Url, LinkError> {
        let mut url = self.target()?;
        let is_elsewhere = self
            .requested_from
            .as_ref()
            .is_none_or(|here| !is_same_site(here, &url));
        for (name, value) in self.after_redirects() {
            if let Some(value) = value {
                let value = self.resolve(value)?;
                set_query_parameter(&mut url, name, value.as_str());
            }
        }
        if let Some(back) = self.return_back_to.as_deref().filter(|back| !back.is_empty()) {
            let mut back = self.resolve(back)?;
            if self.portal.is_satellite && is_elsewhere {
                set_query_parameter(&mut back, query::SYNCED, "false");
            }
            set_query_parameter(&mut url, query::REDIRECT_URL, back.as_str());
        }
        if let Some(token) = self
            .dev_browser
            .as_deref()
            .filter(|_| self.portal.is_development && is_elsewhere)
        {
            set_query_parameter(&mut url, query::DEV_BROWSER, token);
        }
        Ok(url)
    }

    /// The page without parameters.
    fn target(&self) -> Result<Url, LinkError> {
        let Portal {
            sign_in_url,
            sign_up_url,
            ..
        } = self.portal;
        let mut url = match (self.page, sign_in_url, sign_up_url) {
            (PortalPage::SignIn, Some(own), _) | (PortalPage::SignUp, _, Some(own)) => self.resolve(own)?,
            // An application with a sign-in page of its own has its sign-up below it.
            (PortalPage::SignUp, Some(sign_in_url), None) => {
                let mut url = self.resolve(sign_in_url)?;
                append_segment(&mut url, "create");
                url
            }
            (page, ..) => self.resolve(&format!("{}{}", self.portal.base, page.path()))?,
        };
        if self.has_tasks {
            append_segment(&mut url, "tasks");
        }
        Ok(url)
    }

    fn after_redirects(&self) -> [(&'static str, Option<&str>); 4] {
        let redirects = &self.portal.redirects;
        let is_flow = matches!(self.page, PortalPage::SignIn | PortalPage::SignUp);
        [
            (query::SIGN_UP_FORCE_REDIRECT_URL, &redirects.sign_up_force),
            (query::SIGN_UP_FALLBACK_REDIRECT_URL, &redirects.sign_up_fallback),
            (query::SIGN_IN_FALLBACK_REDIRECT_URL, &redirects.sign_in_fallback),
            (query::SIGN_IN_FORCE_REDIRECT_URL, &redirects.sign_in_force),
        ]
        .map(|(name, value)| (name, value.as_deref().filter(|_| is_flow)))
    }

    fn resolve(&self, text: &str) -> Result<Url, LinkError> {
        let url = match &self.requested_from {
            Some(here) => here.join(text),
            None => Url::parse(text),
        };
        match url {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
            Err(url::ParseError::RelativeUrlWithoutBase) => Err(LinkError::Relative { found: text.into() }),
            _ => Err(LinkError::Invalid { found: text.into() }),
        }
    }
}

/// Host and port alone: Clerk does not compare schemes here.
fn is_same_site(one: &Url, other: &Url) -> bool {
    one.host() == other.host() && one.port() == other.port()
}

/// Appends a path segment, whatever query or closing slash the URL has.
fn append_segment(url: &mut Url, segment: &str) {
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(segment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::{AfterRedirects, Instance};

    const TEST_PK: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";
    const LIVE_PK: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

    fn development() -> crate::instance::InstanceBuilder {
        Instance::builder(TEST_PK, "sk_test_x")
    }

    fn link(portal: &Portal, page: PortalPage, back: &str) -> String {
        let here = Url::parse("http://localhost:3000/dash?x=1").unwrap();
        let link = portal
            .link(page)
            .requested_from(&here)
            .return_back_to(back)
            .dev_browser(Some("dvb"));
        link.to_url().unwrap().to_string()
    }

    #[test]
    fn links_of_a_development_instance() {
        let portal = Portal::from(&development().build().unwrap());
        for (back, url) in [
            (
                "http://localhost:3000/dash?x=1",
                "https://foo-bar-13.accounts.dev/sign-in?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fdash%3Fx%3D1&__clerk_db_jwt=dvb",
            ),
            ("", "https://foo-bar-13.accounts.dev/sign-in?__clerk_db_jwt=dvb"),
            (
                "/a?b=1",
                "https://foo-bar-13.accounts.dev/sign-in?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fa%3Fb%3D1&__clerk_db_jwt=dvb",
            ),
        ] {
            assert_eq!(link(&portal, PortalPage::SignIn, back), url);
        }
    }

    #[test]
    fn own_pages_replace_the_portals() {
        for (sign_in_url, page, url) in [
            ("/sign-in", PortalPage::SignIn, "http://localhost:3000/sign-in"),
            ("/sign-in", PortalPage::SignUp, "http://localhost:3000/sign-in/create"),
            ("/sign-in/", PortalPage::SignUp, "http://localhost:3000/sign-in/create"),
            (
                "https://id.ex.com/sign-in?z=1",
                PortalPage::SignUp,
                "https://id.ex.com/sign-in/create?z=1&__clerk_db_jwt=dvb",
            ),
        ] {
            let portal = Portal::from(&development().sign_in_url(sign_in_url).build().unwrap());
            assert_eq!(link(&portal, page, ""), url);
        }
    }

    #[test]
    fn every_page_has_its_path() {
        let portal = Portal::from(&Instance::builder(LIVE_PK, "sk_live_x").build().unwrap());
        assert_eq!(portal.base(), "https://accounts.example.com");
        for (link, page, path) in [
            (portal.sign_in(), PortalPage::SignIn, "/sign-in"),
            (portal.sign_up(), PortalPage::SignUp, "/sign-up"),
            (portal.user_profile(), PortalPage::UserProfile, "/user"),
            (
                portal.organization_profile(),
                PortalPage::OrganizationProfile,
                "/organization",
            ),
            (
                portal.create_organization(),
                PortalPage::CreateOrganization,
                "/create-organization",
            ),
        ] {
            let url = link.to_url().unwrap();
            assert_eq!((url.path(), url.query()), (path, None), "{page}");
            assert_eq!(page.needs_session(), !path.starts_with("/sign-"));
            assert_eq!(page.path(), path);
        }
    }

    #[test]
    fn tasks_are_a_path_segment() {
        let portal = Portal::from(&development().sign_in_url("/sign-in?a=1").build().unwrap());
        let here = Url::parse("http://localhost:3000/").unwrap();
        let url = portal.sign_in().requested_from(&here).with_tasks().to_url().unwrap();
        assert_eq!(url.as_str(), "http://localhost:3000/sign-in/tasks?a=1");
    }

    #[test]
    fn satellites_ask_to_be_synchronised() {
        let instance = Instance::builder(LIVE_PK, "sk_live_x")
            .satellite()
            .domain("satellite.dev")
            .sign_in_url("https://primary.dev/sign-in")
            .build()
            .unwrap();
        let portal = Portal::from(&instance);
        let here = Url::parse("https://satellite.dev/x").unwrap();
        let back = "https://satellite.dev/x?__clerk_synced=true&a=1";
        let url = portal
            .sign_in()
            .requested_from(&here)
            .return_back_to(back)
            .dev_browser(Some("dvb"))
            .to_url()
            .unwrap();
        assert_eq!(
            url.as_str(),
            "https://primary.dev/sign-in?redirect_url=https%3A%2F%2Fsatellite.dev%2Fx%3F__clerk_synced%3Dfalse%26a%3D1"
        );
    }

    #[test]
    fn redirects_of_the_application_are_named() {
        let redirects = AfterRedirects {
            sign_in_force: Some("/in".into()),
            sign_up_fallback: Some("/up".into()),
            ..Default::default()
        };
        let portal = Portal::from(&development().after_redirects(redirects).build().unwrap());
        assert_eq!(
            link(&portal, PortalPage::SignIn, ""),
            "https://foo-bar-13.accounts.dev/sign-in?sign_up_fallback_redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fup\
             &sign_in_force_redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fin&__clerk_db_jwt=dvb"
        );
        assert_eq!(
            link(&portal, PortalPage::UserProfile, ""),
            "https://foo-bar-13.accounts.dev/user?__clerk_db_jwt=dvb"
        );
    }

    #[test]
    fn a_path_needs_a_site() {
        let portal = Portal::from(&development().sign_in_url("/sign-in").build().unwrap());
        assert_eq!(
            portal.sign_in().to_url(),
            Err(LinkError::Relative {
                found: "/sign-in".into()
            })
        );
        let portal = Portal::from(&development().build().unwrap());
        let javascript = portal.sign_in().return_back_to("javascript:alert(1)").to_url();
        assert_eq!(
            javascript,
            Err(LinkError::Invalid {
                found: "javascript:alert(1)".into()
            })
        );
    }
}
