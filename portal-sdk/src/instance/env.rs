//! The `CLERK_*` variables of a server.

use std::env::{self, VarError};

use super::{AfterRedirects, ConfigError, InstanceBuilder, Setting};

/// Where Clerk's SDKs expect the Frontend API if they choose the path themselves.
const AUTOMATIC_PROXY: &str = "/__clerk";

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
    /// | `CLERK_FAPI_URL` | [`frontend_api_url`](Self::frontend_api_url) |
    /// | `CLERK_IS_SATELLITE` (`true` or `false`) | [`satellite`](Self::satellite) |
    /// | `CLERK_SIGN_IN_URL`, `CLERK_SIGN_UP_URL` | [`sign_in_url`](Self::sign_in_url), [`sign_up_url`](Self::sign_up_url) |
    /// | `CLERK_SIGN_{IN,UP}_{FORCE,FALLBACK}_REDIRECT_URL` | [`after_redirects`](Self::after_redirects) |
    /// | `CLERK_AFTER_SIGN_{IN,UP}_URL` (deprecated) | the fallback, where its own variable is unset |
    /// | `PORTAL_PUBLIC_ORIGIN` | [`public_origin`](Self::public_origin) |
    /// | `PORTAL_TRUSTED_ORIGINS` (separated by commas) | [`trusted_origins`](Self::trusted_origins) |
    /// | `PORTAL_AUTHORIZED_PARTIES` (separated by commas) | [`authorized_parties`](Self::authorized_parties) |
    ///
    /// On Vercel's own production domains, where Clerk can have no address of its own, the Frontend API must come from the
    /// application. With a production key, `VERCEL_TARGET_ENV=production` and a `VERCEL_PROJECT_PRODUCTION_URL` that ends in
    /// `.vercel.app`, the proxy is therefore `/__clerk` unless a proxy or a domain is set or `CLERK_DISABLE_AUTO_PROXY` is
    /// `true` or `1`. The application must then serve it.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if a key is missing, a variable is not UTF-8, `CLERK_IS_SATELLITE` is neither `true` nor
    /// `false`, or a list holds nothing but commas. Everything else is checked by [`build`](Self::build).
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
        let domain = variable("CLERK_DOMAIN")?;
        let mut proxy_url = variable("CLERK_PROXY_URL")?;
        let is_production = publishable_key.starts_with("pk_live_");
        if proxy_url.is_none() && domain.is_none() && is_production && needs_proxy(&variable)? {
            tracing::info!("the Frontend API is expected at {AUTOMATIC_PROXY} of this application");
            proxy_url = Some(AUTOMATIC_PROXY.to_owned());
        }
        let list = |setting: Setting| -> Result<Vec<String>, ConfigError> {
            variable(setting.name())?.map_or(Ok(Vec::new()), |value| entries(setting, &value))
        };
        Ok(Self {
            public_origin: variable(Setting::PublicOrigin.name())?,
            trusted_origins: list(Setting::TrustedOrigins)?,
            authorized_parties: list(Setting::AuthorizedParties)?.into_iter().map(Into::into).collect(),
            api_url: variable("CLERK_API_URL")?,
            api_version: variable("CLERK_API_VERSION")?,
            jwt_key: variable("CLERK_JWT_KEY")?,
            proxy_url,
            frontend_api_url: variable("CLERK_FAPI_URL")?,
            domain,
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

/// The entries of a list separated by commas; empty ones are left out.
fn entries(setting: Setting, value: &str) -> Result<Vec<String>, ConfigError> {
    let entries: Vec<String> = value
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(str::to_owned)
        .collect();
    // An empty list would allow everything, which cannot be what a variable that is set means.
    if entries.is_empty() {
        let expected = "origins separated by commas, or no such variable";
        return Err(ConfigError::invalid(setting, value, expected));
    }
    Ok(entries)
}

fn process_variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(ConfigError::NotUnicode { name }),
    }
}

