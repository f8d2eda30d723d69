//! Malformed entries of the key set, logged once each.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::key::SkippedEntry;

/// The most entries that are logged and remembered. Further ones are not logged.
const MAX_LOGGED: usize = 64;

#[derive(Debug, Default)]
pub(super) struct SkippedKeys {
    logged: Mutex<HashSet<SkippedEntry>>,
}

impl SkippedKeys {
    pub(super) fn log_once(&self, index: usize, entry: SkippedEntry) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() >= MAX_LOGGED || !logged.insert(entry.clone()) {
            return;
        }
        drop(logged);
        let SkippedEntry { key_id, problem } = entry;
        tracing::warn!(index, key_id, problem, "an entry of the key set was skipped");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_entry_is_logged_once() {
        let skipped = SkippedKeys::default();
        for (index, key_id) in ["a", "b", "a"].into_iter().enumerate() {
            let key_id = Some(key_id.to_owned());
            let problem = "expected a JSON object";
            skipped.log_once(index, SkippedEntry { key_id, problem });
        }
        assert_eq!(skipped.logged.lock().unwrap().len(), 2);
    }
}
