//! [`InstanceBuilder::build`]: the settings checked, each by itself and all of them against each other.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::instance::origin::{audience, issuers, origins, parties, public_origin, public_origins};
use crate::instance::parse::{
    after_redirects, api_url as api_address, api_version, domain, frontend_api_url, jwt_key, page_url, proxy_url,
};
use crate::instance::redact::redacted;
use crate::instance::{
    ConfigError, Instance, InstanceBuilder, InstanceType, OrganizationPatterns, PublicOrigins, PublishableKey,
    SecretKey, Setting, Settings,
};

const DEFAULT_API_URL: &str = "https://api.clerk.com";
const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(5);
/// A day. More would accept tokens long after their end.
const MAX_CLOCK_SKEW_MILLIS: i64 = 86_400_000;

impl InstanceBuilder {
    /// Checks everything.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the first setting that is wrong, what was found and what was expected.
    pub fn build(self) -> Result<Instance, ConfigError> {
        let publishable_key: PublishableKey = self.publishable_key.parse()?;
        let secret_key: SecretKey = self.secret_key.parse()?;
        if publishable_key.instance_type() != secret_key.instance_type() {
            return Err(ConfigError::MismatchedKeys {
                publishable_key: name_of(publishable_key.instance_type()),
                secret_key: name_of(secret_key.instance_type()),
            });
        }
        let default_api_url = publishable_key.frontend_api().local_origin().unwrap_or(DEFAULT_API_URL);
        let api_version = api_version(self.api_version)?;
        let api_url = self.api_url.as_deref().unwrap_or(default_api_url);
        let api_url = api_address(Setting::ApiUrl, api_url, &api_version)?;
        let fixed = self
            .public_origin
            .map(|text| public_origin(Setting::PublicOrigin, &text))
            .transpose()?;
        let trusted = public_origins(Setting::TrustedOrigins, &self.trusted_origins)?;
        let public_origins = PublicOrigins { fixed, trusted };
        let settings = Settings {
            api_url,
            api_version,
            jwt_key: self.jwt_key.as_deref().map(jwt_key).transpose()?,
            proxy_url: self.proxy_url.as_deref().map(proxy_url).transpose()?,
            frontend_api_url: self.frontend_api_url.as_deref().map(frontend_api_url).transpose()?,
            domain: self.domain.as_deref().map(domain).transpose()?,
            is_satellite: self.is_satellite,
            satellite_auto_sync: self.satellite_auto_sync,
            satellite_origins: origins(Setting::SatelliteOrigins, &self.satellite_origins)?,
            allowed_request_origins: origins(Setting::AllowedRequestOrigins, &self.allowed_request_origins)?,
            allowed_redirect_origins: origins(Setting::AllowedRedirectOrigins, &self.allowed_redirect_origins)?,
            discovers_pages: self.discovers_pages,
            refreshes_on_get_only: self.refreshes_on_get_only,
            syncs_from_satellites_only: self.syncs_from_satellites_only,
            sign_in_url: self
                .sign_in_url
                .map(|url| page_url(Setting::SignInUrl, &url))
                .transpose()?,
            sign_up_url: self
                .sign_up_url
                .map(|url| page_url(Setting::SignUpUrl, &url))
                .transpose()?,
            redirects: after_redirects(self.redirects)?,
            authorized_parties: authorized_parties(parties(&self.authorized_parties)?, &public_origins),
            public_origins,
            audience: audience(&self.audience)?,
            issuers: issuers(&self.issuers)?,
            clock_skew_millis: i64::try_from(self.clock_skew.unwrap_or(DEFAULT_CLOCK_SKEW).as_millis())
                .unwrap_or(i64::MAX)
                .min(MAX_CLOCK_SKEW_MILLIS),
            organization_patterns: OrganizationPatterns::compile(
                &self.organization_patterns,
                &self.personal_account_patterns,
            )?,
            debug: self.debug,
            publishable_key,
            secret_key,
        };
        check_satellite(&settings)?;
        warn_of_open_parties(&settings);
        Ok(Instance(Arc::new(settings)))
    }
}

fn check_satellite(settings: &Settings) -> Result<(), ConfigError> {
    if !settings.is_satellite {
        return Ok(());
    }
    if settings.domain.is_none() && settings.proxy_url.is_none() {
        return Err(ConfigError::SatelliteWithoutDomain);
    }
    let is_development = settings.publishable_key.instance_type() == InstanceType::Development;
    let sign_in_url = settings.sign_in_url.as_deref().and_then(|url| Url::parse(url).ok());
    let is_elsewhere = match &sign_in_url {
        Some(url) => !is_own(settings, url),
        None => !is_development,
    };
    if !is_elsewhere {
        return Err(ConfigError::SatelliteSignInUrl {
            found: settings.sign_in_url.as_deref().map(redacted),
        });
    }
    Ok(())
}

/// Whether `url` lies on the satellite itself, as far as it has said where it lives. The domain of a development
/// satellite says nothing: it runs wherever its developer runs it.
fn is_own(settings: &Settings, url: &Url) -> bool {
    let origin = url.origin().ascii_serialization();
    let is_production = settings.publishable_key.instance_type() == InstanceType::Production;
    let is_on_domain = settings
        .domain
        .as_deref()
        .filter(|_| is_production)
        .is_some_and(|domain| {
            let own = Url::parse(&format!("{}://{domain}", url.scheme()));
            own.is_ok_and(|own| own.origin().ascii_serialization() == origin)
        });
    is_on_domain || settings.public_origins.iter().any(|own| own == origin)
}

fn name_of(instance_type: InstanceType) -> &'static str {
    match instance_type {
        InstanceType::Development => "development",
        InstanceType::Production => "production",
    }
}

/// Without parties of the application's own choice its own origins are the ones that tokens may be made for.
fn authorized_parties(chosen: Vec<Box<str>>, own: &PublicOrigins) -> Vec<Box<str>> {
    if chosen.is_empty() {
        own.iter().map(Into::into).collect()
    } else {
        chosen
    }
}

fn warn_of_open_parties(settings: &Settings) {
    let is_production = settings.publishable_key.instance_type() == InstanceType::Production;
    if is_production && settings.authorized_parties.is_empty() {
        tracing::warn!(
            "neither authorized_parties nor public_origin is set: tokens made for other applications of this Clerk \
             instance are accepted too"
        );
    }
}
