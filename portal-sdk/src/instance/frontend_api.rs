//! [`FrontendApi`]: the host inside the publishable key, and its URLs for browsers and proxies.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use url::Url;

use super::origin::is_loopback;
use super::public_origins::{base_path, is_below};
use super::redact::{holds_secret_key, redacted};
use super::{Instance, InstanceType, PublishableKeyError, Satellite};

/// The Frontend API of an instance, as in its publishable key.
///
/// Usually a bare host such as `clerk.example.com`, reached over https. A development key may also contain an `http://`
/// URL on loopback: a local portal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FrontendApi {
    text: Arc<str>,
    instance_type: InstanceType,
    local_origin: Option<Arc<str>>,
}

impl FrontendApi {
    pub(super) fn parse(text: &str, instance_type: InstanceType) -> Result<Self, PublishableKeyError> {
        let invalid = || PublishableKeyError::FrontendApi { found: redacted(text) };
        // The URL parser drops them at the ends and within, but links append a path to the text.
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(invalid());
        }
        let plain_http = text.starts_with("http://");
        let url = Url::parse(&with_scheme(text)).map_err(|_| invalid())?;
        let has_only_host_and_path =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let has_host = url
            .host_str()
            .is_some_and(|host| host.split('.').any(|label| !label.is_empty()));
        if !has_only_host_and_path || !has_host || holds_secret_key(text) {
            return Err(invalid());
        }
        if plain_http && (instance_type != InstanceType::Development || !is_loopback(&url)) {
            return Err(PublishableKeyError::PlainHttp { found: redacted(text) });
        }
        let local_origin = plain_http.then(|| url.origin().ascii_serialization().into());
        Ok(Self {
            text: text.into(),
            instance_type,
            local_origin,
        })
    }

    /// The string inside the key, without the trailing `$`. It has a scheme only if the key contains one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Development or production, by the key's prefix.
    pub(crate) fn instance_type(&self) -> InstanceType {
        self.instance_type
    }

    /// Returns a local portal's origin, such as `http://127.0.0.1:8787`.
    ///
    /// Returns `None` for an instance at Clerk.
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

/// A proxy for the Frontend API: an absolute URL, or a path below the application's public origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyUrl {
    /// A URL such as `https://app.example.com/__clerk`.
    Absolute(Url),
    /// A path such as `/__clerk`, resolved against the public origin of each request.
    Path(Box<str>),
}

/// Returns the URL of a proxy path. A path that already starts with that of `public_origin` is not prefixed again.
pub(super) fn below(public_origin: &str, path: &str) -> String {
    let url = Url::parse(public_origin).ok();
    let base = url
        .as_ref()
        .map(base_path)
        .filter(|base| !base.is_empty() && is_below(path, base));
    let origin = base.and_then(|base| public_origin.trim_end_matches('/').strip_suffix(base));
    format!("{}{path}", origin.unwrap_or(public_origin))
}

impl Instance {
    /// The Frontend API's base URL for browsers, without a trailing slash.
    ///
    /// This is the proxy, else a production satellite's `clerk.<domain>`, else the host inside the publishable key.
    /// `public_origin` is the application's own, such as `https://app.example.com`, with the path that a proxy strips
    /// from requests ([`PublicUrl::base`](crate::request::PublicUrl::base)); only a proxy path needs it.
    #[must_use]
    pub fn frontend_api_base(&self, public_origin: &str) -> String {
        let base = match self.proxy_url() {
            Some(ProxyUrl::Absolute(url)) => url.as_str().to_owned(),
            Some(ProxyUrl::Path(path)) => below(public_origin, path),
            None => with_scheme(&self.issuer_host()),
        };
        base.trim_end_matches('/').to_owned()
    }

    /// The base URL of forwarded Frontend API requests, without a trailing slash.
    ///
    /// This is the URL set with [`frontend_api_url`](super::InstanceBuilder::frontend_api_url), else the local
    /// portal's, else Clerk's.
    #[cfg_attr(not(feature = "unstable-decision"), doc(hidden))]
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
        // Older development hosts start with `clerk.` in all of Clerk's environments.
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

    /// The host in the `iss` claim of this instance's session tokens.
    ///
    /// A production satellite's domain changes it; a proxy does not.
    pub(crate) fn issuer_host(&self) -> Cow<'_, str> {
        match self.satellite().and_then(Satellite::domain) {
            Some(domain) if self.instance_type() == InstanceType::Production => format!("clerk.{domain}").into(),
            _ => self.publishable_key().frontend_api().as_str().into(),
        }
    }
}

/// Prefixes a bare host with `https://`. A string with an http(s) scheme is unchanged.
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
    fn upstream_is_configured_or_clerks_for_the_environment() {
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
