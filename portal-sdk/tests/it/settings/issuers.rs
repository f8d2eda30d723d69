//! Without the setting, the accepted issuers are the URLs of the Frontend API.

use portal_sdk::instance::{Instance, InstanceBuilder, Satellite};

use crate::common::{LIVE_KEY, TEST_KEY};
use crate::log::{Lines, set_default};

fn live() -> InstanceBuilder {
    Instance::builder(LIVE_KEY, "sk_live_x")
}

fn development() -> InstanceBuilder {
    Instance::builder(TEST_KEY, "sk_test_x")
}

/// Builds the instance. Returns its issuers and the warnings about them.
fn built(builder: InstanceBuilder) -> (Vec<String>, Vec<String>) {
    let lines = Lines::default();
    let guard = set_default(lines.clone());
    let instance = builder.build().unwrap();
    drop(guard);
    (
        instance.issuers().map(str::to_owned).collect(),
        lines.with("session tokens of any issuer are accepted"),
    )
}

#[test]
fn issuers_are_the_urls_of_the_frontend_api() {
    const HOST: &str = "https://clerk.example.com";
    let on_domain = |builder: InstanceBuilder| {
        builder
            .satellite(Satellite::on_domain("satellite.dev"))
            .sign_in_url("https://example.com/sign-in")
    };
    let development_host = "https://foo-bar-13.clerk.accounts.dev";
    for (name, builder, expected) in [
        ("production", live(), vec![HOST]),
        (
            "a key whose host ends in a slash",
            // clerk.example.com/
            Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20vJA==", "sk_live_x"),
            vec![HOST],
        ),
        ("development", development(), vec![development_host]),
        (
            "a proxy",
            live().proxy_url("https://app.example.com/__clerk/"),
            vec![HOST, "https://app.example.com/__clerk"],
        ),
        (
            "a proxy path",
            live()
                .proxy_url("/__clerk")
                .public_origin("https://app.example.com")
                .trusted_origins(["https://example.org/shop/"]),
            vec![
                HOST,
                "https://app.example.com/__clerk",
                "https://example.org/shop/__clerk",
            ],
        ),
        (
            "a satellite",
            on_domain(live()),
            vec![HOST, "https://clerk.satellite.dev"],
        ),
        (
            "a development satellite",
            on_domain(development()),
            vec![development_host],
        ),
        (
            "a satellite behind a proxy",
            live()
                .satellite(Satellite::behind_proxy("https://satellite.dev/__clerk"))
                .sign_in_url("https://example.com/sign-in"),
            vec![HOST, "https://satellite.dev/__clerk"],
        ),
        (
            "the primary of development satellites",
            development().satellite_origins(["http://localhost:4000"]),
            vec![development_host],
        ),
        (
            "the setting",
            live()
                .proxy_url("/__clerk")
                .satellite_origins(["https://satellite.dev"])
                .issuers(["https://clerk.example.org/"]),
            vec!["https://clerk.example.org"],
        ),
    ] {
        let (issuers, warnings) = built(builder);
        assert_eq!(issuers, expected, "{name}");
        assert!(warnings.is_empty(), "{name}: {warnings:?}");
    }
}

#[test]
fn issuers_that_cannot_be_derived_are_suggested_once() {
    for (builder, settings) in [
        (
            live().proxy_url("/__clerk"),
            "set public_origin (PORTAL_PUBLIC_ORIGIN) or issuers (PORTAL_ISSUERS)",
        ),
        (
            live().satellite_origins(["https://satellite.dev"]),
            "in issuers (PORTAL_ISSUERS)",
        ),
    ] {
        let (issuers, warnings) = built(builder);
        assert!(issuers.is_empty(), "{issuers:?}");
        let [warning] = &*warnings else {
            panic!("expected one warning, found {warnings:?}");
        };
        assert!(warning.starts_with("WARN") && warning.contains(settings), "{warning}");
    }
}
