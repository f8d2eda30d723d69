//! The portal's page addresses in memory: read in the background, never while a request waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;

use super::{Backend, BackendError};
use crate::clock::{Clock, UnixTime};
use crate::portal::{DiscoveredPages, Portal};

/// How long addresses serve before they are read again, in milliseconds. They go on serving meanwhile.
const LIFETIME_MILLIS: i64 = 60 * 60 * 1_000;
/// The least time between two attempts, in milliseconds.
const RETRY_MILLIS: i64 = 60 * 1_000;

impl Portal {
    /// This portal with the page addresses that the instance itself names, read now.
    ///
    /// # Errors
    ///
    /// [`BackendError`] if they cannot be read. This portal serves with its derived addresses.
    pub async fn discover<B: Backend>(&self, backend: &B) -> Result<Self, BackendError> {
        Ok(self.clone().with_discovered(backend.portal_pages().await?))
    }
}

/// The addresses of one instance.
#[derive(Debug, Default)]
pub(crate) struct PageCache {
    pages: ArcSwapOption<DiscoveredPages>,
    due: Mutex<Option<UnixTime>>,
    is_failing: AtomicBool,
}

impl PageCache {
    /// What is in memory, however old.
    pub(crate) fn pages(&self) -> Option<Arc<DiscoveredPages>> {
        self.pages.load_full()
    }

    /// Whether it is time to read them, which is then the caller's to do: nobody else is told so for a while.
    pub(crate) fn is_due(&self, now: UnixTime) -> bool {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = due.is_none_or(|due| due <= now);
        if is_due {
            *due = Some(now.plus_millis(RETRY_MILLIS));
        }
        is_due
    }

    /// Reads them in the background, if this thread has a runtime to do so.
    pub(crate) fn refresh<B: Backend>(self: &Arc<Self>, backend: &B, clock: Arc<dyn Clock>) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (cache, backend) = (self.clone(), backend.clone());
        runtime.spawn(async move {
            let _ = cache.read(&backend, &*clock).await;
        });
    }

    /// Reads them now. A failure is logged once, until they can be read again.
    pub(crate) async fn read<B: Backend>(&self, backend: &B, clock: &dyn Clock) -> Result<(), BackendError> {
        let pages = match backend.portal_pages().await {
            Ok(pages) => pages,
            Err(error) => {
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "the portal's page addresses cannot be read; links use those known so far");
                }
                return Err(error);
            }
        };
        if self.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the portal's page addresses can be read again");
        }
        self.pages.store(Some(Arc::new(pages)));
        let due = clock.now().plus_millis(LIFETIME_MILLIS);
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some(due);
        Ok(())
    }
}
