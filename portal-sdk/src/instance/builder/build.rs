//! [`InstanceBuilder::build`]: checks each setting, then their combinations.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::InstanceBuilder;
use crate::instance::redact::redacted;
use crate::instance::{
    ConfigError, Instance, InstanceType, OrganizationPatterns, Origin, PublicOrigins, PublishableKey, Satellite,
    SecretKey, Setting, Settings, issuers, parse,
};

const DEFAULT_API_URL: &str = "https://api.clerk.com";
const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(5);
/// A day. More would accept tokens long after they expired.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(86_400);

impl InstanceBuilder {
    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] for the first invalid setting, with its name, the expected and the found value.
    pub fn build(self) -> Result<Instance, ConfigError> {
        let publishable_key: PublishableKey = self.publishable_key.parse()?;
        let secret_key: SecretKey = self.secret_key.parse()?;
        if publishable_key.instance_type() != secret_key.instance_type() {
            return Err(ConfigError::MismatchedKeys {
                publishable_key: name_of(publishable_key.instance_type()),
                secret_key: name_of(secret_key.instance_type()),
            });
        }
        let is_production = publishable_key.instance_type() == InstanceType::Production;
        let default_api_url = publishable_key.frontend_api().local_origin().unwrap_or(DEFAULT_API_URL);
        let api_version = parse::api_version(self.api_version)?;
        let api_url = self.api_url.as_deref().unwrap_or(default_api_url);
        let api_url = parse::api_url(Setting::ApiUrl, api_url, &api_version)?;
        let public_origins = public_origins(self.public_origin.as_deref(), &self.trusted_origins)?;
        let own_page = |setting, url: Option<String>| url.map(|url| parse::page_url(setting, &url)).transpose();
        let mut settings = Settings {
            api_url,
            api_version,
            jwt_key: self.jwt_key.as_deref().map(parse::jwt_key).transpose()?,
            proxy_url: self.proxy_url.as_deref().map(parse::proxy_url).transpose()?,
            frontend_api_url: self
                .frontend_api_url
                .as_deref()
                .map(parse::frontend_api_url)
                .transpose()?,
            satellite: self.satellite.map(satellite).transpose()?,
            satellite_origins: parse::origins(Setting::SatelliteOrigins, &self.satellite_origins)?,
            allowed_request_origins: parse::origins(Setting::AllowedRequestOrigins, &self.allowed_request_origins)?,
            allowed_redirect_origins: parse::origins(Setting::AllowedRedirectOrigins, &self.allowed_redirect_origins)?,
            discovers_pages: self.discovers_pages,
            refreshes_on_get_only: self.refreshes_on_get_only,
            syncs_from_satellites_only: self.syncs_from_satellites_only,
            sign_in_url: own_page(Setting::SignInUrl, self.sign_in_url)?,
            sign_up_url: own_page(Setting::SignUpUrl, self.sign_up_url)?,
            after_redirects: parse::after_redirects(self.after_redirects)?,
            authorized_parties: authorized_parties(parse::parties(&self.authorized_parties)?, &public_origins),
            public_origins,
            audience: parse::audience(&self.audience)?,
            issuers: parse::issuers(&self.issuers, is_production)?,
            clock_skew: self.clock_skew.unwrap_or(DEFAULT_CLOCK_SKEW).min(MAX_CLOCK_SKEW),
            organization_patterns: OrganizationPatterns::compile(
                &self.organization_patterns,
                &self.personal_account_patterns,
            )?,
            is_debug: self.is_debug,
            publishable_key,
            secret_key,
        };
        check_satellite(&settings)?;
        if settings.issuers.is_empty() {
            settings.issuers = issuers::derived(&settings).unwrap_or_else(|unknown| {
                unknown.warn();
                Vec::new()
            });
        }
        warn_of_open_parties(&settings);
        Ok(Instance(Arc::new(settings)))
    }
}

fn public_origins(fixed: Option<&str>, trusted: &[String]) -> Result<PublicOrigins, ConfigError> {
    let fixed = fixed.map(|text| parse::public_origin(Setting::PublicOrigin, text));
    let trusted = trusted
        .iter()
        .map(|text| parse::public_origin(Setting::TrustedOrigins, text));
    let urls: Vec<Url> = fixed.into_iter().chain(trusted).collect::<Result<_, _>>()?;
    Ok(PublicOrigins::new(urls))
}

fn satellite(given: Satellite) -> Result<Satellite, ConfigError> {
    let domain = given.domain.as_deref().map(parse::domain).transpose()?;
    Ok(Satellite { domain, ..given })
}

fn check_satellite(settings: &Settings) -> Result<(), ConfigError> {
    let Some(satellite) = &settings.satellite else {
        return Ok(());
    };
    // Only the environment can leave out both.
    if satellite.domain.is_none() && settings.proxy_url.is_none() {
        return Err(ConfigError::SatelliteWithoutDomain);
    }
    let is_development = settings.publishable_key.instance_type() == InstanceType::Development;
    let sign_in_url = settings.sign_in_url.as_deref().and_then(|url| Url::parse(url).ok());
    let is_elsewhere = match &sign_in_url {
        Some(url) => !is_own(settings, satellite, url),
        None => !is_development,
    };
    if !is_elsewhere {
        return Err(ConfigError::SatelliteSignInUrl {
            found: settings.sign_in_url.as_deref().map(redacted),
        });
    }
    Ok(())
}

/// Returns `true` if `url` is on the satellite itself, by its domain or its public origins.
///
/// A development satellite's domain is ignored, because it runs on the developer's machine.
fn is_own(settings: &Settings, satellite: &Satellite, url: &Url) -> bool {
    let is_production = settings.publishable_key.instance_type() == InstanceType::Production;
    let domain = satellite.domain().filter(|_| is_production);
    let is_on_domain = domain.is_some_and(|domain| {
        let own = format!("{}://{domain}", url.scheme()).parse::<Origin>();
        own.is_ok_and(|own| own.is_origin_of(url))
    });
    is_on_domain || settings.public_origins.iter().any(|own| own.is_origin_of(url))
}

fn name_of(instance_type: InstanceType) -> &'static str {
    match instance_type {
        InstanceType::Development => "development",
        InstanceType::Production => "production",
    }
}

/// Returns the configured parties, or the application's own origins if the list is empty.
fn authorized_parties(configured: Vec<Origin>, own: &PublicOrigins) -> Vec<Origin> {
    if configured.is_empty() {
        own.iter().cloned().collect()
    } else {
        configured
    }
}

fn warn_of_open_parties(settings: &Settings) {
    let is_production = settings.publishable_key.instance_type() == InstanceType::Production;
    if is_production && settings.authorized_parties.is_empty() {
        tracing::warn!(
            "neither authorized_parties nor public_origin is set, so tokens made for other applications of this Clerk \
             instance are accepted too; set one of them"
        );
    }
}
