//! The `CLERK_*` variables of a server.

use std::env::{self, VarError};

use super::{AfterRedirects, ConfigError, InstanceBuilder, Satellite, Setting, parse};

/// The path at which Clerk's SDKs expect the Frontend API by default.
const AUTOMATIC_PROXY: &str = "/__clerk";

impl InstanceBuilder {
    /// Starts a builder from the process's environment. Later setter calls override it.
    ///
    /// Surrounding white space is dropped, and an empty variable counts as unset.
    ///
    /// | Variable | Setter |
    /// |---|---|
    /// | `CLERK_PUBLISHABLE_KEY`, `CLERK_SECRET_KEY` | required |
    /// | `CLERK_API_URL`, `CLERK_API_VERSION` | [`api_url`](Self::api_url), [`api_version`](Self::api_version) |
    /// | `CLERK_JWT_KEY` | [`jwt_key`](Self::jwt_key) |
    /// | `CLERK_PROXY_URL` | [`proxy_url`](Self::proxy_url) |
    /// | `CLERK_FAPI_URL` | [`frontend_api_url`](Self::frontend_api_url) |
    /// | `CLERK_IS_SATELLITE` (`true` or `false`), `CLERK_DOMAIN` | [`satellite`](Self::satellite) |
    /// | `CLERK_SIGN_IN_URL`, `CLERK_SIGN_UP_URL` | [`sign_in_url`](Self::sign_in_url), [`sign_up_url`](Self::sign_up_url) |
    /// | `CLERK_SIGN_IN_FORCE_REDIRECT_URL` | [`sign_in_force_redirect_url`](Self::sign_in_force_redirect_url) |
    /// | `CLERK_SIGN_IN_FALLBACK_REDIRECT_URL` | [`sign_in_fallback_redirect_url`](Self::sign_in_fallback_redirect_url) |
    /// | `CLERK_SIGN_UP_FORCE_REDIRECT_URL` | [`sign_up_force_redirect_url`](Self::sign_up_force_redirect_url) |
    /// | `CLERK_SIGN_UP_FALLBACK_REDIRECT_URL` | [`sign_up_fallback_redirect_url`](Self::sign_up_fallback_redirect_url) |
    /// | `CLERK_AFTER_SIGN_{IN,UP}_URL` (deprecated) | the fallback, if its own variable is unset |
    /// | `PORTAL_PUBLIC_ORIGIN` | [`public_origin`](Self::public_origin) |
    /// | `PORTAL_TRUSTED_ORIGINS` (separated by commas) | [`trusted_origins`](Self::trusted_origins) |
    /// | `PORTAL_AUTHORIZED_PARTIES` (separated by commas) | [`authorized_parties`](Self::authorized_parties) |
    /// | `PORTAL_ISSUERS` (separated by commas) | [`issuers`](Self::issuers) |
    ///
    /// On Vercel's production domains, where Clerk can have no subdomain, the application must serve the Frontend API.
    /// With a production key, `VERCEL_TARGET_ENV=production` and a `VERCEL_PROJECT_PRODUCTION_URL` that ends in
    /// `.vercel.app`, the proxy URL is therefore `/__clerk` unless a proxy or a domain is set or
    /// `CLERK_DISABLE_AUTO_PROXY` is `true` or `1`.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if a key is missing, a variable is not UTF-8, `CLERK_IS_SATELLITE` is neither `true` nor
    /// `false`, `CLERK_DOMAIN` is not a host name, or a list contains only commas. [`build`](Self::build) checks the
    /// rest.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(process_variable)
    }

    /// Starts a builder like [`from_env`](Self::from_env), from a look-up function.
    ///
    /// ```
    /// use portal_sdk::instance::InstanceBuilder;
    ///
    /// let builder = InstanceBuilder::from_variables(|name| {
    ///     Ok(match name {
    ///         "CLERK_PUBLISHABLE_KEY" => Some("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".to_owned()),
    ///         "CLERK_SECRET_KEY" => Some("sk_live_example".to_owned()),
    ///         _ => None,
    ///     })
    /// })?;
    /// assert!(!builder.build()?.is_development());
    /// # Ok::<(), portal_sdk::instance::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if [`from_env`](Self::from_env) does, or the error of `variable`.
    pub fn from_variables<F>(variable: F) -> Result<Self, ConfigError>
    where
        F: Fn(&'static str) -> Result<Option<String>, ConfigError>,
    {
        let variable = |name| -> Result<Option<String>, ConfigError> {
            let value = variable(name)?.map(|value| value.trim().to_owned());
            Ok(value.filter(|value| !value.is_empty()))
        };
        let publishable_key = variable("CLERK_PUBLISHABLE_KEY")?.ok_or(ConfigError::Missing {
            setting: Setting::PublishableKey,
            expected: "pk_test_… or pk_live_… from the API keys page of the Clerk dashboard or from the local portal's first lines",
        })?;
        let secret_key = variable("CLERK_SECRET_KEY")?.ok_or(ConfigError::Missing {
            setting: Setting::SecretKey,
            expected: "sk_test_… or sk_live_… from the API keys page of the Clerk dashboard or from the local portal's first lines",
        })?;
        let or_deprecated = |name, deprecated| -> Result<Option<Box<str>>, ConfigError> {
            Ok(variable(name)?.or(variable(deprecated)?).map(Into::into))
        };
        let domain = variable("CLERK_DOMAIN")?;
        // Checked without a satellite too, where it only switches off the automatic proxy.
        domain.as_deref().map(parse::domain).transpose()?;
        let mut proxy_url = variable("CLERK_PROXY_URL")?;
        let is_production = publishable_key.starts_with("pk_live_");
        if proxy_url.is_none() && domain.is_none() && is_production && needs_proxy(&variable)? {
            tracing::info!("the Frontend API is expected at {AUTOMATIC_PROXY} of this application");
            proxy_url = Some(AUTOMATIC_PROXY.to_owned());
        }
        let satellite = is_satellite(variable("CLERK_IS_SATELLITE")?.as_deref())?.then_some(Satellite {
            domain,
            proxy_url: None,
            auto_sync: false,
        });
        let list = |setting: Setting| -> Result<Vec<String>, ConfigError> {
            variable(setting.name())?.map_or(Ok(Vec::new()), |value| entries(setting, &value))
        };
        Ok(Self {
            public_origin: variable(Setting::PublicOrigin.name())?,
            trusted_origins: list(Setting::TrustedOrigins)?,
            authorized_parties: list(Setting::AuthorizedParties)?,
            issuers: list(Setting::Issuers)?,
            api_url: variable("CLERK_API_URL")?,
            api_version: variable("CLERK_API_VERSION")?,
            jwt_key: variable("CLERK_JWT_KEY")?,
            proxy_url,
            frontend_api_url: variable("CLERK_FAPI_URL")?,
            satellite,
            sign_in_url: variable("CLERK_SIGN_IN_URL")?,
            sign_up_url: variable("CLERK_SIGN_UP_URL")?,
            after_redirects: AfterRedirects {
                sign_in_force: variable("CLERK_SIGN_IN_FORCE_REDIRECT_URL")?.map(Into::into),
                sign_up_force: variable("CLERK_SIGN_UP_FORCE_REDIRECT_URL")?.map(Into::into),
                sign_in_fallback: or_deprecated("CLERK_SIGN_IN_FALLBACK_REDIRECT_URL", "CLERK_AFTER_SIGN_IN_URL")?,
                sign_up_fallback: or_deprecated("CLERK_SIGN_UP_FALLBACK_REDIRECT_URL", "CLERK_AFTER_SIGN_UP_URL")?,
            },
            ..Self::new(publishable_key, secret_key)
        })
    }
}