/// Whether the application runs on a domain of Vercel's, on which Clerk can have no subdomain.
fn needs_proxy(variable: &impl Fn(&'static str) -> Result<Option<String>, ConfigError>) -> Result<bool, ConfigError> {
    let is_off = variable("CLERK_DISABLE_AUTO_PROXY")?.is_some_and(|value| is_truthy(&value));
    let is_production = variable("VERCEL_TARGET_ENV")?.as_deref() == Some("production");
    let host = variable("VERCEL_PROJECT_PRODUCTION_URL")?;
    Ok(!is_off && is_production && host.is_some_and(|host| host.ends_with(".vercel.app")))
}

/// As Clerk reads switches: `true` in any case, or a number above zero.
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
    fn on_vercels_own_domains_the_frontend_api_is_the_applications() {
        let vercel = [
            ("VERCEL_TARGET_ENV", "production"),
            ("VERCEL_PROJECT_PRODUCTION_URL", "shop.vercel.app"),
        ];
        let proxy = |more: &[(&'static str, &'static str)]| {
            let instance = with(&[&vercel[..], more].concat()).unwrap();
            instance.proxy_url().cloned()
        };
        let automatic = Some(ProxyUrl::Path("/__clerk".into()));
        assert_eq!(proxy(&[]), automatic);
        assert_eq!(proxy(&[("CLERK_DISABLE_AUTO_PROXY", "false")]), automatic);
        for off in ["true", "TRUE", "1"] {
            assert_eq!(proxy(&[("CLERK_DISABLE_AUTO_PROXY", off)]), None, "{off}");
        }
        assert_eq!(
            proxy(&[("CLERK_PROXY_URL", "/own")]),
            Some(ProxyUrl::Path("/own".into()))
        );
        assert_eq!(proxy(&[("CLERK_DOMAIN", "shop.example")]), None);
        for (name, value) in [
            ("VERCEL_TARGET_ENV", "preview"),
            ("VERCEL_PROJECT_PRODUCTION_URL", "shop.example"),
        ] {
            let mut variables = vercel;
            variables
                .iter_mut()
                .filter(|(found, _)| *found == name)
                .for_each(|found| found.1 = value);
            assert_eq!(with(&variables).unwrap().proxy_url(), None, "{name}={value}");
        }
        let development = [
            (
                "CLERK_PUBLISHABLE_KEY",
                "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk",
            ),
            ("CLERK_SECRET_KEY", "sk_test_x"),
        ];
        assert_eq!(
            read(&[&development[..], &vercel[..]].concat()).unwrap().proxy_url(),
            None
        );
    }

    #[test]
    fn settings_of_the_builder_name_their_setter() {
        use crate::instance::Setting;
        for (setting, name) in [
            (Setting::SatelliteOrigins, "satellite_origins"),
            (Setting::PublicOrigin, "public_origin (PORTAL_PUBLIC_ORIGIN)"),
            (Setting::TrustedOrigins, "trusted_origins (PORTAL_TRUSTED_ORIGINS)"),
            (
                Setting::AuthorizedParties,
                "authorized_parties (PORTAL_AUTHORIZED_PARTIES)",
            ),
            (Setting::Audience, "audience"),
            (Setting::Issuers, "issuers"),
            (Setting::AllowedRequestOrigins, "allowed_request_origins"),
            (Setting::AllowedRedirectOrigins, "allowed_redirect_origins"),
            (Setting::OrganizationPatterns, "organization_patterns"),
            (Setting::PersonalAccountPatterns, "personal_account_patterns"),
            (Setting::IsSatellite, "CLERK_IS_SATELLITE"),
            (Setting::JwtKey, "CLERK_JWT_KEY"),
            (Setting::PublishableKey, "CLERK_PUBLISHABLE_KEY"),
            (Setting::SecretKey, "CLERK_SECRET_KEY"),
        ] {
            assert_eq!(setting.to_string(), name);
        }
        let not_an_origin = ["app.example.com"];
        let builder = || Instance::builder(KEYS[0].1.trim(), "sk_live_x");
        for (builder, name) in [
            (
                builder().allowed_redirect_origins(not_an_origin),
                "allowed_redirect_origins",
            ),
            (
                builder().allowed_request_origins(not_an_origin),
                "allowed_request_origins",
            ),
            (
                builder().trusted_origins(not_an_origin),
                "trusted_origins (PORTAL_TRUSTED_ORIGINS)",
            ),
            (builder().satellite_origins(not_an_origin), "satellite_origins"),
        ] {
            let error = builder.build().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("{name}: found \"app.example.com\"")),
                "{error}"
            );
        }
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
            ("CLERK_API_URL", "https://api.example.com/v2"),
            ("CLERK_API_VERSION", "v1/"),
            ("CLERK_JWT_KEY", "AAAA"),
            ("CLERK_PROXY_URL", "//evil.example"),
            ("CLERK_DOMAIN", "satellite.example/x"),
            ("CLERK_FAPI_URL", "https://fapi.example.com/?a=b"),
            ("CLERK_FAPI_URL", "https://u:p@fapi.example.com"),
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
