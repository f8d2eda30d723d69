//! [`Spread`]: a shared value whose references each thread counts for itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// The number of separate counts. More threads share them in turn.
pub(super) const COUNTS: usize = 8;

/// A value that threads refer to without writing to the same memory.
///
/// All clones of an `Arc` write to one count, so that cores with requests of one user would wait for each other.
pub(super) struct Spread<T> {
    value: Arc<T>,
    counted: [OnceLock<Counted<T>>; COUNTS],
}

/// A reference that counts among those of a few threads. Cloning it writes to their count only.
pub(super) type Counted<T> = Arc<Arc<T>>;

impl<T> Spread<T> {
    /// Creates the value with the first reference to it, which counts among those of this thread.
    pub(super) fn new(first: &Counted<T>) -> Self {
        let counted: [OnceLock<_>; COUNTS] = Default::default();
        counted[index()].get_or_init(|| Arc::clone(first));
        Self {
            value: Arc::clone(&**first),
            counted,
        }
    }

    pub(super) fn value(&self) -> &Arc<T> {
        &self.value
    }

    /// Returns a reference that counts among those of this thread.
    pub(super) fn of_this_thread(&self) -> Counted<T> {
        let counted = &self.counted[index()];
        Arc::clone(counted.get_or_init(|| Arc::new(Arc::clone(&self.value))))
    }
}

/// Returns the position of this thread's count.
fn index() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static INDEX: usize = NEXT.fetch_add(1, Ordering::Relaxed) % COUNTS;
    }
    // A thread that ends may use any count.
    INDEX.try_with(|index| *index).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn threads_share_the_value_but_not_its_count() {
        let one = Arc::new(Arc::new("value"));
        let spread = Spread::new(&one);
        assert!(Arc::ptr_eq(&one, &spread.of_this_thread()));
        // Other tests may take positions in between, but not seven between any two of these threads.
        let others =
            [(); 2 * COUNTS].map(|()| thread::scope(|scope| scope.spawn(|| spread.of_this_thread()).join().unwrap()));
        assert!(others.iter().any(|other| !Arc::ptr_eq(other, &one)));
        assert!(others.iter().all(|other| Arc::ptr_eq(&**other, spread.value())));
    }
}
