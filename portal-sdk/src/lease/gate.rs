//! [`Gate`]: bounds the look-ups of sessions, and pauses them during a `Retry-After`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::clock::UnixTime;
use crate::effect::BackendError;

/// The most look-ups that run at once. Others wait for their turn.
///
/// It is a quarter of the calls that requests may cause, so that look-ups never crowd out sign-in.
const MAX_RUNNING: usize = 16;
/// The longest `Retry-After` for which all look-ups pause.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Bounds the look-ups of all sessions of an authenticator.
#[derive(Debug)]
pub(super) struct Gate {
    running: Semaphore,
    /// The last error with a `Retry-After`, and the end of that time.
    closed: Mutex<Option<(UnixTime, BackendError)>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            running: Semaphore::new(MAX_RUNNING),
            closed: Mutex::default(),
        }
    }
}

impl Gate {
    /// Makes a look-up when it is its turn.
    ///
    /// # Errors
    ///
    /// Returns the call's error, the last one during its `Retry-After`, or a time-out after `patience`.
    pub(super) async fn pass<T>(
        &self,
        patience: Duration,
        now: impl Fn() -> UnixTime,
        call: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        let in_turn = async {
            let _turn = self.running.acquire().await.map_err(|_| BackendError::busy())?;
            // The gate may have closed while this look-up waited.
            self.check(now())?;
            let answer = call.await;
            if let Err(error) = &answer {
                self.close_after(error, now());
            }
            answer
        };
        // A timer, because during an outage the turn may not come before the last proof is too old.
        let in_time = timeout(patience, in_turn).await;
        in_time.unwrap_or_else(|_| Err(BackendError::timeout(patience)))
    }

    fn check(&self, now: UnixTime) -> Result<(), BackendError> {
        match &*self.closed() {
            Some((end, error)) if now < *end => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Closes the gate if a 429 or 503 names a time (RFC 6585 section 4, RFC 9110 section 15.6.4).
    fn close_after(&self, error: &BackendError, now: UnixTime) {
        let asks_to_wait = matches!(
            error.status(),
            Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
        );
        if let Some(wait) = error.retry_after().filter(|_| asks_to_wait) {
            *self.closed() = Some((now + wait.min(MAX_RETRY_AFTER), error.clone()));
        }
    }

    fn closed(&self) -> MutexGuard<'_, Option<(UnixTime, BackendError)>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
