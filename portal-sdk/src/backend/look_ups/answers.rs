//! [`SharedAnswers`]: results that later requests with the same inputs share for some seconds.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Answer;
use crate::backend::alarm::Alarm;
use crate::backend::keys::Pause;
use crate::clock::UnixTime;

/// The time for which a success or Clerk's refusal is shared.
const SHARED_FOR: Duration = Duration::from_secs(10);
/// The time for which an outage is shared.
const OUTAGE_SHARED_FOR: Duration = Duration::from_secs(1);
/// The most results that are kept.
const MAX_KEPT: usize = 1_000;

/// The newest results, by the inputs of their calls.
pub(super) struct SharedAnswers<K, T> {
    kept: Arc<Mutex<Kept<K, T>>>,
    /// Drops expired results, because they hold secrets.
    alarm: Alarm<Mutex<Kept<K, T>>>,
}

/// Oldest first.
type Kept<K, T> = VecDeque<Entry<K, T>>;

struct Entry<K, T> {
    key: K,
    answer: Answer<T>,
    shared: Pause,
    kept_at: Instant,
}

impl<K, T> SharedAnswers<K, T>
where
    K: Eq + Send + 'static,
    T: Clone + Send + 'static,
{
    pub(super) fn get(&self, key: &K, now: UnixTime) -> Option<Answer<T>> {
        let mut kept = lock(&self.kept);
        kept.retain(|entry| entry.shared.holds(now));
        let entry = kept.iter().find(|entry| entry.key == *key)?;
        Some(entry.answer.clone())
    }

    pub(super) fn keep(&self, key: K, answer: &Answer<T>, now: UnixTime) {
        let shared_for = match answer {
            // Not shared, because the next request may be admitted.
            Err(error) if error.is_busy() => return,
            Err(error) if error.is_outage() => OUTAGE_SHARED_FOR,
            Ok(_) | Err(_) => SHARED_FOR,
        };
        let mut kept = lock(&self.kept);
        kept.retain(|entry| entry.key != key);
        if kept.len() >= MAX_KEPT {
            kept.pop_front();
        }
        kept.push_back(Entry {
            key,
            answer: answer.clone(),
            shared: Pause::new(now, shared_for),
            kept_at: Instant::now(),
        });
        drop(kept);
        self.alarm.set(&self.kept);
    }
}

impl<K: Send + 'static, T: Send + 'static> Default for SharedAnswers<K, T> {
    fn default() -> Self {
        let drop_old = |kept: &Mutex<Kept<K, T>>| {
            lock(kept).retain(|entry| entry.kept_at.elapsed() < SHARED_FOR);
        };
        Self {
            kept: Arc::default(),
            alarm: Alarm::new(SHARED_FOR, drop_old),
        }
    }
}

impl<K, T> fmt::Debug for SharedAnswers<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedAnswers")
            .field("kept", &lock(&self.kept).len())
            .finish_non_exhaustive()
    }
}

fn lock<K, T>(kept: &Mutex<Kept<K, T>>) -> MutexGuard<'_, Kept<K, T>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::BackendError;

    fn at(secs: i64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    #[test]
    fn results_are_shared_for_ten_seconds_and_outages_for_one() {
        let refused = BackendError::answer(http::StatusCode::NOT_FOUND).with_code("x");
        for (answer, seconds) in [
            (Ok("cookies"), 10),
            (Err(refused), 10),
            (Err(BackendError::timeout(SHARED_FOR)), 1),
            (Err(BackendError::busy()), 0),
        ] {
            let answers = SharedAnswers::default();
            answers.keep("key", &answer, at(0));
            for second in 0..12 {
                let is_shared = answers.get(&"key", at(second)).is_some();
                assert_eq!(is_shared, second < seconds, "{answer:?} after {second} s");
            }
            assert!(lock(&answers.kept).is_empty(), "an expired result is kept");
        }
    }

    #[test]
    fn kept_results_are_bounded_and_the_oldest_is_dropped() {
        let answers = SharedAnswers::default();
        for key in 0..=MAX_KEPT {
            answers.keep(key, &Ok(()), at(0));
        }
        assert_eq!(lock(&answers.kept).len(), MAX_KEPT);
        assert!(answers.get(&0, at(0)).is_none());
        assert!(answers.get(&MAX_KEPT, at(0)).is_some());
    }
}
