//! `RedisFleet` with a real Redis server, which must be installed (`apt-get install redis-server`).
//!
//! A separate program, because the lines that a fleet logs need a global subscriber.

#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml permits it in test functions only, and a helper that fails must fail its test too"
)]

mod environment;
mod log;
mod outages;
mod proxy;
mod server;
mod sign_outs;
mod strangers;
#[cfg(feature = "rustls-0_23")]
mod tls;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::fleet::{FleetHealth, RedisFleet};
use portal_sdk::testing::{FakeBackend, TestInstance};

/// Waits until `is_so`. Fails after half a minute.
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "expected: {what}");
        // Redis and the fleet's thread change the state without telling the test, so it is polled.
        thread::sleep(Duration::from_millis(2));
    }
}

/// A replica: an authenticator with its own fleet.
pub(crate) struct Replica {
    clerk: TestInstance,
    pub(crate) authenticator: Authenticator<FakeBackend>,
}

impl Replica {
    pub(crate) fn at(url: &str, clerk: &TestInstance) -> Self {
        Self::of(RedisFleet::connect(url, clerk.instance()).unwrap(), clerk)
    }

    /// Connects with a short time limit, for tests that wait for it.
    pub(crate) fn impatient_at(url: &str, clerk: &TestInstance) -> Self {
        let fleet = RedisFleet::builder(url, clerk.instance()).timeout(Duration::from_millis(300));
        let replica = Self::of(fleet.build().unwrap(), clerk);
        replica.wait_for_connection();
        replica
    }

    pub(crate) fn of(fleet: RedisFleet, clerk: &TestInstance) -> Self {
        let authenticator = Authenticator::builder(clerk.instance().clone())
            .backend(clerk.backend().clone())
            .fleet(fleet)
            .build();
        Self::with(authenticator, clerk)
    }

    pub(crate) fn with(authenticator: Authenticator<FakeBackend>, clerk: &TestInstance) -> Self {
        let clerk = clerk.clone();
        Self { clerk, authenticator }
    }

    pub(crate) fn connected_at(url: &str, clerk: &TestInstance) -> Self {
        let replica = Self::at(url, clerk);
        replica.wait_for_connection();
        replica
    }

    pub(crate) fn wait_for_connection(&self) {
        eventually("the replica is connected", || self.health().is_connected);
    }

    pub(crate) fn health(&self) -> FleetHealth {
        self.authenticator.health().fleet.expect("a fleet with a connection")
    }

    pub(crate) fn page(&self, session: &str) -> Parts {
        let session = self.clerk.signed_in("user_1").session_id(session);
        session.get("/").body(()).unwrap().into_parts().0
    }

    /// Authenticates a request of the session. Fails if the result is not there at once.
    pub(crate) fn accepts(&self, session: &str) -> bool {
        let page = self.page(session);
        let authenticated = pin!(self.authenticator.authenticate(&page));
        match authenticated.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(authenticated) => authenticated.state.claims().is_some(),
            Poll::Pending => panic!("expected that nothing is awaited"),
        }
    }

    pub(crate) fn end(&self, session: &str) {
        let reason = portal_sdk::fleet::SessionEndReason::Revoked;
        self.authenticator.session_ended(&session.into(), reason);
    }

    pub(crate) fn learns(&self, session: &str) {
        eventually("the session's end is learned", || !self.accepts(session));
    }
}
