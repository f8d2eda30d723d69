//! Deletes expired data while the portal runs.

use std::sync::atomic::Ordering;

use crate::state::App;
use crate::store::prune;

/// The interval between deletions of expired data.
const PRUNE_EVERY_MILLIS: u64 = 60_000;

/// Deletes expired data from time to time. Called with every request.
pub(super) async fn prune_if_due(app: &App) {
    let now = app.now();
    let last = app.pruned_at.load(Ordering::Relaxed);
    // The clock may have been set back since, so the distance counts.
    let is_due = now.as_millis().abs_diff(last) >= PRUNE_EVERY_MILLIS;
    let claimed = || {
        let exchanged = app
            .pruned_at
            .compare_exchange(last, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed);
        exchanged.is_ok()
    };
    if !is_due || !claimed() {
        return;
    }
    let pruned = app.flows.transaction(prune::expired);
    if let Err(error) = pruned.await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "expired data could not be deleted; retrying in a minute"
        );
    }
}
