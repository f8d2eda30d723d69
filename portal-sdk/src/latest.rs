//! [`Latest`]: a value that is replaced as a whole and read without a lock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use papaya::HashMap;

/// The latest value, if there is one. Readers never wait for a writer.
///
/// It is a map with one entry, because the crate of the token cache has all that this needs.
pub(crate) struct Latest<T> {
    /// Read first, because a value that most processes never set must cost next to nothing.
    is_set: AtomicBool,
    value: HashMap<(), Arc<T>>,
}

impl<T> Latest<T> {
    pub(crate) fn get(&self) -> Option<Arc<T>> {
        self.with(Arc::clone)
    }

    /// Reads the value in place, which counts no reference.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.with(|value| read(value))
    }

    fn with<R>(&self, read: impl FnOnce(&Arc<T>) -> R) -> Option<R> {
        if !self.is_set.load(Ordering::Acquire) {
            return None;
        }
        self.value.pin().get(&()).map(read)
    }

    pub(crate) fn set(&self, value: T) {
        self.value.pin().insert((), Arc::new(value));
        self.is_set.store(true, Ordering::Release);
    }

    /// Replaces the value by a result of `next`, which is called again if another thread was first.
    pub(crate) fn update(&self, next: impl Fn(Option<&T>) -> T) {
        let replace = |value: &Arc<T>| Arc::new(next(Some(value)));
        self.value
            .pin()
            .update_or_insert_with((), replace, || Arc::new(next(None)));
        self.is_set.store(true, Ordering::Release);
    }
}

impl<T: fmt::Debug> fmt::Debug for Latest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Latest").field(&self.get()).finish()
    }
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self {
            is_set: AtomicBool::new(false),
            value: HashMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn value_is_the_last_one_set() {
        let latest = Latest::default();
        assert!(latest.get().is_none() && latest.read(|value: &i32| *value).is_none());
        latest.set(1);
        latest.set(2);
        assert_eq!(
            (latest.get().as_deref(), latest.read(|value| *value)),
            (Some(&2), Some(2))
        );
    }

    #[test]
    fn concurrent_updates_are_all_kept() {
        let latest = Latest::default();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| latest.update(|count| count.map_or(1, |count| count + 1))));
            }
        });
        assert_eq!(latest.get().as_deref(), Some(&400));
    }
}
