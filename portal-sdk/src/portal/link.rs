//! [`PortalLink`]: the URL of a portal page, with its return-back URL.

use std::fmt;

use url::{ParseError, Url};

use super::{Portal, PortalPage, Prefill, ReturnBackUrl, ReturnBackUrlError};
use crate::names::query;
use crate::secret::{Secret, WithoutQuery};
use crate::url_query::set_parameter;

/// A link to a portal page.
///
/// ```
/// use portal_sdk::instance::Instance;
/// use portal_sdk::portal::{Portal, Prefill};
/// use url::Url;
///
/// let portal = Portal::from(&Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?);
/// let url = portal
///     .sign_in()
///     .with_requested_from(&Url::parse("https://app.example.com/cart")?)
///     .with_return_back("/checkout")
///     .with_prefill(Prefill::Username("ada".into()))
///     .to_url()?;
/// assert_eq!(
///     url.as_str(),
///     "https://accounts.example.com/sign-in?username=ada&redirect_url=https%3A%2F%2Fapp.example.com%2Fcheckout"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a link does nothing until `to_url` is called"]
pub struct PortalLink<'p> {
    portal: &'p Portal,
    page: PortalPage,
    requested_from: Option<Url>,
    return_back_to: Option<String>,
    prefill: Vec<Prefill>,
    dev_browser: Option<Secret>,
    has_tasks: bool,
}

impl fmt::Debug for PortalLink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefilled: Vec<&str> = self.prefill.iter().map(Prefill::name).collect();
        f.debug_struct("PortalLink")
            .field("page", &self.page)
            .field("requested_from", &self.requested_from.as_ref().map(WithoutQuery))
            .field("returns_back", &self.return_back_to.is_some())
            .field("prefill", &prefilled)
            .field("has_tasks", &self.has_tasks)
            .finish_non_exhaustive()
    }
}

/// The error of a link that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The page is a path, and the requesting site is unknown.
    #[error(
        "page URL: expected an absolute URL, found the path {found:?}; call with_requested_from with the request's public URL"
    )]
    Relative {
        /// The path.
        found: Box<str>,
    },
    /// The page is neither an http(s) URL nor a path.
    #[error("page URL: expected an absolute http(s) URL or a path, found {found:?}")]
    Invalid {
        /// The configured page.
        found: Box<str>,
    },
    /// The return-back URL is not allowed.
    #[error(transparent)]
    ReturnBackUrl(#[from] ReturnBackUrlError),
    /// The page has no field for a prefilled value.
    #[error("prefill: expected a field of the {page} page, found {name}; leave it out")]
    Prefill {
        /// The page.
        page: PortalPage,
        /// The query parameter of the value.
        name: &'static str,
    },
}

impl<'p> PortalLink<'p> {
    pub(super) fn new(portal: &'p Portal, page: PortalPage) -> Self {
        Self {
            portal,
            page,
            requested_from: None,
            return_back_to: None,
            prefill: Vec::new(),
            dev_browser: None,
            has_tasks: false,
        }
    }

    /// Sets the public URL of the request that the link is for.
    ///
    /// Paths are resolved against it, and links to its site omit the development browser's token.
    pub fn with_requested_from(mut self, url: &Url) -> Self {
        self.requested_from = Some(url.clone());
        self
    }

    /// Sets where the portal sends the user afterwards: an absolute URL, or a path of the requesting site.
    ///
    /// [`to_url`](Self::to_url) checks it by the rules of [`ReturnBackUrl`]. An empty string leaves it out.
    pub fn with_return_back(mut self, url: impl AsRef<str>) -> Self {
        self.return_back_to = Some(url.as_ref().to_owned());
        self
    }

    /// Fills a field of the page. The last value for a field wins.
    pub fn with_prefill(mut self, value: Prefill) -> Self {
        self.prefill.push(value);
        self
    }

    /// Sets the development browser's token, for links to another site.
    pub fn with_dev_browser(mut self, token: Option<&str>) -> Self {
        self.dev_browser = token.map(Secret::new);
        self
    }

    /// Sets if sign-in and sign-up links lead to a pending session's tasks (default: `false`).
    pub fn with_tasks(mut self, has_tasks: bool) -> Self {
        self.has_tasks = has_tasks;
        self
    }

