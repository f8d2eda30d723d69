//! The issuers that an instance's session tokens can have, if the application names none.

use super::frontend_api::{below, with_scheme};
use super::{InstanceType, ProxyUrl, Satellite, Setting, Settings};

/// A setting from which the issuers of an instance cannot be derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// The URL of a proxy path needs the application's public origin.
    ProxyPath,
    /// Each satellite's domain has a Frontend API, and the satellite's origin does not name its host.
    Satellites,
}

impl Unknown {
    /// The warning at start-up.
    pub(super) fn warn(self) {
        match self {
            Self::ProxyPath => tracing::warn!(
                "session tokens of any issuer are accepted, because the proxy URL is a path and no public origin is \
                 set; set {} or {}",
                Setting::PublicOrigin,
                Setting::Issuers,
            ),
            Self::Satellites => tracing::warn!(
                "session tokens of any issuer are accepted, because each satellite's domain can be one; list the \
                 Frontend API's URL of this instance and of its satellites in {}",
                Setting::Issuers,
            ),
        }
    }
}

/// Returns the issuers of `settings`: its Frontend API's URLs, without a trailing slash.
///
/// The claim `iss` is the Frontend API's URL (<https://clerk.com/docs/guides/sessions/session-tokens>). The publishable
/// key names its host. A proxy and, in production, a satellite's domain are further addresses of the same API.
///
/// # Errors
///
/// Returns [`Unknown`] if some of these URLs cannot be derived.
pub(super) fn derived(settings: &Settings) -> Result<Vec<Box<str>>, Unknown> {
    let is_production = settings.publishable_key.instance_type() == InstanceType::Production;
    if is_production && !settings.satellite_origins.is_empty() {
        return Err(Unknown::Satellites);
    }
    let host = with_scheme(settings.publishable_key.frontend_api().as_str());
    let mut issuers = vec![host.trim_end_matches('/').to_owned()];
    let domain = settings.satellite.as_ref().and_then(Satellite::domain);
    issuers.extend(
        domain
            .filter(|_| is_production)
            .map(|domain| format!("https://clerk.{domain}")),
    );
    match &settings.proxy_url {
        Some(ProxyUrl::Absolute(url)) => issuers.push(url.as_str().trim_end_matches('/').to_owned()),
        Some(ProxyUrl::Path(_)) if settings.public_origins.is_empty() => return Err(Unknown::ProxyPath),
        Some(ProxyUrl::Path(path)) => {
            let origins = settings
                .public_origins
                .urls()
                .map(|url| url.as_str().trim_end_matches('/'));
            issuers.extend(origins.map(|origin| below(origin, path).trim_end_matches('/').to_owned()));
        }
        None => {}
    }
    Ok(issuers.into_iter().map(Into::into).collect())
}
