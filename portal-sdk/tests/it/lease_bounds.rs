//! Leases of many sessions: calls at once, and tables that stay as small as the sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{ApiPath, Backend, BackendApi};
use portal_sdk::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
use portal_sdk::key::KeySet;
use portal_sdk::lease::LeasePolicy;
use portal_sdk::secret::Secret;
use portal_sdk::testing::TestInstance;
use portal_sdk::token::SessionClaims;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::common::now;

/// A backend that takes a second for each session, and counts the calls at once.
#[derive(Clone, Debug, Default)]
struct Slow {
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    panics: bool,
}

impl Backend for Slow {
    async fn jwks(&self) -> Result<KeySet, BackendError> {
        Err(BackendError::busy())
    }

    async fn handshake_payload(&self, _: &Secret) -> Result<HandshakePayload, BackendError> {
        Err(BackendError::busy())
    }

    async fn refresh_session(&self, _: &SessionRefresh) -> Result<RefreshedSession, BackendError> {
        Err(BackendError::busy())
    }
}

impl BackendApi for Slow {
    async fn request(&self, _: Method, _: ApiPath, _: Option<Value>) -> Result<Value, BackendError> {
        assert!(!self.panics, "this panic is intended");
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        self.calls.fetch_add(1, Ordering::SeqCst);
        // The time that Clerk takes.
        sleep(Duration::from_secs(1)).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        Ok(json!({ "status": "active" }))
    }
}

/// An instance whose tokens are half a second old, so that the first look-ups are due after 59.5 seconds.
fn instance() -> TestInstance {
    let clerk = TestInstance::new();
    clerk.clock().set(now() + Duration::from_millis(500));
    clerk
}

fn authenticator(clerk: &TestInstance, backend: &Slow) -> Authenticator<Slow> {
    Authenticator::builder(clerk.instance().clone())
        .backend(backend.clone())
        .clock(clerk.clock().clone())
        .leases(LeasePolicy::default().with_jitter(false))
        .build()
}

fn claims(clerk: &TestInstance, n: usize) -> SessionClaims {
    let session = clerk.signed_in("user_1").session_id(format!("sess_{n}"));
    let (parts, ()) = session.get("/").body(()).unwrap().into_parts();
    let state = clerk.authenticator().try_authenticate(&parts).unwrap().state;
    state.claims().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn look_ups_of_many_sessions_are_bounded() {
    let (clerk, backend) = (instance(), Slow::default());
    let authenticator = authenticator(&clerk, &backend);
    let leases: Vec<_> = (0..100).map(|n| authenticator.lease(&claims(&clerk, n))).collect();
    // All are due at the same moment. Seven rounds of a second follow.
    sleep(Duration::from_secs(68)).await;
    let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    assert_eq!((count(&backend.most), count(&backend.calls)), (16, 100));
    assert!(leases.iter().all(|lease| lease.end().is_none()));
}

#[tokio::test(start_paused = true)]
async fn dropped_lease_gives_back_its_turn() {
    let (clerk, backend) = (instance(), Slow::default());
    let authenticator = authenticator(&clerk, &backend);
    let dropped: Vec<_> = (0..50).map(|n| authenticator.lease(&claims(&clerk, n))).collect();
    let kept = authenticator.lease(&claims(&clerk, 50));
    // Paused time: to the first look-ups, and past those that run at the drop.
    sleep(Duration::from_secs(60)).await;
    drop(dropped);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(
        backend.calls.load(Ordering::SeqCst),
        17,
        "the last one did not wait for the others"
    );
    assert_eq!((kept.end(), authenticator.health().leases.sessions), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn panic_of_a_custom_backend_ends_the_lease() {
    let (clerk, backend) = (
        TestInstance::new(),
        Slow {
            panics: true,
            ..Slow::default()
        },
    );
    let authenticator = authenticator(&clerk, &backend);
    let lease = authenticator.lease(&claims(&clerk, 0));
    assert_eq!(lease.ended().await, portal_sdk::lease::LeaseEnd::Unconfirmed);
    assert_eq!(authenticator.health().leases.sessions, 0);
}

#[test]
fn leases_that_are_created_and_dropped_at_once_leave_no_entry() {
    let (clerk, backend) = (instance(), Slow::default());
    let authenticator = authenticator(&clerk, &backend);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_time()
        .worker_threads(1)
        .build()
        .unwrap();
    // One session, so that the threads share and replace its entry.
    let claims = claims(&clerk, 0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let _inside = runtime.enter();
                for n in 0..2_000 {
                    let lease = authenticator.lease(&claims);
                    let other = (n % 3 == 0).then(|| lease.clone());
                    drop(lease);
                    assert!(other.is_none_or(|lease| lease.end().is_none()));
                }
            });
        }
    });
    assert_eq!(authenticator.health().leases.sessions, 0);
    while runtime.metrics().num_alive_tasks() > 0 {
        std::thread::yield_now();
    }
}
