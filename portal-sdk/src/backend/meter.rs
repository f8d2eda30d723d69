//! Metrics over the facade `metrics` (feature `metrics`). Without the feature each function is a no-op.

use crate::clock::UnixTime;

/// Counts a started fetch of signing keys.
pub(super) fn key_fetch_started() {
    count("portal_key_fetches_total");
}

/// Counts a failed fetch of signing keys.
pub(super) fn key_fetch_failed(failures: u32) {
    count("portal_key_fetch_failures_total");
    set("portal_key_fetch_failures_in_a_row", f64::from(failures));
}

/// Sets the number of usable keys and the time of their fetch.
#[expect(clippy::cast_precision_loss, reason = "neither number needs more than 52 bits")]
pub(super) fn keys_replaced(usable: usize, fetched_at: UnixTime) {
    set("portal_key_fetch_failures_in_a_row", 0.0);
    set("portal_keys_usable", usable as f64);
    set("portal_keys_fetched_timestamp_seconds", fetched_at.as_secs() as f64);
}

/// Counts a call for a renewed session, a handshake payload or a session with leases.
pub(crate) fn call_started(kind: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("portal_calls_total", "kind" => kind).increment(1);
    let _ = kind;
}

/// Counts a request that was decided with the result of an earlier request's renewal.
pub(super) fn renewal_shared() {
    count("portal_shared_renewals_total");
}

/// Sets the number of verified tokens in memory and their estimated size.
#[expect(clippy::cast_precision_loss, reason = "neither number needs more than 52 bits")]
pub(crate) fn verified_tokens(tokens: usize, bytes: usize) {
    set("portal_verified_tokens", tokens as f64);
    set("portal_verified_tokens_bytes", bytes as f64);
}

fn count(name: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!(name).increment(1);
    let _ = name;
}

fn set(name: &'static str, value: f64) {
    #[cfg(feature = "metrics")]
    metrics::gauge!(name).set(value);
    let _ = (name, value);
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use super::*;
    use crate::testing::MetricValues;

    #[test]
    fn metrics_have_the_documented_names() {
        let values = MetricValues::of(|| {
            key_fetch_started();
            key_fetch_started();
            key_fetch_failed(1);
            keys_replaced(3, UnixTime::from_secs(1_800_000_000));
            call_started("renewal");
            renewal_shared();
            verified_tokens(2, 4_000);
        });
        let expected = [
            ("portal_calls_total renewal", 1.0),
            ("portal_key_fetch_failures_in_a_row", 0.0),
            ("portal_key_fetch_failures_total", 1.0),
            ("portal_key_fetches_total", 2.0),
            ("portal_keys_fetched_timestamp_seconds", 1_800_000_000.0),
            ("portal_keys_usable", 3.0),
            ("portal_shared_renewals_total", 1.0),
            ("portal_verified_tokens", 2.0),
            ("portal_verified_tokens_bytes", 4_000.0),
        ];
        assert_eq!(values, expected.map(|(name, value)| (name.to_owned(), value)).into());
    }
}
