//! Invalid settings are rejected when the instance is built. The error names the setting and shows no secret.

use std::error::Error as _;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portal_sdk::instance::{ConfigError, Instance, InstanceBuilder, Origin, PublishableKey, Satellite, Setting};

use crate::common::{LIVE_KEY, TEST_KEY};

fn live() -> InstanceBuilder {
    Instance::builder(LIVE_KEY, "sk_live_x")
}

/// Everything that an error prints.
fn printed(error: &ConfigError) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!("{error} {error:?}"));
        source = error.source();
    }
    text
}

#[test]
fn closing_slash_of_an_authorized_party_is_dropped() {
    for (given, kept) in [
        ("http://localhost:8080/", "http://localhost:8080"),
        ("https://APP.example.com", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdef/", "chrome-extension://abcdef"),
        ("capacitor://localhost", "capacitor://localhost"),
    ] {
        let instance = live().authorized_parties([given]).build().unwrap();
        assert_eq!(instance.authorized_parties(), [kept]);
    }
}

#[test]
fn invalid_authorized_party_is_rejected() {
    for party in [
        "localhost",
        "localhost:8080",
        "app.example.com",
        "",
        " ",
        "null",
        "*",
        "https://*.example.com",
        "https://app.example.com/path",
        "https://app.example.com?x",
        "https://user@app.example.com",
        "https://a.example.com,https://b.example.com",
        "https://a.example.com,b.example.com",
        "https://",
        "https://app..example.com",
        "wss://app.example.com",
        "ftp://app.example.com",
        "file:///x",
        "mailto:a@example.com",
        "chrome-extension://abc/x",
    ] {
        let error = live()
            .authorized_parties(["https://ok.example", party])
            .build()
            .unwrap_err();
        assert!(
            matches!(
                &error,
                ConfigError::Invalid {
                    setting: Setting::AuthorizedParties,
                    ..
                }
            ),
            "{party:?}: {error}"
        );
        let text = error.to_string();
        assert!(
            text.starts_with("authorized_parties (PORTAL_AUTHORIZED_PARTIES): expected an origin"),
            "{text}"
        );
        assert!(text.contains("https://app.example.com"), "{text}");
    }
}

#[test]
fn invalid_list_or_url_is_rejected_with_its_setting() {
    for (builder, name, found) in [
        (live().issuers(["clerk.example.com"]), "issuers", "clerk.example.com"),
        (live().issuers([""]), "issuers", ""),
        (
            live().issuers(["https://clerk.example.com?x"]),
            "issuers",
            "https://clerk.example.com?x",
        ),
        (live().audience([" "]), "audience", " "),
        (
            live().trusted_origins(["example.com"]),
            "trusted_origins",
            "example.com",
        ),
        (
            live().allowed_redirect_origins(["https://*.example.com"]),
            "allowed_redirect_origins",
            "https://*.example.com",
        ),
        (
            live().allowed_request_origins(["https://x.example/a"]),
            "allowed_request_origins",
            "https://x.example/a",
        ),
        (
            live().satellite_origins(["x.example"]),
            "satellite_origins",
            "x.example",
        ),
        (
            live().api_url("https://api.clerk.com/v2"),
            "CLERK_API_URL",
            "https://api.clerk.com/v2",
        ),
        (live().api_url("api.clerk.com"), "CLERK_API_URL", "api.clerk.com"),
        (
            live().frontend_api_url("https://x.example/v2"),
            "CLERK_FAPI_URL",
            "https://x.example/v2",
        ),
        (live().proxy_url("/__clerk?x"), "CLERK_PROXY_URL", "/__clerk?x"),
        (
            live().proxy_url("/\t/evil.example"),
            "CLERK_PROXY_URL",
            "/\t/evil.example",
        ),
        (
            live().proxy_url("https://x.example/#a"),
            "CLERK_PROXY_URL",
            "https://x.example/#a",
        ),
        (
            live().sign_in_url("/\t/evil.example"),
            "CLERK_SIGN_IN_URL",
            "/\t/evil.example",
        ),
        (
            live().sign_up_url("https://*.x.example/a"),
            "CLERK_SIGN_UP_URL",
            "https://*.x.example/a",
        ),
        (
            live().satellite(Satellite::on_domain("https://satellite.example")),
            "CLERK_DOMAIN",
            "https://satellite.example",
        ),
        (
            live().satellite(Satellite::on_domain("*.satellite.example")),
            "CLERK_DOMAIN",
            "*.satellite.example",
        ),
        (
            live().satellite(Satellite::on_domain("a.example,b.example")),
            "CLERK_DOMAIN",
            "a.example,b.example",
        ),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
        assert!(
            error.contains(": expected ") && error.ends_with(&format!(", found {found:?}")),
            "{error}"
        );
    }
}

#[test]
fn origins_in_settings_are_normalized() {
    let instance = live()
        .issuers(["https://clerk.example.com/", "http://127.0.0.1:8787/accounts.dev/"])
        .audience([" api "])
        .allowed_redirect_origins(["https://WWW.example.net:443/"])
        .satellite_origins(["https://satellite.example/"])
        .satellite(Satellite::on_domain("Satellite.example:443/"))
        .build()
        .unwrap();
    let issuers = ["https://clerk.example.com", "http://127.0.0.1:8787/accounts.dev"];
    assert!(
        instance.issuers().eq(issuers),
        "{:?}",
        instance.issuers().collect::<Vec<_>>()
    );
    assert!(instance.audience().eq(["api"]));
    assert_eq!(instance.allowed_redirect_origins(), ["https://www.example.net"]);
    assert_eq!(instance.satellite_origins(), ["https://satellite.example"]);
    assert_eq!(instance.satellite().unwrap().domain(), Some("satellite.example"));
}

#[test]
fn version_at_the_end_of_an_api_url_is_dropped() {
    for (url, kept) in [
        ("https://api.clerk.com/v1", "https://api.clerk.com/"),
        ("https://api.clerk.com/v1/", "https://api.clerk.com/"),
        ("https://api.clerk.com/V1/v1", "https://api.clerk.com/"),
        ("https://proxy.example/clerk/v1", "https://proxy.example/clerk"),
        ("https://proxy.example/clerk", "https://proxy.example/clerk"),
        ("https://proxy.example/v1x", "https://proxy.example/v1x"),
    ] {
        assert_eq!(live().api_url(url).build().unwrap().api_url().as_str(), kept, "{url}");
    }
    let second = live()
        .api_version("v2")
        .api_url("https://api.clerk.com/v2")
        .build()
        .unwrap();
    assert_eq!(second.api_url().as_str(), "https://api.clerk.com/");
    let proxied = live().frontend_api_url("https://fapi.example.com/v1").build().unwrap();
    assert_eq!(proxied.frontend_api_upstream(), "https://fapi.example.com");
}

#[test]
fn rsa_key_below_2048_bits_is_rejected_as_jwt_key() {
    // 1,024 bits, made once with OpenSSL.
    let small = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC8jG16Stw/WD+xUx876BbawfKkIE1qi5D24EJ8UEF/8ug+9UeFW/eIlKMVpr4s \
                 LFJW1tRuQlHrSm3NfdQwuAj6vAZ202inMtZhIAKvjJyBWLkMoxXVDg3qChpzcxxvze2Q/aGERq55ge6TayhHr8jr+N8MAnqT2N+o \
                 ieYoB9E6yQIDAQAB";
    for (pem, problem) in [
        (small, "2048 to 8192 bits"),
        (
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
            "private key (not shown)",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
            "private key (not shown)",
        ),
        ("hunter2", "not base64"),
        ("sk_live_hunter2", "not base64"),
        ("aHVudGVyMg==", "not an RSA public key"),
    ] {
        let error = live().jwt_key(pem).build().unwrap_err();
        let text = printed(&error);
        assert!(text.starts_with("CLERK_JWT_KEY: ") && text.contains(problem), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    for size in [KeySize::Rsa2048, KeySize::Rsa3072, KeySize::Rsa4096] {
        let key = KeyPair::generate(size).unwrap();
        let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        assert!(
            live().jwt_key(STANDARD.encode(der.as_ref())).build().is_ok(),
            "{size:?}"
        );
    }
}

#[test]
fn swapped_keys_are_reported_without_the_secret() {
    for secret in [
        "sk_live_hunter2",
        "sk_test_hunter2",
        " sk_live_hunter2\n",
        "\"sk_live_hunter2\"",
        "'SK_LIVE_hunter2'",
        "\u{feff}sk_hunter2",
        "live_hunter2",
    ] {
        let builder = Instance::builder(secret, LIVE_KEY);
        assert!(!format!("{builder:?}").contains("hunter2"));
        let text = printed(&builder.build().unwrap_err());
        assert!(
            text.starts_with("CLERK_PUBLISHABLE_KEY: expected a publishable key")
                && text.contains("found a secret key"),
            "{text}"
        );
        assert!(
            text.contains("swapped") && !text.to_lowercase().contains("hunter2"),
            "{text}"
        );
        let parsed = secret.parse::<PublishableKey>().unwrap_err();
        assert!(!format!("{parsed} {parsed:?}").contains("hunter2"));
    }
    let other_way = Instance::builder(LIVE_KEY, LIVE_KEY).build().unwrap_err().to_string();
    assert!(
        other_way.starts_with("CLERK_SECRET_KEY: ") && other_way.contains("swapped"),
        "{other_way}"
    );
}

#[test]
fn secret_in_any_setting_is_not_shown() {
    let secret = "sk_live_hunter2";
    let with_key = "https://api.example.com:x/?key=sk_live_hunter2";
    let with_password = "ftp://user:hunter2@example.com";
    for text in [secret, with_key, with_password, "\"SK_live_hunter2\""] {
        let dev = || Instance::builder(TEST_KEY, "sk_test_x");
        for builder in [
            live().api_url(text),
            live().api_version(text),
            live().jwt_key(text),
            live().proxy_url(text),
            live().frontend_api_url(text),
            live().satellite(Satellite::on_domain(text)),
            live().public_origin(text),
            live().trusted_origins([text]),
            live().authorized_parties([text]),
            live().issuers([text]),
            live().allowed_redirect_origins([text]),
            live().allowed_request_origins([text]),
            live().satellite_origins([text]),
            live().sign_in_url(text),
            live().sign_up_url(text),
            live().organization_patterns([format!("/{text}/(?x)")]),
            live().sign_in_force_redirect_url(text),
            live().satellite(Satellite::behind_proxy(text)),
            dev()
                .satellite(Satellite::on_domain("satellite.example"))
                .sign_in_url(format!("/{text}")),
        ] {
            let error = builder.build().unwrap_err();
            assert!(
                !printed(&error).to_lowercase().contains("hunter2"),
                "{}",
                printed(&error)
            );
        }
    }
}

#[test]
fn secret_key_is_rejected_in_free_text_settings() {
    for text in ["sk_live_hunter2", " \"SK_test_hunter2\" "] {
        for builder in [
            live().satellite(Satellite::on_domain(text)),
            live().audience([text]),
            live().organization_patterns([text]),
            live().personal_account_patterns([text]),
        ] {
            let text = printed(&builder.build().unwrap_err());
            assert!(text.contains("secret key") && !text.contains("hunter2"), "{text}");
        }
    }
}

#[test]
fn portal_variables_are_read_without_empty_entries() {
    let read = |variables: &[(&str, &str)]| {
        InstanceBuilder::from_variables(|name| {
            let keys = [("CLERK_PUBLISHABLE_KEY", LIVE_KEY), ("CLERK_SECRET_KEY", "sk_live_x")];
            let mut all = keys.iter().chain(variables);
            Ok(all
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned()))
        })
        .and_then(InstanceBuilder::build)
    };
    let instance = read(&[
        ("PORTAL_PUBLIC_ORIGIN", " https://example.com/shop/ "),
        (
            "PORTAL_TRUSTED_ORIGINS",
            "https://eu.example.com,, https://us.example.com/ ,",
        ),
        ("PORTAL_AUTHORIZED_PARTIES", ",https://app.example.com/,"),
    ])
    .unwrap();
    let origins: Vec<&str> = instance.public_origins().iter().map(Origin::as_str).collect();
    assert_eq!(
        origins,
        [
            "https://example.com",
            "https://eu.example.com",
            "https://us.example.com"
        ]
    );
    assert_eq!(instance.authorized_parties(), ["https://app.example.com"]);
    for name in [
        "PORTAL_PUBLIC_ORIGIN",
        "PORTAL_TRUSTED_ORIGINS",
        "PORTAL_AUTHORIZED_PARTIES",
    ] {
        assert!(read(&[(name, " ")]).is_ok(), "{name}");
        for value in ["localhost", "sk_live_hunter2", ","] {
            let error = read(&[(name, value)]).unwrap_err();
            let text = printed(&error);
            assert!(
                text.contains(&format!("({name}): expected")) && !text.contains("hunter2"),
                "{text}"
            );
        }
    }
}

fn satellite(domain: &str) -> InstanceBuilder {
    live()
        .satellite(Satellite::on_domain(domain))
        .sign_in_url("https://primary.example/sign-in")
}

#[test]
fn setting_that_can_never_work_is_refused_with_its_value() {
    let proxies = [
        "/__clerk/v1/client/handshake",
        "https://app.example.com/__clerk/v1/client",
        "/__clerk/../..",
        "/%2e%2e/x",
        "/ __clerk",
        "/a\\b",
        "https://app.example.com:0/__clerk",
        "https://api.clerk.com",
    ];
    let api_urls = [
        "https://api.clerk.com/v1/jwks",
        "https://api.clerk.com/v1.0",
        "https://api.clerk.com:0",
    ];
    let issuers = [
        "https://clerk.example.com/.well-known/openid-configuration",
        "https://clerk.example.com/v1",
        "http://clerk.example.com",
    ];
    let origins = [
        "https://app.example.com:0",
        "https://app.example.com/%zz",
        "https://a.example/%2",
    ];
    let domains = ["127.0.0.1", "[::1]", "1.2", "-", "sat.example:0"];
    let proxies = proxies.map(|text| (text, live().proxy_url(text)));
    let api_urls = api_urls.map(|text| (text, live().api_url(text)));
    let issuers = issuers.map(|text| (text, live().issuers([text])));
    let origins = origins.map(|text| (text, live().public_origin(text)));
    let domains = domains.map(|text| (text, satellite(text)));
    let all = proxies
        .into_iter()
        .chain(api_urls)
        .chain(issuers)
        .chain(origins)
        .chain(domains);
    for (text, builder) in all {
        let error = builder.build().expect_err(text).to_string();
        assert!(error.contains(&format!("{text:?}")), "{error}");
    }
}

#[test]
fn setting_with_unambiguous_intent_is_corrected() {
    let base = |builder: InstanceBuilder, origin: &str| builder.build().unwrap().frontend_api_base(origin);
    for proxy in ["/__clerk", "/__clerk/v1", "/__clerk/v1/"] {
        let found = base(live().proxy_url(proxy), "https://app.example.com");
        assert_eq!(found, "https://app.example.com/__clerk");
    }
    let shop = "https://app.example.com/shop";
    for proxy in ["/shop/__clerk", "/__clerk"] {
        let found = base(live().proxy_url(proxy).public_origin(shop), shop);
        assert_eq!(found, "https://app.example.com/shop/__clerk", "{proxy}");
    }
    for domain in ["sat.example", "clerk.sat.example", "sat.example/"] {
        assert_eq!(base(satellite(domain), shop), "https://clerk.sat.example");
    }
    let instance = live().sign_in_url(" https://acc.example/sign-in").build().unwrap();
    assert_eq!(instance.sign_in_url(), Some("https://acc.example/sign-in"));
    assert!(live().api_url("https://api.clerk.com/%761").build().is_ok());
}

#[test]
fn secret_key_in_a_setting_is_neither_kept_nor_shown() {
    for text in [
        "\\nsk_live_hunter2",
        "CLERK_SECRET_KEYsk_live_hunter2",
        "sk%5Flive_hunter2",
        "ak_hunter2",
        "https://acc.example/sk_live_hunter2",
        "/sign-in?key=sk_live_hunter2",
        "pk_live_c2tfbGl2ZV9odW50ZXIy",
        "pk_live_c2tfbGl2ZV9odW50ZXIyJA==",
    ] {
        for builder in [
            Instance::builder(text, "sk_live_x"),
            live().proxy_url(text),
            live().api_url(text),
            live().sign_in_url(text),
            live().authorized_parties([text]),
            live().issuers([text]),
            live().public_origin(text),
            satellite(text),
        ] {
            let error = builder.build().expect_err(text);
            let shown = format!("{error} {error:?}");
            let is_shown = ["hunter2", "c2tfbGl2"].iter().any(|secret| shown.contains(secret));
            assert!(!is_shown, "{text}: {shown}");
        }
    }
}
