//! Log lines of refusals.
//!
//! Each refusal is one `debug` line, because clients can cause any number of them. Problems that the developer can fix
//! are logged once per interval.

use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use portal_sdk::excerpt::Excerpt;
use portal_sdk::state::{AuthReason, Explanation, LikelyCause};
use portal_sdk::token::UserId;

use super::cause::PREFLIGHT;
use super::{Refusal, RefusalCause};

/// The shortest time between two lines of a kind.
const INTERVAL: Duration = Duration::from_secs(60);

/// Logs a refusal that is sent.
pub(super) fn refused(refusal: &Refusal, path: Option<&str>, user_id: Option<&UserId>) {
    static PREFLIGHTS: Once = Once::new();
    static PROBLEMS: Interval = Interval::new();
    // The server bounds the path, at about 64 KiB.
    let path = path.map(Excerpt).map(tracing::field::debug);
    match refusal.cause() {
        RefusalCause::Preflight => PREFLIGHTS.call_once(|| tracing::warn!(path, "{PREFLIGHT}")),
        RefusalCause::Misconfigured { problem } if PROBLEMS.is_due() => {
            tracing::error!(%problem, "requests cannot be authenticated");
        }
        _ => {}
    }
    let user_id = user_id.map(tracing::field::display);
    tracing::debug!(reason = %refusal.reason(), path, user_id, "a request was refused");
}

/// Logs a redirect loop.
pub(super) fn redirect_loop(reason: Option<&AuthReason>, explanation: &Explanation) {
    static LAST: Interval = Interval::new();
    if LAST.is_due() {
        let cause = explanation.likely_cause();
        tracing::error!(
            reason = reason.map(tracing::field::display),
            cause = cause.map(tracing::field::display),
            fix = cause.map(LikelyCause::fix).as_deref(),
            %explanation,
            "redirect loop: the browser was sent to sign in and is still signed out"
        );
    }
}

/// The time of the last line of a kind.
struct Interval(Mutex<Option<Instant>>);

impl Interval {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= INTERVAL);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::Interval;

    #[test]
    fn second_line_within_the_interval_is_left_out() {
        let interval = Interval::new();
        assert_eq!(
            [interval.is_due(), interval.is_due(), interval.is_due()],
            [true, false, false]
        );
    }
}
