//! [`FrontendApi`]: its address inside the publishable key, and how applications and their proxy reach it.

use std::fmt;
use std::sync::Arc;

use url::Url;

use super::origin::is_loopback;
use super::redact::redacted;
use super::{Instance, InstanceType, PublishableKeyError};

/// The address of an instance's Frontend API, as the publishable key writes it.
///
/// Usually a bare host such as `clerk.example.com`, reached over https. A development key may also hold an
/// `http://` address of this machine: that is a local portal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FrontendApi {
    text: Arc<str>,
    instance_type: InstanceType,
    local_origin: Option<Arc<str>>,
}

impl FrontendApi {
    pub(super) fn parse(address: &str, instance_type: InstanceType) -> Result<Self, PublishableKeyError> {
        let invalid = || PublishableKeyError::FrontendApi {
            found: redacted(address),
        };
        let plain_http = address.starts_with("http://");
        let url = Url::parse(&with_scheme(address)).map_err(|_| invalid())?;
        let has_only_host_and_path =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let has_host = url
            .host_str()
            .is_some_and(|host| host.split('.').any(|label| !label.is_empty()));
        if !has_only_host_and_path || !has_host {
            return Err(invalid());
        }
        if plain_http && (instance_type != InstanceType::Development || !is_loopback(&url)) {
            return Err(PublishableKeyError::PlainHttp {
                found: redacted(address),
            });
        }
        let local_origin = plain_http.then(|| url.origin().ascii_serialization().into());
        Ok(Self {
            text: address.into(),
            instance_type,
            local_origin,
        })
    }

    /// The address as the key writes it: without a scheme unless the key names one, without the closing `$`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the instance behind it is for development or for production.
    pub(crate) fn instance_type(&self) -> InstanceType {
        self.instance_type
    }

    /// For a local portal its origin, such as `http://127.0.0.1:8787`; `None` for an instance at Clerk.
    #[must_use]
    pub fn local_origin(&self) -> Option<&str> {
        self.local_origin.as_deref()
    }
}

impl fmt::Display for FrontendApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A proxy for the Frontend API: an absolute address, or a path below the application's public origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyUrl {
    /// Such as `https://app.example.com/__clerk`.
    Absolute(Url),
    /// Such as `/__clerk`; resolved against the public origin of each request.
    Path(Box<str>),
}

impl Instance {
    /// The Frontend API as this application reaches it, with scheme and without a closing slash: the proxy, else a
    /// production satellite's `clerk.<domain>`, else the host inside the publishable key.
    ///
    /// `public_origin` is the application's own, such as `https://app.example.com`, with the path that a proxy takes off
    /// requests ([`PublicUrl::base`](crate::request::PublicUrl::base)); only a proxy path needs it.
    #[must_use]
    pub fn frontend_api_base(&self, public_origin: &str) -> String {
        let base = match self.proxy_url() {
            Some(ProxyUrl::Absolute(url)) => url.as_str().to_owned(),
            Some(ProxyUrl::Path(path)) => format!("{public_origin}{path}"),
            None => with_scheme(&self.issuer_host()),
        };
        base.trim_end_matches('/').to_owned()
    }

    /// Where Clerk itself serves the Frontend API to a proxy, with scheme and without a closing slash: the address set
    /// with [`frontend_api_url`](super::InstanceBuilder::frontend_api_url), a local portal's own, else Clerk's.
    #[must_use]
    pub fn frontend_api_upstream(&self) -> &str {
        if let Some(url) = self.frontend_api_url() {
            return url.as_str().trim_end_matches('/');
        }
        let frontend_api = self.publishable_key().frontend_api();
        if frontend_api.local_origin().is_some() {
            return frontend_api.as_str().trim_end_matches('/');
        }
        let host = frontend_api.as_str();
        let is_on = |suffix: &str| host.ends_with(suffix);
        // Older development hosts begin alike wherever they are.
        let is_legacy = host.starts_with("clerk.")
            && [".lcl.dev", ".lclstage.dev", ".lclclerk.com"]
                .iter()
                .any(|suffix| is_on(suffix));
        if !is_legacy
            && [".lcl.dev", "lclstage.dev", ".lclclerk.com"]
                .iter()
                .any(|suffix| is_on(suffix))
        {
            return "https://frontend-api.lclclerk.com";
        }
        if is_on(".accountsstage.dev") {
            return "https://frontend-api.clerkstage.dev";
        }
        "https://frontend-api.clerk.dev"
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

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use crate::instance::Instance;

    fn upstream(frontend_api: &str, set: Option<&str>) -> String {
        let body = base64::engine::general_purpose::STANDARD.encode(format!("{frontend_api}$"));
        let builder = Instance::builder(format!("pk_test_{body}"), "sk_test_x");
        let builder = match set {
            Some(url) => builder.frontend_api_url(url),
            None => builder,
        };
        builder.build().unwrap().frontend_api_upstream().to_owned()
    }

    #[test]
    fn a_proxy_passes_requests_to_clerks_own_address() {
        for (frontend_api, expected) in [
            ("clerk.example.com", "https://frontend-api.clerk.dev"),
            ("foo-bar-13.clerk.accounts.dev", "https://frontend-api.clerk.dev"),
            ("clerk.foo.bar-13.lcl.dev", "https://frontend-api.clerk.dev"),
            ("foo.clerk.accounts.lclclerk.com", "https://frontend-api.lclclerk.com"),
            ("foo.lclstage.dev", "https://frontend-api.lclclerk.com"),
            (
                "foo-bar-13.clerk.accountsstage.dev",
                "https://frontend-api.clerkstage.dev",
            ),
            (
                "http://127.0.0.1:8787/accounts.dev",
                "http://127.0.0.1:8787/accounts.dev",
            ),
        ] {
            assert_eq!(upstream(frontend_api, None), expected, "{frontend_api}");
            assert_eq!(
                upstream(frontend_api, Some("https://fapi.example.com/x/")),
                "https://fapi.example.com/x"
            );
        }
    }
}
