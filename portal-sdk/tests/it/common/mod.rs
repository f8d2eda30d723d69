//! The instances, the time and the errors of these tests.

pub(crate) mod tokens;

use std::time::Duration;

use http::StatusCode;
use portal_sdk::clock::UnixTime;
use portal_sdk::effect::{BackendError, HandshakePayload};
use portal_sdk::testing::TestClock;

/// The publishable key of a production instance at `clerk.example.com`.
pub(crate) const LIVE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
/// Its cookie suffix.
pub(crate) const LIVE_SUFFIX: &str = "naoXFJnI";
/// The publishable key of a development instance at `foo-bar-13.clerk.accounts.dev`.
pub(crate) const TEST_KEY: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";
/// Its cookie suffix.
pub(crate) const TEST_SUFFIX: &str = "nx2hSE6I";
/// The time of every test, in Unix seconds.
pub(crate) const NOW_SECS: i64 = 1_795_402_121;

/// The time of every test.
pub(crate) fn now() -> UnixTime {
    UnixTime::from_secs(NOW_SECS)
}

/// A clock that stands at [`now`].
pub(crate) fn clock() -> TestClock {
    TestClock::at(now())
}

/// A handshake payload of these `Set-Cookie` values.
pub(crate) fn handshake_payload(set_cookies: Vec<String>) -> HandshakePayload {
    HandshakePayload::new(set_cookies)
}

/// An error answer with this status and, if given, error code.
pub(crate) fn error_answer(status: u16, code: Option<&str>) -> BackendError {
    let error = BackendError::answer(StatusCode::from_u16(status).unwrap());
    match code {
        Some(code) => error.with_code(code),
        None => error,
    }
}

/// A failed connection.
pub(crate) fn down() -> BackendError {
    BackendError::connect(std::io::Error::from(std::io::ErrorKind::ConnectionRefused))
}

/// Lets the others work until it is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(waited.is_ok(), "{what} never came");
}
