//! [`KeyCachePolicy`]: the times of the key cache.

use std::time::Duration;

/// The longest back-off while keys in memory serve. 10,000 processes then make 74 calls a second, about twice as many
/// as in ordinary operation.
const MAX_BACKOFF_WITH_KEYS: Duration = Duration::from_secs(180);
/// The longest back-off without keys. It is short, because no request with a token can be decided meanwhile.
const MAX_BACKOFF_WITHOUT_KEYS: Duration = Duration::from_secs(5);

/// The times that determine when signing keys are fetched.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::backend::KeyCachePolicy;
///
/// let policy = KeyCachePolicy::default()
///     .with_lifetime(Duration::from_secs(60))
///     .with_max_stale(Duration::from_secs(60 * 60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyCachePolicy {
    pub(super) lifetime: Duration,
    pub(super) max_stale: Duration,
    pub(super) min_refetch: Duration,
    pub(super) retry_after_failure: Duration,
    pub(super) max_wait: Duration,
    pub(super) jitter: bool,
}

impl Default for KeyCachePolicy {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(5 * 60),
            max_stale: Duration::from_secs(24 * 60 * 60),
            min_refetch: Duration::from_secs(10),
            retry_after_failure: Duration::from_secs(1),
            max_wait: Duration::from_secs(1),
            jitter: true,
        }
    }
}

impl KeyCachePolicy {
    /// Sets how long fetched keys are fresh (default: 5 minutes, as in Clerk's SDK).
    ///
    /// After a random 75 to 95 % of this time, the next request starts a fetch in the background. No request whose key
    /// is in memory waits for it. The first requests after an idle time use older keys while the fetch runs
    /// (stale-while-revalidate), and so do all requests while fetches fail (stale-while-error).
    ///
    /// # Security
    ///
    /// A key that Clerk removed meanwhile is accepted until that fetch succeeds, after an idle time too.
    /// [`with_max_stale`](Self::with_max_stale) bounds this; with zero, requests wait for a fetch instead of using
    /// older keys.
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Sets how long keys are used after they stop being fresh (default: 24 hours).
    ///
    /// Older keys are not used: requests wait for a fetch.
    ///
    /// # Security
    ///
    /// The lifetime and this time together are the longest time that a removed key is accepted.
    #[must_use]
    pub fn with_max_stale(self, max_stale: Duration) -> Self {
        Self { max_stale, ..self }
    }

    /// Sets the shortest time between two fetches for unknown key IDs (default: 10 seconds).
    ///
    /// # Security
    ///
    /// Any client can send unknown key IDs. A short time lets clients cause many calls to Clerk.
    #[must_use]
    pub fn with_min_refetch(self, min_refetch: Duration) -> Self {
        Self { min_refetch, ..self }
    }

    /// Sets the back-off after the first failed fetch (default: 1 second).
    ///
    /// It doubles with each further failure, up to three minutes while keys in memory serve, and up to five seconds
    /// without them. Each attempt is made after a random 50 to 100 % of it. A response's `Retry-After` is obeyed: up to
    /// an hour while keys in memory serve, up to a minute without them and for unknown key IDs.
    #[must_use]
    pub fn with_retry_after_failure(self, retry_after_failure: Duration) -> Self {
        Self {
            retry_after_failure,
            ..self
        }
    }

    /// Sets how long requests wait for a fetch, from the fetch's start (default: 1 second).
    ///
    /// Requests wait if no keys are in memory or their key ID is unknown. Afterwards they are undecided, and so are
    /// requests that arrive during the rest of the fetch. Without a tokio runtime the request that fetches waits for
    /// the response.
    #[must_use]
    pub fn with_max_wait(self, max_wait: Duration) -> Self {
        Self { max_wait, ..self }
    }

    /// Sets whether times are jittered (default: `true`). Switch it off in simulations and tests only.
    ///
    /// Jitter keeps processes that started together, or that saw the same outage, from calling Clerk at the same time.
    /// Without it keys are refreshed after 85 % of their lifetime, and each attempt is made after the whole back-off.
    #[must_use]
    pub fn with_jitter(self, jitter: bool) -> Self {
        Self { jitter, ..self }
    }

    /// Returns the longest back-off.
    pub(super) fn max_backoff(&self, has_keys: bool) -> Duration {
        let bound = match has_keys {
            true => MAX_BACKOFF_WITH_KEYS,
            false => MAX_BACKOFF_WITHOUT_KEYS,
        };
        bound.max(self.retry_after_failure)
    }
}
