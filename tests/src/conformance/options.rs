//! The SDK's options, read from request headers.

use portal_sdk::instance::{ConfigError, Satellite};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use portal_tower::portal_sdk::authenticator::Authenticator;
use portal_tower::portal_sdk::backend::{HttpBackend, KeyCachePolicy};
use portal_tower::portal_sdk::instance::Instance;
use serde::Deserialize;

/// Headers that carry an option. They are taken off the request before the SDK sees it.
const OPTIONS: [&str; 14] = [
    "x-publishable-key",
    "x-secret-key",
    "x-proxy-url",
    "x-domain",
    "x-satellite",
    "x-sign-in-url",
    "x-sign-up-url",
    "x-satellite-auto-sync",
    "x-satellite-origins",
    "x-organization-sync-options",
    "x-jwt-key",
    "x-authorized-parties",
    "x-audience",
    "x-clock-skew-ms",
];

/// The most option sets with an authenticator in memory. A suite uses a few dozen.
const MAX_INSTANCES: usize = 256;

/// Authenticators by option set, so that signing keys live across requests as they do in an application.
#[derive(Debug)]
pub struct Instances {
    api_url: Option<String>,
    policy: KeyCachePolicy,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_options: HashMap<Vec<Option<String>>, Authenticator<HttpBackend>>,
    /// Oldest first.
    order: VecDeque<Vec<Option<String>>>,
}

/// `x-organization-sync-options`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OrganizationSync {
    organization_patterns: Vec<String>,
    personal_account_patterns: Vec<String>,
}

impl Instances {
    /// Instances that call the Backend API at `api_url` and keep keys by `policy`.
    #[must_use]
    pub fn new(api_url: Option<String>, policy: KeyCachePolicy) -> Self {
        Self {
            api_url,
            policy,
            known: Mutex::default(),
        }
    }

    /// Removes the options from a request's headers and returns the authenticator for them.
    ///
    /// # Errors
    ///
    /// Returns a message if an option is invalid.
    pub fn take(&self, headers: &mut HeaderMap) -> Result<Authenticator<HttpBackend>, String> {
        let options: Vec<Option<String>> = OPTIONS.iter().map(|name| take_header(headers, name)).collect();
        if let Some(known) = self.known().by_options.get(&options) {
            return Ok(known.clone());
        }
        let instance = self.build(&options)?;
        let backend = HttpBackend::new(&instance);
        let authenticator = Authenticator::builder(instance)
            .backend(backend)
            .key_cache(self.policy)
            .build();
        let mut known = self.known();
        if known.order.len() >= MAX_INSTANCES
            && let Some(oldest) = known.order.pop_front()
        {
            known.by_options.remove(&oldest);
        }
        known.order.push_back(options.clone());
        known.by_options.insert(options, authenticator.clone());
        Ok(authenticator)
    }

    fn build(&self, options: &[Option<String>]) -> Result<Instance, String> {
        let option = |name: &str| {
            let index = OPTIONS.iter().position(|known| *known == name)?;
            options.get(index)?.as_deref()
        };
        let keys = ["x-publishable-key", "x-secret-key"].map(|name| option(name).unwrap_or_default());
        // Off, because Clerk's own SDK knows no other way (G8).
        let mut builder = Instance::builder(keys[0], keys[1])
            .refresh_on_get_only(true)
            .satellite_origins(list(option("x-satellite-origins")))
            .authorized_parties(list(option("x-authorized-parties")))
            .audience(list(option("x-audience")));
        if let Some(url) = &self.api_url {
            builder = builder.api_url(url);
        }
        if let Some(url) = option("x-proxy-url") {
            builder = builder.proxy_url(url);
        }
        if option("x-satellite") == Some("true") {
            let satellite = match (option("x-domain"), option("x-proxy-url")) {
                (Some(domain), _) => Satellite::on_domain(domain),
                (None, Some(url)) => Satellite::behind_proxy(url),
                (None, None) => return Err(ConfigError::SatelliteWithoutDomain.to_string()),
            };
            builder = builder.satellite(satellite.with_auto_sync(option("x-satellite-auto-sync") == Some("true")));
        }
        if let Some(url) = option("x-sign-in-url") {
            builder = builder.sign_in_url(url);
        }
        if let Some(url) = option("x-sign-up-url") {
            builder = builder.sign_up_url(url);
        }
        if let Some(pem) = option("x-jwt-key") {
            let pem = STANDARD.decode(pem).ok().and_then(|pem| String::from_utf8(pem).ok());
            builder = builder.jwt_key(pem.ok_or("x-jwt-key: expected base64 of a PEM public key")?);
        }
        if let Some(millis) = option("x-clock-skew-ms") {
            let millis = millis
                .parse()
                .map_err(|_| "x-clock-skew-ms: expected whole milliseconds")?;
            builder = builder.clock_skew(Duration::from_millis(millis));
        }
        if let Some(json) = option("x-organization-sync-options") {
            let sync: OrganizationSync =
                serde_json::from_str(json).map_err(|error| format!("x-organization-sync-options: {error}"))?;
            builder = builder
                .organization_patterns(sync.organization_patterns)
                .personal_account_patterns(sync.personal_account_patterns);
        }
        builder.build().map_err(|error| error.to_string())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_header(headers: &mut HeaderMap, name: &str) -> Option<String> {
    let name: HeaderName = name.parse().ok()?;
    let value = headers.remove(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned()).filter(|value| !value.is_empty())
}

fn list(option: Option<&str>) -> Vec<String> {
    let items = option.unwrap_or_default().split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
