//! Where the Frontend API is reached, which a proxy or a satellite's domain can move.

use url::Url;

use super::{Instance, InstanceType};

/// A proxy for the Frontend API: an absolute address, or a path below the application's public origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyUrl {
    /// Such as `https://app.example.com/__clerk`.
    Absolute(Url),
    /// Such as `/__clerk`; resolved against the public origin of each request.
    Path(Box<str>),
}

impl ProxyUrl {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.starts_with('/') && !text.starts_with("//") {
            // Resolved against any origin, so that an unusable path is noticed now.
            return Url::parse(&format!("https://localhost{text}"))
                .ok()
                .map(|_| Self::Path(text.into()));
        }
        let url = Url::parse(text).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(Self::Absolute(url))
    }
}

impl Instance {
    /// The Frontend API as this application reaches it, with scheme and without a closing slash: the proxy, else a
    /// production satellite's `clerk.<domain>`, else the host inside the publishable key.
    ///
    /// `public_origin` is the application's own, such as `https://app.example.com`; only a proxy path needs it.
    #[must_use]
    pub fn frontend_api_base(&self, public_origin: &str) -> String {
        let base = match self.proxy_url() {
            Some(ProxyUrl::Absolute(url)) => url.as_str().to_owned(),
            Some(ProxyUrl::Path(path)) => format!("{public_origin}{path}"),
            None => with_scheme(&self.issuer_host()),
        };
        base.trim_end_matches('/').to_owned()
    }

    /// The host that issues this instance's session tokens, as it stands in `iss` without a scheme. A proxy does not
    /// change it; a production satellite's domain does.
    #[must_use]
    pub fn issuer_host(&self) -> String {
        match self.domain() {
            Some(domain) if self.is_satellite() && self.instance_type() == InstanceType::Production => {
                format!("clerk.{domain}")
            }
            _ => self.publishable_key().frontend_api().as_str().to_owned(),
        }
    }
}

/// `https://` before a bare host; an address that names its scheme stays as it is.
pub(crate) fn with_scheme(host: &str) -> String {
    if host.starts_with("http://") || host.starts_with("https://") {
        host.to_owned()
    } else {
        format!("https://{host}")
    }
}
