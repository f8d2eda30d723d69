//! Reuse of the memory of finished requests, so that authentication allocates nothing per request.

use std::cell::RefCell;
use std::sync::Arc;

use super::Inner;

/// The most spare values of one thread. More requests at once allocate.
const MAX_SPARE: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Arc<Inner>>> = const { RefCell::new(Vec::new()) };
}

/// Returns an empty value that `fill` has filled.
pub(super) fn take(fill: impl FnOnce(&mut Inner)) -> Arc<Inner> {
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
    let mut inner = spare.unwrap_or_default();
    if let Some(inner) = Arc::get_mut(&mut inner) {
        fill(inner);
    }
    inner
}

/// Keeps the memory of `inner`, unless something still refers to it.
pub(super) fn give_back(mut inner: Arc<Inner>) {
    let Some(content) = Arc::get_mut(&mut inner) else {
        return;
    };
    // No data of a request outlives it here; only the authenticator stays, for the next request of this thread.
    content.clear();
    // Nothing is kept for a thread that ends.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < MAX_SPARE {
            spare.push(inner);
        }
    });
}
