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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::{Instance, ProxyUrl};

    const KEYS: [(&str, &str); 2] = [
        ("CLERK_PUBLISHABLE_KEY", " pk_live_Y2xlcmsuZXhhbXBsZS5jb20k\n"),
        ("CLERK_SECRET_KEY", "sk_live_x"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<Instance, ConfigError> {
        let look_up = |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            Ok(found.map(|(_, value)| (*value).to_owned()))
        };
        InstanceBuilder::from_variables(look_up)?.build()
    }

    fn with(more: &[(&'static str, &'static str)]) -> Result<Instance, ConfigError> {
        read(&[&KEYS[..], more].concat())
    }

    #[test]
    fn every_variable_is_read() {
        let instance = with(&[
            ("CLERK_API_URL", "https://api.example.com"),
            ("CLERK_API_VERSION", "v2"),
            ("CLERK_PROXY_URL", "/__clerk"),
            ("CLERK_DOMAIN", "satellite.example"),
            ("CLERK_IS_SATELLITE", "true"),
            ("CLERK_SIGN_IN_URL", "https://primary.example/sign-in"),
            ("CLERK_SIGN_UP_URL", "/join"),
            ("CLERK_SIGN_IN_FORCE_REDIRECT_URL", "/in"),
            ("CLERK_SIGN_UP_FORCE_REDIRECT_URL", "/up"),
            ("CLERK_SIGN_IN_FALLBACK_REDIRECT_URL", "/in-else"),
            ("CLERK_AFTER_SIGN_IN_URL", "/deprecated-in"),
            ("CLERK_AFTER_SIGN_UP_URL", "/deprecated-up"),
        ])
        .unwrap();
        assert_eq!(instance.publishable_key().as_str(), KEYS[0].1.trim());
        assert_eq!(
            (instance.api_url().as_str(), instance.api_version()),
            ("https://api.example.com/", "v2")
        );
        assert_eq!(instance.proxy_url(), Some(&ProxyUrl::Path("/__clerk".into())));
        assert_eq!(instance.domain(), Some("satellite.example"));
        assert!(instance.is_satellite());
        assert_eq!(instance.sign_in_url(), Some("https://primary.example/sign-in"));
        assert_eq!(instance.sign_up_url(), Some("/join"));
        let redirects = AfterRedirects {
            sign_in_force: Some("/in".into()),
            sign_in_fallback: Some("/in-else".into()),
            sign_up_force: Some("/up".into()),
            sign_up_fallback: Some("/deprecated-up".into()),
        };
        assert_eq!(instance.after_redirects(), &redirects);
        assert!(!format!("{instance:?}").contains("sk_live_x"));
    }

    #[test]
    fn an_empty_variable_is_unset() {
        let instance = with(&[
            ("CLERK_PROXY_URL", ""),
            ("CLERK_IS_SATELLITE", " "),
            ("CLERK_API_URL", "  "),
        ])
        .unwrap();
        assert!(instance.proxy_url().is_none() && !instance.is_satellite());
        assert_eq!(instance.api_url().as_str(), "https://api.clerk.com/");
    }

    #[test]
    fn what_is_wrong_names_its_variable() {
        assert!(
            read(&[])
                .unwrap_err()
                .to_string()
                .starts_with("CLERK_PUBLISHABLE_KEY is not set")
        );
        assert!(
            read(&KEYS[..1])
                .unwrap_err()
                .to_string()
                .starts_with("CLERK_SECRET_KEY is not set")
        );
        for (name, value) in [
            ("CLERK_API_URL", "ftp://api.example.com"),
            ("CLERK_API_VERSION", "v1/"),
            ("CLERK_JWT_KEY", "AAAA"),
            ("CLERK_PROXY_URL", "//evil.example"),
            ("CLERK_DOMAIN", "satellite.example/x"),
            ("CLERK_IS_SATELLITE", "maybe"),
            ("CLERK_SIGN_IN_URL", "sign-in"),
            ("CLERK_SIGN_UP_URL", "/\\evil.example"),
            ("CLERK_SIGN_IN_FORCE_REDIRECT_URL", "javascript:alert(1)"),
            ("CLERK_SIGN_IN_FALLBACK_REDIRECT_URL", "x"),
            ("CLERK_SIGN_UP_FORCE_REDIRECT_URL", "x"),
            ("CLERK_SIGN_UP_FALLBACK_REDIRECT_URL", "x"),
        ] {
            let error = with(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}: ")), "{error}");
        }
        let satellite = with(&[("CLERK_IS_SATELLITE", "1")]).unwrap_err();
        assert_eq!(satellite, ConfigError::SatelliteWithoutDomain);
        let unreadable = InstanceBuilder::from_variables(|name| Err(ConfigError::NotUnicode { name })).unwrap_err();
        assert_eq!(
            unreadable.to_string(),
            "CLERK_PUBLISHABLE_KEY holds bytes that are not UTF-8"
        );
    }
}
