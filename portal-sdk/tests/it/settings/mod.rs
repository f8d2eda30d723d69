//! Invalid settings are rejected when the instance is built. The error names the setting and shows no secret.

mod issuers;
mod keys;
mod secrets;
mod stray_characters;
mod values;

use std::error::Error as _;

use portal_sdk::instance::{ConfigError, Instance, InstanceBuilder, Origin, Satellite};

use crate::common::LIVE_KEY;

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
        (
            "PORTAL_ISSUERS",
            "https://clerk.example.com/, https://clerk.example.org",
        ),
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
    let issuers = ["https://clerk.example.com", "https://clerk.example.org"];
    assert!(
        instance.issuers().eq(issuers),
        "{:?}",
        instance.issuers().collect::<Vec<_>>()
    );
    for name in [
        "PORTAL_PUBLIC_ORIGIN",
        "PORTAL_TRUSTED_ORIGINS",
        "PORTAL_AUTHORIZED_PARTIES",
        "PORTAL_ISSUERS",
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
