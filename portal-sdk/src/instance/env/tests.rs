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
    assert_eq!(instance.satellite().unwrap().domain(), Some("satellite.example"));
    assert_eq!(instance.sign_in_url(), Some("https://primary.example/sign-in"));
    assert_eq!(instance.sign_up_url(), Some("/join"));
    assert_eq!(instance.sign_in_force_redirect_url(), Some("/in"));
    assert_eq!(instance.sign_in_fallback_redirect_url(), Some("/in-else"));
    assert_eq!(instance.sign_up_force_redirect_url(), Some("/up"));
    assert_eq!(instance.sign_up_fallback_redirect_url(), Some("/deprecated-up"));
    assert!(!format!("{instance:?}").contains("sk_live_x"));
}

#[test]
fn vercel_production_domain_sets_the_proxy_url() {
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
fn setting_displays_its_variable_or_setter() {
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
        (Setting::Issuers, "issuers (PORTAL_ISSUERS)"),
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
        assert!(error.starts_with(&format!("{name}: expected an origin")), "{error}");
    }
}

#[test]
fn empty_variable_counts_as_unset() {
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
fn invalid_variable_is_named_in_the_error() {
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
    assert_eq!(unreadable.to_string(), "CLERK_PUBLISHABLE_KEY: expected UTF-8");
}

#[test]
fn domain_without_satellite_is_checked_and_switches_the_automatic_proxy_off() {
    let instance = with(&[("CLERK_DOMAIN", "shop.example")]).unwrap();
    assert!(!instance.is_satellite());
    let error = with(&[("CLERK_DOMAIN", "https://shop.example")]).unwrap_err();
    assert!(error.to_string().starts_with("CLERK_DOMAIN: "), "{error}");
}

#[test]
fn setter_after_the_environment_wins() {
    let variables = |name| {
        let set = [&KEYS[..], &[("CLERK_IS_SATELLITE", "1")]].concat();
        let found = set.into_iter().find(|(variable, _)| *variable == name);
        Ok(found.map(|(_, value)| value.to_owned()))
    };
    let builder = InstanceBuilder::from_variables(variables).unwrap();
    let proxied = builder.clone().satellite(Satellite::behind_proxy("/__clerk"));
    assert_eq!(
        proxied.build().unwrap().proxy_url(),
        Some(&ProxyUrl::Path("/__clerk".into()))
    );
    assert!(!builder.satellite(None).build().unwrap().is_satellite());
}
