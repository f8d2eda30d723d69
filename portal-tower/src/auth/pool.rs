//! Reuse of the memory of finished requests, so that a new `Auth` usually allocates nothing.

use std::cell::RefCell;
use std::sync::Arc;

use super::Inner;

/// The most spare values of one thread. Further concurrent requests allocate.
const MAX_SPARE: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Arc<Inner>>> = const { RefCell::new(Vec::new()) };
}

/// Returns a spare or a new value, to which nothing else refers.
pub(super) fn take() -> Arc<Inner> {
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
    spare.unwrap_or_default()
}

/// Keeps the memory of `inner`, unless a clone still uses it.
pub(super) fn give_back(mut inner: Arc<Inner>) {
    let Some(content) = Arc::get_mut(&mut inner) else {
        return;
    };
    // Only the authenticator stays, for the next request of this thread. No data of a request outlives the request.
    content.clear();
    // Nothing is kept for a thread that ends.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < MAX_SPARE {
            spare.push(inner);
        }
    });
}
