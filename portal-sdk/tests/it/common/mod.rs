//! What the tests of every crate share: tokens, and a Clerk that answers from memory.

#[allow(dead_code, reason = "each crate's tests need a part of it")]
pub(crate) mod clerk;
#[allow(dead_code, reason = "each crate's tests need a part of it")]
pub(crate) mod mint;

/// The publishable key of a production instance at `clerk.example.com`.
pub(crate) const LIVE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
/// Its cookie suffix.
pub(crate) const LIVE_SUFFIX: &str = "naoXFJnI";
/// The publishable key of a development instance at `foo-bar-13.clerk.accounts.dev`.
pub(crate) const TEST_KEY: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";
/// Its cookie suffix.
pub(crate) const TEST_SUFFIX: &str = "nx2hSE6I";
/// Unix seconds at which every test takes place.
pub(crate) const NOW_SECS: i64 = 1_795_402_121;

/// The time at which every test takes place.
pub(crate) fn now() -> portal_sdk::clock::UnixTime {
    portal_sdk::clock::UnixTime::from_secs(NOW_SECS)
}
