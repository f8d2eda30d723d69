//! Instances with the settings that change what a request means.

use std::sync::LazyLock;

use portal_sdk::clock::UnixTime;
use portal_sdk::instance::{Instance, InstanceBuilder, Satellite};

use crate::keys;

/// The publishable key of a production instance at `clerk.example.com`.
pub const LIVE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
/// Its cookie suffix.
pub const LIVE_SUFFIX: &str = "naoXFJnI";
/// The publishable key of a development instance at `foo-bar-13.clerk.accounts.dev`.
pub const TEST_KEY: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";
/// Its cookie suffix.
pub const TEST_SUFFIX: &str = "nx2hSE6I";
/// The secret part of both secret keys.
pub const SECRET: &str = "9f8s7d6f5s4d3f2s1d";
/// The time at which the tokens are valid, in Unix seconds.
pub const NOW_SECS: i64 = 1_795_402_121;

/// [`NOW_SECS`].
#[must_use]
pub fn now() -> UnixTime {
    UnixTime::from_secs(NOW_SECS)
}

/// A production instance.
pub fn live() -> InstanceBuilder {
    Instance::builder(LIVE_KEY, format!("sk_live_{SECRET}"))
}

/// A development instance.
pub fn test() -> InstanceBuilder {
    Instance::builder(TEST_KEY, format!("sk_test_{SECRET}"))
}

/// One instance for each way in which settings change the decision.
pub static INSTANCES: LazyLock<Vec<Instance>> = LazyLock::new(|| {
    let patterns = ["/orgs/:slug", "/orgs/:slug/(.*)", "/by-id/:id"];
    let builders = [
        live(),
        test(),
        live().jwt_key(keys::instance().pem()),
        test().jwt_key(keys::instance().pem()).debug(true),
        live().proxy_url("https://proxy.example/__clerk"),
        live().proxy_url("/__clerk"),
        live().satellite(Satellite::on_domain("satellite.dev")),
        live().satellite(Satellite::on_domain("satellite.dev").with_auto_sync(true)),
        test().satellite_origins(["https://satellite.example"]),
        test()
            .satellite(Satellite::on_domain("satellite.dev").with_auto_sync(true))
            .sign_in_url("https://primary.example/sign-in"),
        live()
            .organization_patterns(patterns)
            .personal_account_patterns(["/me", "/me/(.*)"]),
        test().jwt_key(keys::instance().pem()).organization_patterns(patterns),
        live()
            .public_origin("https://app.example.com/shop")
            .trusted_origins(["https://www.example.com"]),
        live().authorized_parties(["https://app.example.com"]).debug(true),
        live().audience(["api"]).issuers(["https://clerk.example.com"]),
        live().jwt_key(keys::foreign().pem()),
    ];
    builders
        .map(|builder| builder.build().expect("the settings are valid"))
        .into()
});

/// The instance that `number` names, in [`INSTANCES`].
#[must_use]
pub fn instance(number: u8) -> &'static Instance {
    &INSTANCES[usize::from(number) % INSTANCES.len()]
}
