//! The doctor of `portal-sdk` as an application calls it, with the keys of this portal.

use portal_local::LocalPortal;
use portal_sdk::backend::HttpBackend;
use portal_sdk::clock::UnixTime;
use portal_sdk::doctor::{Check, Doctor, Finding, Report, Status};
use portal_sdk::instance::{Instance, InstanceBuilder, Setting};

use crate::world::{PortalClock, World};

fn instance_of(portal: &LocalPortal) -> InstanceBuilder {
    Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose())
}

async fn examine(clock: &PortalClock, builder: InstanceBuilder) -> Report {
    let clock = clock.clone();
    let instance = builder.build().unwrap();
    let backend = HttpBackend::new(&instance);
    let doctor = Doctor::new(instance, backend).with_clock(move || UnixTime::from_secs(clock.now_secs()));
    doctor.examine().await
}

/// The checks that are not ok.
fn faulty(report: &Report) -> Vec<(Check, Status, Option<Setting>)> {
    let findings = report.findings().iter();
    findings
        .filter(|finding| finding.status() != Status::Ok)
        .map(|finding| (finding.check(), finding.status(), finding.setting()))
        .collect()
}

fn clock_of(report: &Report) -> &Finding {
    let found = report.findings().iter().find(|finding| finding.check() == Check::Clock);
    found.unwrap()
}

#[tokio::test]
async fn own_keys_are_ok() {
    let world = World::start().await;
    let report = examine(&world.clock, instance_of(&world.portal)).await;
    assert_eq!(faulty(&report), [], "{report}");

    // The variables for other SDKs are ok too.
    let origin = world.portal.origin();
    let with_all = instance_of(&world.portal)
        .api_url(origin)
        .proxy_url(origin)
        .sign_in_url(format!("{origin}/sign-in"))
        .sign_up_url(format!("{origin}/sign-up"))
        .discover_pages(true);
    let report = examine(&world.clock, with_all).await;
    assert_eq!(faulty(&report), [], "{report}");
}

#[tokio::test]
async fn secret_key_of_another_portal_is_reported() {
    let world = World::start().await;
    let other = World::start().await;
    let mixed = || {
        Instance::builder(
            world.portal.publishable_key().as_str(),
            other.portal.secret_key().expose(),
        )
    };
    let report = examine(&world.clock, mixed()).await;
    assert_eq!(
        faulty(&report),
        [
            (Check::BackendApi, Status::Fail, Some(Setting::SecretKey)),
            (Check::SigningKeys, Status::NotChecked, None),
            (Check::KeyPair, Status::NotChecked, None),
        ],
        "{report}"
    );
    // As at Clerk, where one Backend API accepts the secret keys of all instances.
    let report = examine(&world.clock, mixed().api_url(other.portal.origin())).await;
    assert_eq!(
        faulty(&report),
        [(Check::KeyPair, Status::Fail, Some(Setting::SecretKey))],
        "{report}"
    );
}

#[tokio::test]
async fn moved_clock_is_reported_both_ways() {
    let world = World::start().await;
    for (skew_secs, text) in [(90, "behind Clerk's"), (-90, "ahead of Clerk's")] {
        world.portal.set_clock_skew_secs(skew_secs);
        let report = examine(&world.clock, instance_of(&world.portal)).await;
        assert_eq!(faulty(&report), [(Check::Clock, Status::Fail, None)], "{report}");
        let clock = clock_of(&report);
        assert!(clock.found().contains(text), "{clock}");
    }
    // A time without a `Date`: the system's is sent instead.
    world.portal.set_clock_skew_secs(i64::MAX);
    let report = examine(&world.clock, instance_of(&world.portal)).await;
    assert_ne!(clock_of(&report).status(), Status::NotChecked);
}

#[tokio::test]
async fn stopped_portal_is_unreachable() {
    let world = World::start().await;
    let builder = instance_of(&world.portal);
    let World { portal, clock } = world;
    let origin = portal.origin().to_owned();
    portal.shut_down().await;
    let report = examine(&clock, builder).await;
    let api = &report.findings()[1];
    assert_eq!(
        (api.check(), api.status()),
        (Check::BackendApi, Status::Fail),
        "{report}"
    );
    assert!(api.found().starts_with(&format!("{origin}/v1 is unreachable")), "{api}");
    let unchecked = report
        .findings()
        .iter()
        .filter(|finding| finding.status() == Status::NotChecked);
    assert_eq!(unchecked.count(), 9, "{report}");
}

#[tokio::test]
async fn wrong_proxy_is_reported() {
    let world = World::start().await;
    let proxy = format!("{}/__clerk", world.portal.origin());
    let report = examine(&world.clock, instance_of(&world.portal).proxy_url(proxy)).await;
    assert_eq!(
        faulty(&report),
        [(Check::FrontendApi, Status::Fail, Some(Setting::ProxyUrl))],
        "{report}"
    );
}
