//! The span, the metrics and the log lines of decisions.

use tracing::field::{Empty, display};
use tracing::{Span, debug_span};

use super::Authenticator;
use crate::clock::UnixTime;
use crate::effect::{BackendError, HandshakePayload, LastHandshake};
use crate::state::{Outcome, RequestState, UndecidedCause};

impl<B> Authenticator<B> {
    /// Limits log lines of a `cause` to one per minute.
    ///
    /// Use it for lines that clients can cause. Returns the number of suppressed lines since the last one, or `None` if
    /// this line is suppressed too.
    #[cfg_attr(not(feature = "unstable-decision"), doc(hidden))]
    #[must_use]
    pub fn admits_log_line(&self, cause: &'static str) -> Option<u64> {
        self.shared.throttle.admit(cause, self.shared.clock.now())
    }

    /// Keeps the facts of a handshake for explanations, and logs its problems.
    pub(super) fn note_handshake(&self, payload: &Result<HandshakePayload, BackendError>, at: UnixTime) {
        match payload {
            Err(error) => self.warn_of_handshake(error),
            // In development the browser is redirected next, and drops the cookie if it is too large.
            Ok(payload) => {
                for token in payload.session_tokens() {
                    self.shared.cookies.look_at(token, &self.shared.instance);
                }
            }
        }
        self.shared.last_handshake.set(LastHandshake::new(at, payload));
    }

    /// Logs a refused nonce, at most once a minute, because any client can invent one. A backend logs its own outages.
    fn warn_of_handshake(&self, error: &BackendError) {
        if error.is_outage() {
            return;
        }
        if let Some(held_back) = self.admits_log_line("handshake payload") {
            tracing::warn!(
                %error,
                held_back,
                "a handshake payload was refused; if all are, CLERK_SECRET_KEY belongs to another instance"
            );
        }
    }
}

/// Starts the span of one authentication. It covers the calls to Clerk.
pub(super) fn span() -> Span {
    debug_span!(target: "portal_sdk", "authenticate", outcome = Empty, reason = Empty, user_id = Empty)
}

/// Records the outcome in the span, and counts it.
pub(super) fn record(span: &Span, state: &RequestState) {
    count(state);
    if span.is_disabled() {
        return;
    }
    span.record("outcome", outcome(state));
    match &state.outcome {
        Outcome::SignedIn(state) => span.record("user_id", display(state.claims.user_id())),
        Outcome::SignedOut(state) => span.record("reason", display(&state.reason)),
        Outcome::Handshake(state) => span.record("reason", display(&state.reason)),
        Outcome::Undecided(cause) => span.record("reason", word(cause)),
    };
}

fn outcome(state: &RequestState) -> &'static str {
    state.status().unwrap_or("undecided")
}

#[cfg(feature = "metrics")]
fn count(state: &RequestState) {
    use crate::state::AuthReason;

    const NAME: &str = "portal_decisions_total";
    match &state.outcome {
        // The two most frequent ones, with constant labels, because other labels are allocated.
        Outcome::SignedIn(signed_in) => {
            metrics::counter!(NAME, "outcome" => "signed-in").increment(1);
            if signed_in.claims.is_remembered() {
                metrics::counter!("portal_verified_token_hits_total").increment(1);
            }
        }
        Outcome::SignedOut(signed_out) if signed_out.reason == AuthReason::SessionTokenAndUatMissing => {
            metrics::counter!(NAME, "outcome" => "signed-out", "reason" => "session-token-and-uat-missing")
                .increment(1);
        }
        Outcome::SignedOut(_) | Outcome::Handshake(_) => {
            let reason = state.reason().map(AuthReason::as_str).unwrap_or_default();
            metrics::counter!(NAME, "outcome" => outcome(state), "reason" => reason).increment(1);
        }
        Outcome::Undecided(cause) => {
            metrics::counter!(NAME, "outcome" => "undecided", "reason" => word(cause)).increment(1);
        }
    }
}

#[cfg(not(feature = "metrics"))]
fn count(_: &RequestState) {}

fn word(cause: &UndecidedCause) -> &'static str {
    match cause {
        UndecidedCause::KeysOutOfReach(_) => "keys-out-of-reach",
        UndecidedCause::KeyNotLookedUpYet => "key-not-looked-up-yet",
        UndecidedCause::RenewalOutOfReach(_) => "renewal-out-of-reach",
        UndecidedCause::HandshakeOutOfReach(_) => "handshake-out-of-reach",
        UndecidedCause::HandshakeToken(_) => "handshake-token-invalid",
        UndecidedCause::SatelliteSignInUrl => "satellite-sign-in-url",
    }
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use http::Request;

    use crate::testing::{MetricValues, TestInstance};

    #[test]
    fn decisions_are_counted_by_outcome_and_reason() {
        let clerk = TestInstance::new();
        let authenticator = clerk.authenticator();
        let decide = |request: Request<()>| {
            let decided = authenticator.try_authenticate(&request.into_parts().0);
            assert!(decided.is_some(), "nothing is fetched");
        };
        let token = clerk.signed_in("user_1").token();
        let with = |token: &str| Request::get("/").header("authorization", format!("Bearer {token}"));
        let values = MetricValues::of(|| {
            decide(Request::default());
            decide(with(&token).body(()).unwrap());
            decide(with(&token).body(()).unwrap());
            decide(with("no.token").body(()).unwrap());
        });
        let expected = [
            ("portal_decisions_total signed-in", 2.0),
            ("portal_decisions_total signed-out session-token-and-uat-missing", 1.0),
            ("portal_decisions_total signed-out token-invalid", 1.0),
            ("portal_verified_token_hits_total", 1.0),
        ];
        for (name, value) in expected {
            assert_eq!(values.get(name), Some(&value), "{values:#?}");
        }
    }
}
