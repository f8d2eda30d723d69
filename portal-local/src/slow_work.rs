//! A bound on the passwords that are hashed at once: each takes tens of milliseconds and 19 MiB.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::Block;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::StoreError;

const MOST_AT_ONCE: usize = 4;
/// The most waiting requests.
const MOST_WAITING: usize = 512;
/// After how many seconds a request that found no room may come again.
pub(crate) const BUSY_SECS: i64 = 1;

pub(crate) struct SlowWork {
    running: Arc<Semaphore>,
    /// Those that run and those that wait.
    room: Arc<Semaphore>,
}

/// A place among those that run. The work must own it: a client that closes its connection does not stop the work.
pub(crate) struct Turn {
    _running: OwnedSemaphorePermit,
    _room: OwnedSemaphorePermit,
}

impl Default for SlowWork {
    fn default() -> Self {
        Self::new(MOST_AT_ONCE, MOST_WAITING)
    }
}

impl SlowWork {
    fn new(at_once: usize, waiting: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(at_once)),
            room: Arc::new(Semaphore::new(at_once + waiting)),
        }
    }

    /// Waits for a turn. An error if too many wait already.
    pub(crate) async fn turn(&self) -> Result<Turn, StoreError> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| StoreError::busy())?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        Ok(Turn {
            _running: running.map_err(|_| StoreError::interrupted())?,
            _room: room,
        })
    }
}

/// The memory of finished hashes, which the next ones use again.
static KEPT: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// Runs `work` with this number of blocks of any content.
pub(crate) fn with_memory<T>(blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let mut memory = kept().pop().unwrap_or_default();
    memory.resize(blocks, Block::new());
    let result = work(&mut memory);
    let mut kept = kept();
    if kept.len() < MOST_AT_ONCE {
        kept.push(memory);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_for_the_next_password() {
        // Nested, so that more are in use than are kept.
        fn nested(depth: usize) {
            if depth > 0 {
                with_memory(8, |_| nested(depth - 1));
            }
        }
        nested(MOST_AT_ONCE + 2);
        let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert!((1..=MOST_AT_ONCE).contains(&kept), "{kept}");
    }

    #[tokio::test]
    async fn turns_and_waiting_places_are_bounded() {
        let work = Arc::new(SlowWork::new(2, 3));
        let held = (work.turn().await.unwrap(), work.turn().await.unwrap());
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let work = Arc::clone(&work);
            waiting.push(tokio::spawn(async move { work.turn().await.map(drop) }));
        }
        while work.room.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(work.turn().await.is_err_and(|error| error.is_busy()));
        assert!(waiting.iter().all(|one| !one.is_finished()));
        drop(held);
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        assert!(work.turn().await.is_ok());
    }
}
