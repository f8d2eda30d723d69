//! The program beside a local portal, used by a browser.

use std::process::Command;

use portal_example_program::{Program, assert_one_key_is_refused};
use portal_local::{LocalPortal, SeedUser, TestPage, TestPortal};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-example-metrics");

fn assert_counted(metrics: &TestPage, expected: &str) {
    let is_counted = metrics.body().lines().any(|line| line == expected);
    assert!(is_counted, "expected {expected}, found {}", metrics.body());
}

#[test]
fn decisions_are_counted_by_outcome_and_reason() {
    let portal = TestPortal::start(LocalPortal::builder().user(SeedUser::new("jane@example.com")));
    let keys = (portal.publishable_key().as_str(), portal.secret_key().expose());
    let mut program = Program::start_with_keys(Command::new(PROGRAM), keys.0, keys.1);
    let dashboard = program.url("Application");
    let metrics = program.url("Metrics");
    let browser = portal.browser();

    let sign_in = browser.visit(&dashboard);
    assert!(sign_in.url().starts_with(portal.origin()), "{}", sign_in.url());
    let page = browser.sign_in_as("jane@example.com", &dashboard);
    page.assert_url(&dashboard).assert_text("Hello user_");

    let metrics = browser.visit(&metrics);
    assert_counted(
        &metrics,
        r#"portal_decisions_total{outcome="handshake",reason="dev-browser-missing"} 1"#,
    );
    assert_counted(
        &metrics,
        r#"portal_decisions_total{outcome="signed-out",reason="session-token-and-uat-missing"} 1"#,
    );
    let is_signed_in = |line: &str| line.starts_with(r#"portal_decisions_total{outcome="signed-in"} "#);
    assert!(metrics.body().lines().any(is_signed_in), "{}", metrics.body());
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    assert_one_key_is_refused(Command::new(PROGRAM));
}
