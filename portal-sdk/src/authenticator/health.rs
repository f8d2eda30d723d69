//! [`Health`]: the state of an authenticator's keys and calls.

use std::time::Duration;

use super::Authenticator;
use crate::backend::{Backend, CallCounts};
use crate::fleet::FleetHealth;

/// The state of an authenticator: its signing keys and its calls to Clerk.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::authenticator::Authenticator;
/// use portal_sdk::backend::Backend;
///
/// /// Returns `true` about twelve hours before requests become undecided.
/// fn is_alarming<B: Backend>(clerk: &Authenticator<B>) -> bool {
///     let keys = clerk.health().keys;
///     keys.failures > 0 && keys.age.is_none_or(|age| age > Duration::from_secs(12 * 60 * 60))
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// The signing keys. Not used if the instance has a PEM key.
    pub keys: KeyHealth,
    /// The calls that renew sessions.
    pub renewals: CallHealth,
    /// The calls for handshake payloads.
    pub payloads: CallHealth,
    /// The verified tokens in memory.
    pub tokens: TokenHealth,
    /// The leases of live connections.
    pub leases: LeaseHealth,
    /// The connection to the other replicas; `None` if the [fleet](super::AuthenticatorBuilder::fleet) has none.
    ///
    /// While it is down, the process still decides requests. It then learns later which sessions have ended elsewhere.
    pub fleet: Option<FleetHealth>,
}

/// The state of the signing keys in memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyHealth {
    /// The time since the last successful fetch. `None` without keys, or if the clock was set back.
    ///
    /// [Initial keys](super::AuthenticatorBuilder::initial_keys) count as fetched when the authenticator was built.
    pub age: Option<Duration>,
    /// The number of keys that verify tokens. Zero if the keys are too old.
    pub usable: usize,
    /// The error of the last fetch, with its causes; `None` if it succeeded. Holds no secrets.
    pub last_error: Option<String>,
    /// The number of failed fetches since the last successful one.
    pub failures: u32,
    /// The number of fetches started.
    pub fetches_started: u64,
    /// The number of fetches failed.
    pub fetches_failed: u64,
    /// The time until the next fetch.
    ///
    /// Zero if it is in progress or the next request starts it.
    pub next_attempt_in: Duration,
}

/// The calls of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallHealth {
    /// The number of calls made.
    pub calls: u64,
    /// The number of requests decided with the result of an earlier request's call.
    pub shared_answers: u64,
    /// The number of calls in progress.
    pub in_flight: usize,
}

/// The verified tokens in memory; see [`AuthenticatorBuilder::token_cache`](super::AuthenticatorBuilder::token_cache).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenHealth {
    /// The number of tokens, some of which may have expired.
    pub remembered: usize,
    /// Their estimated size in bytes.
    pub bytes: usize,
}

/// The leases of live connections; see [`Authenticator::lease`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseHealth {
    /// The number of sessions with leases. The leases of one session count once.
    pub sessions: usize,
    /// The number of look-ups so far.
    pub look_ups: u64,
}

impl<B: Backend> Authenticator<B> {
    /// Returns the state of the keys in memory and of the calls to Clerk.
    ///
    /// Makes no call and is cheap enough for a health check. Do not report a process with keys in memory as unhealthy
    /// during an outage at Clerk: it decides requests, and restarting it would lose the keys.
    #[must_use]
    pub fn health(&self) -> Health {
        let shared = &self.shared;
        let calls = |counts: CallCounts, shared_answers| CallHealth {
            calls: counts.started,
            shared_answers,
            in_flight: counts.in_flight,
        };
        let keys = shared.keys.counts(shared.clock.now());
        let (remembered, bytes) = shared.verified.size();
        Health {
            keys: KeyHealth {
                age: keys.age,
                usable: keys.usable,
                last_error: keys.last_error,
                failures: keys.failures,
                fetches_started: keys.started,
                fetches_failed: keys.failed,
                next_attempt_in: keys.next_attempt_in,
            },
            renewals: calls(shared.look_ups.renewal_counts(), shared.look_ups.shared_answers()),
            payloads: calls(shared.look_ups.payload_counts(), 0),
            tokens: TokenHealth { remembered, bytes },
            leases: LeaseHealth {
                sessions: shared.leases.len(),
                look_ups: shared.leases.look_ups(),
            },
            fleet: shared.fleet.health(),
        }
    }
}
