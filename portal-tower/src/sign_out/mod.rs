//! End the session at Clerk and in the browser: [`SignOut`].
//!
//! 1. Only `POST` signs out; anything else is 405. A link must not be able to do it.
//! 2. The session is revoked through the Backend API, also when its token has just expired. A session that is already
//!    over counts as revoked.
//! 3. If Clerk cannot be reached the session lives on, so nothing is cleared and the answer is a 503 page that says so
//!    and offers to try again.
//! 4. Then the session and refresh cookies of this instance are removed and `__client_uat` is set to 0, on this host and
//!    on each of its parent domains. The development browser's token stays.
//! 5. The answer is 303 to the address given with [`SignOut::then`], by default `/`.

mod cookies;
mod service;

pub use service::{ResponseFuture, SignOut};
