//! Lists, URLs and origins: normalized or rejected.

use portal_sdk::instance::{ConfigError, Satellite, Setting};

use super::live;

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
