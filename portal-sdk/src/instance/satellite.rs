//! [`Satellite`]: an application that shares the sessions of its primary.

use std::fmt;

use super::redact::redacted;

/// An application on a second domain that shares the primary's sessions.
///
/// Its Frontend API is reached on the satellite's domain ([`on_domain`](Self::on_domain)) or through a proxy
/// ([`behind_proxy`](Self::behind_proxy)). A development satellite also needs the primary's sign-in page, set with
/// [`sign_in_url`](super::InstanceBuilder::sign_in_url).
/// See <https://clerk.com/docs/guides/dashboard/dns-domains/satellite-domains>.
///
/// ```
/// use portal_sdk::instance::{Instance, Satellite};
///
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example")
///     .satellite(Satellite::on_domain("satellite.example").with_auto_sync(true))
///     .build()?;
/// assert_eq!(instance.frontend_api_base("https://satellite.example"), "https://clerk.satellite.example");
/// # Ok::<(), portal_sdk::instance::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Satellite {
    /// Without a scheme. `build` rejects a satellite from the environment with neither a domain nor a proxy.
    pub(super) domain: Option<String>,
    pub(super) proxy_url: Option<String>,
    pub(super) auto_sync: bool,
}

impl Satellite {
    /// Creates a satellite on a domain, without a scheme, such as `satellite.example`.
    #[must_use]
    pub fn on_domain(domain: impl Into<String>) -> Self {
        Self {
            domain: Some(domain.into()),
            proxy_url: None,
            auto_sync: false,
        }
    }

    /// Creates a satellite that serves the Frontend API at `proxy_url`.
    ///
    /// An absolute http(s) URL or a path such as `/__clerk`. It becomes the instance's
    /// [`proxy_url`](super::InstanceBuilder::proxy_url).
    #[must_use]
    pub fn behind_proxy(proxy_url: impl Into<String>) -> Self {
        Self {
            domain: None,
            proxy_url: Some(proxy_url.into()),
            auto_sync: false,
        }
    }

    /// Sets if the first visit synchronizes with the primary (default: `false`).
    ///
    /// It redirects each browser without a session here once to the primary.
    #[must_use]
    pub fn with_auto_sync(self, auto_sync: bool) -> Self {
        Self { auto_sync, ..self }
    }

    /// The domain, without scheme.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// Returns `true` if the first visit synchronizes with the primary.
    #[must_use]
    pub fn auto_sync(&self) -> bool {
        self.auto_sync
    }
}

impl fmt::Debug for Satellite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Satellite")
            .field("domain", &self.domain().map(redacted))
            .field("proxy_url", &self.proxy_url.as_deref().map(redacted))
            .field("auto_sync", &self.auto_sync)
            .finish()
    }
}
