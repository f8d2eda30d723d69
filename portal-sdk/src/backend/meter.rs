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

/// Counts a call for a renewed session or a handshake payload.
pub(super) fn call_started(kind: &'static str) {
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
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };

    use super::*;

    /// The last value of each metric.
    #[derive(Clone, Default)]
    struct Values(Arc<Mutex<BTreeMap<String, f64>>>);

    struct Metric(Values, String);

    impl Metric {
        fn change(&self, change: impl FnOnce(f64) -> f64) {
            let mut values = self.0.0.lock().expect("not poisoned");
            let value = values.entry(self.1.clone()).or_default();
            *value = change(*value);
        }
    }

    impl CounterFn for Metric {
        fn increment(&self, value: u64) {
            self.change(|old| old + value as f64);
        }

        fn absolute(&self, value: u64) {
            self.change(|_| value as f64);
        }
    }

    impl GaugeFn for Metric {
        fn increment(&self, value: f64) {
            self.change(|old| old + value);
        }

        fn decrement(&self, value: f64) {
            self.change(|old| old - value);
        }

        fn set(&self, value: f64) {
            self.change(|_| value);
        }
    }

    impl Values {
        fn metric(&self, key: &Key) -> Arc<Metric> {
            let labels: Vec<_> = key.labels().map(|label| label.value().to_owned()).collect();
            let name = [vec![key.name().to_owned()], labels].concat().join(" ");
            Arc::new(Metric(self.clone(), name))
        }
    }

    impl Recorder for Values {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.metric(key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.metric(key))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn metrics_have_the_documented_names() {
        let values = Values::default();
        metrics::with_local_recorder(&values, || {
            key_fetch_started();
            key_fetch_started();
            key_fetch_failed(1);
            keys_replaced(3, UnixTime::from_secs(1_800_000_000));
            call_started("renewal");
            renewal_shared();
            verified_tokens(2, 4_000);
        });
        let values = values.0.lock().expect("not poisoned").clone();
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
