//! An application under constant load while its Backend API on loopback fails in several ways.
//!
//! Nothing sleeps: the tests advance the clock, and poll a request once if it must not wait.

mod application;
mod backend;

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use portal_sdk::testing::TestKey;

use crate::outage::application::{Application, signed_in};
use crate::outage::backend::{Backend, Mode};

const STEP: Duration = Duration::from_secs(30);

/// Runs the background tasks.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Sends one step's requests and checks each response.
async fn load(application: &Application, mode: Mode, step: usize, forger: &TestKey) {
    let label = format!("{mode:?}, step {step}");
    let user = signed_in(&application.token());
    for _ in 0..3 {
        assert_eq!(application.send_at_once(&user), StatusCode::OK, "{label}");
        assert_eq!(application.send_at_once(""), StatusCode::UNAUTHORIZED, "{label}");
    }
    let forged = (0..5).map(|n| application.token_of(forger, &format!("ins_{mode:?}_{step}_{n}")));
    let forged = join_all(forged.map(|token| application.send(&signed_in(&token)))).await;
    for status in forged {
        let is_refused = status == StatusCode::UNAUTHORIZED || status == StatusCode::SERVICE_UNAVAILABLE;
        assert!(is_refused, "{label}: a forged token has {status}");
    }
    let expired = application.expired(&format!("r{mode:?}{step}"));
    let renewals = join_all((0..3).map(|_| application.send(&expired))).await;
    for status in renewals {
        match mode {
            Mode::Up => assert_eq!(status, StatusCode::OK, "{label}"),
            Mode::Slow => assert_ne!(status, StatusCode::UNAUTHORIZED, "{label}"),
            _ => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{label}"),
        }
    }
    // The user is signed in without waiting during a fetch too.
    assert_eq!(application.send_at_once(&user), StatusCode::OK, "{label}");
    settle().await;
}

/// Advances the clock until fetches succeed again. `Retry-After` and the back-off end after some minutes.
async fn recover(application: &Application, backend: &Backend) {
    backend.set_mode(Mode::Up);
    let mut steps = 0;
    while application.authenticator.health().keys.failures > 0 {
        application.clock().advance(STEP);
        // An unknown ID waits for the fetch, if one is due.
        let unknown = application.token_of(&TestKey::of_process(), &format!("ins_recovery_{steps}"));
        application.send(&signed_in(&unknown)).await;
        settle().await;
        steps += 1;
        assert!(steps < 20, "{:?}", application.authenticator.health());
    }
}

#[tokio::test]
async fn signed_in_requests_are_served_through_every_outage() {
    let backend = Backend::start().await.expect("a free port");
    let application = Application::new(&backend);
    let forger = TestKey::generate();
    // The first fetch may take longer than requests wait.
    while application.send(&signed_in(&application.token())).await != StatusCode::OK {
        assert_eq!(application.authenticator.health().keys.failures, 0);
        settle().await;
    }
    for (mode, steps) in [
        (Mode::Up, 10),
        // Ten key lifetimes.
        (Mode::Down, 100),
        (Mode::Hanging, 5),
        (Mode::Slow, 10),
        (Mode::Garbage, 10),
        (Mode::RateLimited, 20),
        (Mode::Up, 10),
    ] {
        if mode == Mode::Up {
            recover(&application, &backend).await;
        }
        backend.set_mode(mode);
        let (fetches, renewals) = (backend.key_fetches(), backend.renewals());
        for step in 0..steps {
            application.clock().advance(STEP);
            backend.renew_with(&application.token());
            load(&application, mode, step, &forger).await;
        }
        // Each step may fetch once for the refresh and once for unknown key IDs.
        let fetches = backend.key_fetches() - fetches;
        assert!(fetches <= 2 * steps, "{mode:?}: {fetches} fetches in {steps} steps");
        let renewals = backend.renewals() - renewals;
        assert!(renewals <= steps, "{mode:?}: {renewals} renewals in {steps} steps");
    }
    let health = application.authenticator.health();
    assert_eq!((health.keys.failures, health.keys.last_error), (0, None));
}

#[tokio::test]
async fn rotated_key_replaces_the_old_one_within_an_interval() {
    let backend = Backend::start().await.expect("a free port");
    let application = Application::patient(&backend);
    let key = TestKey::generate();
    assert_eq!(application.send(&signed_in(&application.token())).await, StatusCode::OK);
    backend.rotate_to(&key, "ins_2");
    application.clock().advance(Duration::from_secs(10));
    let new = signed_in(&application.token_of(&key, "ins_2"));
    assert_eq!(application.send(&new).await, StatusCode::OK);
    // The fetch removed the old key. The request stays undecided until its key ID is looked up again.
    let old = signed_in(&application.token());
    assert_ne!(application.send(&old).await, StatusCode::OK);
    application.clock().advance(Duration::from_secs(10));
    assert_eq!(
        application.send(&signed_in(&application.token())).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        application.send_at_once(&signed_in(&application.token_of(&key, "ins_2"))),
        StatusCode::OK
    );
}

#[tokio::test]
async fn removed_key_is_rejected_within_a_lifetime_without_unknown_key_ids() {
    let backend = Backend::start().await.expect("a free port");
    let application = Application::patient(&backend);
    assert_eq!(application.send(&signed_in(&application.token())).await, StatusCode::OK);
    backend.rotate_to(&TestKey::generate(), "ins_2");
    let mut age = Duration::ZERO;
    // All requests use the old key, and the refresh ahead of expiry removes it.
    while application.send(&signed_in(&application.token())).await == StatusCode::OK {
        settle().await;
        age += Duration::from_secs(5);
        application.clock().advance(Duration::from_secs(5));
        assert!(
            age <= Duration::from_secs(300),
            "the removed key is accepted after {age:?}"
        );
    }
}

#[tokio::test]
async fn ten_thousand_first_requests_cause_one_fetch() {
    let backend = Backend::start().await.expect("a free port");
    let application = Application::patient(&backend);
    let user = signed_in(&application.token());
    let statuses = join_all((0..10_000).map(|_| application.send(&user))).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    assert_eq!(backend.key_fetches(), 1);
    assert_eq!(application.send_at_once(&user), StatusCode::OK);
}

#[tokio::test]
async fn start_during_an_outage_serves_signed_out_requests_at_once_and_recovers() {
    for mode in [Mode::Down, Mode::Hanging, Mode::Garbage, Mode::RateLimited] {
        let backend = Backend::start().await.expect("a free port");
        backend.set_mode(mode);
        let application = Application::new(&backend);
        assert_eq!(application.send_at_once(""), StatusCode::UNAUTHORIZED, "{mode:?}");
        assert_eq!(backend.key_fetches(), 0, "{mode:?}");
        let user = signed_in(&application.token());
        assert_eq!(
            application.send(&user).await,
            StatusCode::SERVICE_UNAVAILABLE,
            "{mode:?}"
        );
        // Later ones do not wait.
        assert_eq!(
            application.send_at_once(&user),
            StatusCode::SERVICE_UNAVAILABLE,
            "{mode:?}"
        );
        // A fetch that hangs ends with its own time limit.
        while application.authenticator.health().keys.fetches_failed == 0 {
            tokio::task::yield_now().await;
        }
        backend.set_mode(Mode::Up);
        application.clock().advance(Duration::from_secs(40));
        let user = signed_in(&application.token());
        while application.send(&user).await != StatusCode::OK {
            assert_eq!(application.authenticator.health().keys.fetches_failed, 1, "{mode:?}");
            settle().await;
        }
    }
}
