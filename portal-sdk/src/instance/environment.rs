//! The `CLERK_*` variables of a server.

use std::env::{self, VarError};

use super::{AfterRedirects, ConfigError, InstanceBuilder, Setting};

impl InstanceBuilder {
    /// Starts with what the process's environment says. Surrounding white space is dropped and an empty variable counts
    /// as unset. Setters called afterwards win.
    ///
    /// | Variable | Setter |
    /// |---|---|
    /// | `CLERK_PUBLISHABLE_KEY`, `CLERK_SECRET_KEY` | required |
    /// | `CLERK_API_URL`, `CLERK_API_VERSION` | [`api_url`](Self::api_url), [`api_version`](Self::api_version) |
    /// | `CLERK_JWT_KEY` | [`jwt_key`](Self::jwt_key) |
    /// | `CLERK_PROXY_URL`, `CLERK_DOMAIN` | [`proxy_url`](Self::proxy_url), [`domain`](Self::domain) |
    /// | `CLERK_IS_SATELLITE` (`true` or `false`) | [`satellite`](Self::satellite) |
    /// | `CLERK_SIGN_IN_URL`, `CLERK_SIGN_UP_URL` | [`sign_in_url`](Self::sign_in_url), [`sign_up_url`](Self::sign_up_url) |
    /// | `CLERK_SIGN_{IN,UP}_{FORCE,FALLBACK}_REDIRECT_URL` | [`after_redirects`](Self::after_redirects) |
    /// | `CLERK_AFTER_SIGN_{IN,UP}_URL` (deprecated) | the fallback, where its own variable is unset |
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a key is missing, a variable is not UTF-8, or `CLERK_IS_SATELLITE` is neither `true` nor
    /// `false`. Everything else is checked by [`build`](Self::build).
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(process_variable)
    }

    /// [`from_env`](Self::from_env) with a look-up of your own instead of the process's environment.
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env), and whatever `variable` fails with.
    pub fn from_variables<F>(variable: F) -> Result<Self, ConfigError>
    where
        F: Fn(&'static str) -> Result<Option<String>, ConfigError>,
    {
        let variable = |name| -> Result<Option<String>, ConfigError> {
            Ok(variable(name)?
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty()))
        };
        let publishable_key = variable("CLERK_PUBLISHABLE_KEY")?.ok_or(ConfigError::Missing {
            setting: Setting::PublishableKey,
            expected: "pk_test_… or pk_live_… from the API keys page of the Clerk dashboard",
        })?;
        let secret_key = variable("CLERK_SECRET_KEY")?.ok_or(ConfigError::Missing {
            setting: Setting::SecretKey,
            expected: "sk_test_… or sk_live_… from the API keys page of the Clerk dashboard",
        })?;
        let or_deprecated = |name, deprecated| -> Result<Option<Box<str>>, ConfigError> {
            Ok(variable(name)?.or(variable(deprecated)?).map(Into::into))
        };
        Ok(Self {
            api_url: variable("CLERK_API_URL")?,
            api_version: variable("CLERK_API_VERSION")?,
            jwt_key: variable("CLERK_JWT_KEY")?,
            proxy_url: variable("CLERK_PROXY_URL")?,
            domain: variable("CLERK_DOMAIN")?,
            is_satellite: is_satellite(variable("CLERK_IS_SATELLITE")?.as_deref())?,
            sign_in_url: variable("CLERK_SIGN_IN_URL")?,
            sign_up_url: variable("CLERK_SIGN_UP_URL")?,
            redirects: AfterRedirects {
                sign_in_force: variable("CLERK_SIGN_IN_FORCE_REDIRECT_URL")?.map(Into::into),
                sign_up_force: variable("CLERK_SIGN_UP_FORCE_REDIRECT_URL")?.map(Into::into),
                sign_in_fallback: or_deprecated("CLERK_SIGN_IN_FALLBACK_REDIRECT_URL", "CLERK_AFTER_SIGN_IN_URL")?,
                sign_up_fallback: or_deprecated("CLERK_SIGN_UP_FALLBACK_REDIRECT_URL", "CLERK_AFTER_SIGN_UP_URL")?,
            },
            ..Self::new(publishable_key, secret_key)
        })
    }
}

fn process_variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(ConfigError::NotUnicode { name }),
    }
}

fn is_satellite(value: Option<&str>) -> Result<bool, ConfigError> {
    match value {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(found) => Err(ConfigError::Invalid {
            setting: Setting::IsSatellite,
            found: found.into(),
            expected: "true or false",
        }),
    }
}
