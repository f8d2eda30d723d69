//! [`Gate`]: bounds the calls of one kind, and pauses them during a `Retry-After`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::Semaphore;

use super::Answer;
use crate::backend::keys::Pause;
use crate::clock::{Clock, UnixTime};
use crate::effect::BackendError;

/// The most calls of one kind that run at once.
const MAX_RUNNING: usize = 64;
/// The most calls of one kind that run or wait. At five seconds a call, the last one starts after 20 seconds.
const MAX_TAKEN_ON: usize = 320;
/// The longest `Retry-After` that is obeyed. It is short, because a user waits for each of these calls.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Bounds the running and the waiting calls.
///
/// Refuses further calls, and all calls during a `Retry-After`.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    taken_on: Arc<Semaphore>,
    running: Arc<Semaphore>,
    closed: Arc<Mutex<Option<(Pause, BackendError)>>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            taken_on: Arc::new(Semaphore::new(MAX_TAKEN_ON)),
            running: Arc::new(Semaphore::new(MAX_RUNNING)),
            closed: Arc::default(),
        }
    }
}

impl Gate {
    /// Fails with the last error until its `Retry-After` has passed.
    pub(super) fn check(&self, now: UnixTime) -> Result<(), BackendError> {
        match &*self.closed() {
            Some((pause, error)) if pause.holds(now) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    pub(super) async fn pass<T>(&self, clock: &dyn Clock, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let busy = BackendError::busy;
        let _place = self.taken_on.try_acquire().map_err(|_| busy())?;
        let _turn = self.running.acquire().await.map_err(|_| busy())?;
        // The gate may have closed while this call waited.
        self.check(clock.now())?;
        let answer = call.await;
        if let Err(error) = &answer {
            self.close_after(error, clock.now());
        }
        answer
    }

    /// Closes the gate if a 429 or 503 names a time (RFC 6585 section 4, RFC 9110 section 15.6.4).
    fn close_after(&self, error: &BackendError, now: UnixTime) {
        let asks_to_wait = matches!(
            error.status(),
            Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
        );
        if let Some(wait) = error.retry_after().filter(|_| asks_to_wait) {
            *self.closed() = Some((Pause::new(now, wait.min(MAX_RETRY_AFTER)), error.clone()));
        }
    }

    fn closed(&self) -> MutexGuard<'_, Option<(Pause, BackendError)>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