/// Returns the non-empty entries of a comma-separated list.
fn entries(setting: Setting, value: &str) -> Result<Vec<String>, ConfigError> {
    let entries: Vec<String> = value
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(str::to_owned)
        .collect();
    // Reject an empty list, because it would allow everything.
    if entries.is_empty() {
        let expected = "URLs separated by commas; unset the variable if there are none";
        return Err(ConfigError::invalid(setting, value, expected));
    }
    Ok(entries)
}

/// Reads a variable of the process's environment.
///
/// # Errors
///
/// Returns [`ConfigError::NotUnicode`] if it is not UTF-8.
pub(crate) fn process_variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(ConfigError::NotUnicode { name }),
    }
}

/// Returns `true` on Vercel's production domains, where Clerk can have no subdomain.
fn needs_proxy(variable: &impl Fn(&'static str) -> Result<Option<String>, ConfigError>) -> Result<bool, ConfigError> {
    let is_off = variable("CLERK_DISABLE_AUTO_PROXY")?.is_some_and(|value| is_truthy(&value));
    let is_production = variable("VERCEL_TARGET_ENV")?.as_deref() == Some("production");
    let host = variable("VERCEL_PROJECT_PRODUCTION_URL")?;
    Ok(!is_off && is_production && host.is_some_and(|host| host.ends_with(".vercel.app")))
}

/// Reads a switch as Clerk does: `true` in any case, or a number of at least one.
fn is_truthy(value: &str) -> bool {
    value.eq_ignore_ascii_case("true") || value.parse::<f64>().is_ok_and(|number| number >= 1.0)
}

fn is_satellite(value: Option<&str>) -> Result<bool, ConfigError> {
    match value {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(found) => Err(ConfigError::invalid(Setting::IsSatellite, found, "true or false")),
    }
}

#[cfg(test)]
mod tests;
