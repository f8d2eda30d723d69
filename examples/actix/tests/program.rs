//! The program beside a local portal, used by a browser.

use std::process::Command;

use portal_example_program::{Program, assert_one_key_is_refused};
use portal_local::{LocalPortal, SeedUser, TestPortal};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-example-actix");

#[test]
fn user_signs_in_and_out() {
    let portal = TestPortal::start(LocalPortal::builder().user(SeedUser::new("jane@example.com")));
    let keys = (portal.publishable_key().as_str(), portal.secret_key().expose());
    let mut program = Program::start_with_keys(Command::new(PROGRAM), keys.0, keys.1);
    let home = program.url("Application");
    let account = format!("{home}/account");
    let browser = portal.browser();

    let asked = browser.visit(&account);
    assert!(
        asked.url().starts_with(&format!("{}/sign-in", portal.origin())),
        "{asked:?}"
    );
    let page = browser.sign_in_as("jane@example.com", &account);
    page.assert_url(&account).assert_text("Hello user_");

    let signed_out = browser.visit(&home).press("Sign out");
    signed_out.assert_url(&home).assert_text("This page is public.");
    let asked = browser.visit(&account);
    assert!(
        asked.url().starts_with(&format!("{}/sign-in", portal.origin())),
        "{asked:?}"
    );
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    assert_one_key_is_refused(Command::new(PROGRAM));
}
