//! The portal on its thread.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use portal_local::{LocalPortal, SeedUser, TestPortal};

use crate::echo::{APP, JANE, PORTAL, with_page};

#[test]
fn static_portal_works_in_a_synchronous_test() {
    assert!(PORTAL.sign_in_link_for(JANE).starts_with(PORTAL.origin()));
}

#[tokio::test]
async fn static_portal_works_in_an_asynchronous_test() {
    assert!(PORTAL.sign_in_link_for(JANE).starts_with(PORTAL.origin()));
    assert!(PORTAL.local_portal().outbox().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn static_portal_works_while_time_is_paused() {
    let before = tokio::time::Instant::now();
    assert!(PORTAL.sign_in_link_for(JANE).starts_with(PORTAL.origin()));
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[test]
fn portal_has_the_variables_of_an_application() {
    let variables = PORTAL.local_portal().environment();
    for (name, value) in [
        ("CLERK_PUBLISHABLE_KEY", PORTAL.publishable_key().as_str()),
        ("CLERK_SECRET_KEY", PORTAL.secret_key().expose()),
        ("CLERK_WEBHOOK_SIGNING_SECRET", PORTAL.webhook_signing_secret().expose()),
    ] {
        assert!(variables.contains(&(name, value.to_owned())), "{name}");
    }
}

#[test]
fn static_portal_serves_several_threads_at_once() {
    let links = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| PORTAL.sign_in_link_for(JANE))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(links.len(), 8);
}

#[test]
fn dropped_portal_listens_no_longer() {
    let portal = TestPortal::new();
    let address = portal.origin().strip_prefix("http://").unwrap().to_owned();
    TcpStream::connect(&address).unwrap();
    drop(portal);
    TcpStream::connect(&address).unwrap_err();
}

#[test]
fn browser_keeps_its_portal() {
    let portal = TestPortal::new();
    let sign_in = format!("{}/sign-in", portal.origin());
    let browser = portal.browser();
    drop(portal);
    browser.visit(&sign_in).assert_status(200);
}

#[test]
#[should_panic(expected = "expected a user \"joe@example.com\" of the portal, found none; add")]
fn unknown_user_panics_with_the_fix() {
    let _ = PORTAL.sign_in_link_for("joe@example.com");
}

#[test]
#[should_panic(expected = "expected the test portal to start, found: found a token lifetime of 0 seconds")]
fn portal_that_cannot_start_panics_with_the_reason() {
    let _ = TestPortal::start(LocalPortal::builder().token_lifetime_secs(0));
}

#[test]
#[should_panic(expected = "a panic of the work")]
fn panic_of_the_work_is_the_panic_of_the_test() {
    PORTAL.run::<(), _>(|_| async { panic!("a panic of the work") });
}

#[test]
fn address_with_special_characters_signs_in() {
    let address = "o'brien+a&b=c%20#@example.com";
    let portal = TestPortal::start(LocalPortal::builder().user(SeedUser::new(address)));
    let browser = portal.browser().with_application(APP, with_page("<p>Hello"));
    browser.sign_in_as(address, "/a?b=c&d=%26#e").assert_status(200);
    let browser = portal.browser().with_application(APP, with_page("<p>Hello"));
    browser
        .sign_in_as(&SeedUser::new(address).id(), "/")
        .assert_text("Hello");
}

#[test]
fn another_user_signs_in_after_the_first() {
    let joe = "joe@example.com";
    let portal = TestPortal::start(
        LocalPortal::builder()
            .user(SeedUser::new(JANE))
            .user(SeedUser::new(joe)),
    );
    let browser = portal.browser().with_application(APP, with_page("<p>Hello"));
    for user in [JANE, joe, joe, JANE] {
        browser.sign_in_as(user, "/").assert_text("Hello");
    }
}