    /// Returns the URL.
    ///
    /// # Errors
    ///
    /// Returns [`LinkError`] if a path lacks [`with_requested_from`](Self::with_requested_from), a URL is invalid, the
    /// return-back URL is not allowed, or the page has no field for a prefilled value.
    pub fn to_url(&self) -> Result<Url, LinkError> {
        let mut url = self.target()?;
        let here = self.requested_from.as_ref();
        let is_elsewhere = here.is_none_or(|here| !is_same_site(here, &url));
        let back = match self.return_back_to.as_deref().filter(|back| !back.is_empty()) {
            Some(back) => Some(ReturnBackUrl::parse(back, self.portal, here)?.into_url()),
            None => None,
        };
        let mut redirects = Vec::with_capacity(3);
        for (name, value) in self.after_redirects() {
            if let Some(value) = value {
                redirects.push((name, self.resolve(value)?));
            }
        }
        redirects.extend(back.map(|back| (query::REDIRECT_URL, back)));
        for prefill in &self.prefill {
            if !prefill.is_known_to(self.page) {
                let (page, name) = (self.page, prefill.name());
                return Err(LinkError::Prefill { page, name });
            }
            set_parameter(&mut url, prefill.name(), prefill.value());
        }
        for (name, mut redirect) in redirects {
            // The satellite must synchronise with the primary when the user returns.
            if self.portal.settings.is_satellite && is_elsewhere {
                set_parameter(&mut redirect, query::SYNCED, "false");
            }
            set_parameter(&mut url, name, redirect.as_str());
        }
        let token = self.dev_browser.as_ref().map(Secret::expose);
        if let Some(token) = token.filter(|_| self.portal.settings.is_development && is_elsewhere) {
            set_parameter(&mut url, query::DEV_BROWSER, token);
        }
        Ok(url)
    }

    /// Returns the page's URL without parameters.
    pub(crate) fn target(&self) -> Result<Url, LinkError> {
        let mut url = match self.page {
            PortalPage::SignUp => self.sign_up()?,
            PortalPage::SignIn => self.sign_in()?,
            PortalPage::SessionTasks | PortalPage::SessionTask(_) => {
                let mut url = self.sign_in()?;
                append_segment(&mut url, "tasks");
                if let PortalPage::SessionTask(task) = self.page {
                    append_segment(&mut url, task.as_str());
                }
                url
            }
            page => self.hosted(page)?,
        };
        if self.has_tasks && self.page.is_flow() {
            append_segment(&mut url, "tasks");
        }
        Ok(url)
    }

    fn sign_in(&self) -> Result<Url, LinkError> {
        match &self.portal.settings.sign_in_url {
            Some(own) => self.resolve(own),
            None => self.hosted(PortalPage::SignIn),
        }
    }

    fn sign_up(&self) -> Result<Url, LinkError> {
        let settings = &self.portal.settings;
        if let Some(own) = &settings.sign_up_url {
            return self.resolve(own);
        }
        // The sign-up page of an application with its own sign-in page is below that page.
        if let Some(sign_in_url) = &settings.sign_in_url {
            let mut url = self.resolve(sign_in_url)?;
            append_segment(&mut url, "create");
            return Ok(url);
        }
        self.hosted(PortalPage::SignUp)
    }

    /// Returns the discovered URL of the page, else the derived one.
    fn hosted(&self, page: PortalPage) -> Result<Url, LinkError> {
        let discovered = self.portal.discovered.as_deref().and_then(|pages| pages.get(page));
        match discovered {
            Some(url) => Ok(url.clone()),
            None => self.resolve(&format!("{}{}", self.portal.settings.base, page.path())),
        }
    }

    fn after_redirects(&self) -> [(&'static str, Option<&str>); 4] {
        let redirects = &self.portal.settings.after_redirects;
        // Clerk ignores a fallback beside a forced URL.
        let fallback = |force: &Option<Box<str>>, fallback| if force.is_some() { &None } else { fallback };
        [
            (query::SIGN_UP_FORCE_REDIRECT_URL, &redirects.sign_up_force),
            (
                query::SIGN_UP_FALLBACK_REDIRECT_URL,
                fallback(&redirects.sign_up_force, &redirects.sign_up_fallback),
            ),
            (
                query::SIGN_IN_FALLBACK_REDIRECT_URL,
                fallback(&redirects.sign_in_force, &redirects.sign_in_fallback),
            ),
            (query::SIGN_IN_FORCE_REDIRECT_URL, &redirects.sign_in_force),
        ]
        .map(|(name, value)| (name, value.as_deref().filter(|_| self.page.is_flow())))
    }

    fn resolve(&self, text: &str) -> Result<Url, LinkError> {
        match self.portal.resolve(self.requested_from.as_ref(), text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
            Err(ParseError::RelativeUrlWithoutBase) => Err(LinkError::Relative { found: text.into() }),
            _ => Err(LinkError::Invalid { found: text.into() }),
        }
    }
}

/// Returns `true` if host and port are equal. Clerk does not compare schemes here.
fn is_same_site(one: &Url, other: &Url) -> bool {
    one.host() == other.host() && one.port() == other.port()
}

/// Appends a path segment before the query string, without doubling a trailing slash.
fn append_segment(url: &mut Url, segment: &str) {
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(segment);
    }
}

#[cfg(test)]
mod tests;
