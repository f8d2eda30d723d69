//! [`PageCache`]: the portal's page URLs in memory, refreshed in the background.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::BackendApi;
use crate::clock::{Clock, UnixTime};
use crate::effect::BackendError;
use crate::latest::Latest;
use crate::portal::{DiscoveredPages, Portal};

/// The time after which URLs are fetched again. Links use the old ones meanwhile.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// The shortest time between two attempts.
const RETRY: Duration = Duration::from_secs(60);

impl Portal {
    /// Returns this portal with page URLs fetched from the instance.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the fetch fails. This portal still works, with its derived URLs.
    pub async fn discover<B: BackendApi>(&self, backend: &B) -> Result<Self, BackendError> {
        Ok(self.clone().with_discovered(backend.portal_pages().await?))
    }
}

/// The page URLs of one instance.
#[derive(Debug, Default)]
pub(crate) struct PageCache {
    pages: Latest<DiscoveredPages>,
    pause: SyncMutex<Option<Pause>>,
    /// The error of the last read, if it failed. The lock is held during a read (single flight).
    reading: Arc<Mutex<Option<BackendError>>>,
    /// The number of finished reads.
    finished: AtomicU64,
}

/// The pause before the next read.
#[derive(Clone, Copy, Debug)]
struct Pause {
    since: UnixTime,
    length: Duration,
}

impl PageCache {
    /// Returns the URLs in memory, of any age.
    pub(crate) fn pages(&self) -> Option<Arc<DiscoveredPages>> {
        self.pages.get()
    }

    /// Reads the URLs in the background if that is due.
    ///
    /// Does nothing while a read is in progress, and without a tokio runtime.
    pub(crate) fn refresh<B: BackendApi>(self: &Arc<Self>, backend: &B, clock: &Arc<dyn Clock>) {
        if !self.is_due(clock.now()) {
            return;
        }
        let (Ok(runtime), Ok(mut failure)) = (Handle::try_current(), self.reading.clone().try_lock_owned()) else {
            return;
        };
        // Another thread may have finished a read since the first check.
        if !self.is_due(clock.now()) {
            return;
        }
        let (cache, backend, clock) = (self.clone(), backend.clone(), clock.clone());
        runtime.spawn(async move {
            cache.read_alone(&mut failure, &backend, &*clock).await;
        });
    }

    /// Reads the URLs now. Concurrent callers share one read (single flight).
    pub(crate) async fn read<B: BackendApi>(&self, backend: &B, clock: &dyn Clock) -> Result<(), BackendError> {
        let finished = self.finished.load(Ordering::Relaxed);
        let mut failure = self.reading.lock().await;
        if self.finished.load(Ordering::Relaxed) == finished {
            self.read_alone(&mut failure, backend, clock).await;
        }
        failure.clone().map_or(Ok(()), Err)
    }

    /// Reads the URLs for the holder of the lock. Logs the first failure after a success.
    async fn read_alone<B: BackendApi>(&self, failure: &mut Option<BackendError>, backend: &B, clock: &dyn Clock) {
        // Count the attempt at its start, so that a cancelled read is not retried at once.
        self.pause_for(RETRY, clock.now());
        let answer = match backend.portal_pages().await {
            Ok(pages) if pages.is_empty() => Err(no_pages()),
            answer => answer,
        };
        self.finished.fetch_add(1, Ordering::Relaxed);
        match answer {
            Ok(pages) => {
                if failure.take().is_some() {
                    tracing::info!("the portal's page URLs can be fetched again");
                }
                self.pages.set(pages);
                self.pause_for(LIFETIME, clock.now());
            }
            Err(error) => {
                if failure.is_none() {
                    tracing::warn!(%error, "the portal's page URLs cannot be fetched; links keep using the known ones");
                }
                *failure = Some(error);
                self.pause_for(RETRY, clock.now());
            }
        }
    }

    fn is_due(&self, now: UnixTime) -> bool {
        self.pause()
            .is_none_or(|pause| !now.is_within(pause.length, pause.since))
    }

    fn pause_for(&self, length: Duration, since: UnixTime) {
        *self.pause() = Some(Pause { since, length });
    }

    fn pause(&self) -> MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a response without page URLs, which keeps the URLs read before.
fn no_pages() -> BackendError {
    BackendError::unreadable(StatusCode::OK, "found no page URL in display_config")
}
