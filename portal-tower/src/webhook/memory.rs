//! The IDs of handled deliveries, and of those in progress.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// IDs of deliveries, in memory.
#[derive(Debug, Default)]
pub(super) struct Memory {
    ids: Mutex<Ids>,
}

#[derive(Debug, Default)]
struct Ids {
    in_progress: HashSet<Arc<str>>,
    handled: HashSet<Arc<str>>,
    /// The handled IDs, oldest first.
    order: VecDeque<Arc<str>>,
}

/// The state of a delivery's ID.
#[derive(Debug)]
pub(super) enum Claim {
    /// A delivery with this ID was handled with success.
    Handled,
    /// Another request with this ID is being handled.
    InProgress,
    /// This request handles the ID, until the value is dropped.
    New(Claimed),
}

/// An ID that this request handles. Dropped by an error, a panic or a cancelled request, it frees the ID.
#[derive(Debug)]
pub(super) struct Claimed {
    memory: Arc<Memory>,
    id: Arc<str>,
}

impl Memory {
    /// Returns the state of an ID, and claims a new one.
    pub(super) fn claim(self: &Arc<Self>, id: &str) -> Claim {
        let mut ids = self.lock();
        if ids.handled.contains(id) {
            return Claim::Handled;
        }
        let id: Arc<str> = id.into();
        match ids.in_progress.insert(id.clone()) {
            true => Claim::New(Claimed {
                memory: self.clone(),
                id,
            }),
            false => Claim::InProgress,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ids> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claimed {
    /// Remembers the ID as handled. Forgets the oldest IDs beyond `limit`.
    pub(super) fn handled(self, limit: usize) {
        let mut ids = self.memory.lock();
        if ids.handled.insert(self.id.clone()) {
            ids.order.push_back(self.id.clone());
        }
        while ids.order.len() > limit {
            if let Some(oldest) = ids.order.pop_front() {
                ids.handled.remove(&oldest);
            }
        }
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.memory.lock().in_progress.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(memory: &Arc<Memory>, id: &str, limit: usize) {
        match memory.claim(id) {
            Claim::New(claimed) => claimed.handled(limit),
            other => panic!("{id}: {other:?}"),
        }
    }

    #[test]
    fn handled_ids_are_bounded_and_the_oldest_is_forgotten() {
        let memory = Arc::new(Memory::default());
        for id in 0..1_000 {
            handle(&memory, &id.to_string(), 100);
            let ids = memory.lock();
            assert!(ids.handled.len() <= 100 && ids.order.len() == ids.handled.len());
            assert!(ids.in_progress.is_empty());
        }
        assert!(matches!(memory.claim("900"), Claim::Handled));
        assert!(matches!(memory.claim("899"), Claim::New(_)));
        // A claim that was dropped leaves nothing behind.
        assert!(matches!(memory.claim("899"), Claim::New(_)));
    }

    #[test]
    fn id_in_progress_is_claimed_once_and_free_after_a_failure() {
        let memory = Arc::new(Memory::default());
        let first = memory.claim("a");
        assert!(matches!(first, Claim::New(_)));
        assert!(matches!(memory.claim("a"), Claim::InProgress));
        assert!(matches!(memory.claim("b"), Claim::New(_)));
        drop(first);
        handle(&memory, "a", 1);
        assert!(matches!(memory.claim("a"), Claim::Handled));
    }

    #[test]
    fn nothing_is_remembered_with_a_limit_of_zero() {
        let memory = Arc::new(Memory::default());
        handle(&memory, "a", 0);
        handle(&memory, "a", 0);
        assert!(memory.lock().handled.is_empty());
    }
}
