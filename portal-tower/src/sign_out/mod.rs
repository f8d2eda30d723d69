//! End the session at Clerk and in the browser: [`SignOut`].
//!
//! 1. Only `POST` signs out; anything else is 405. A link must not be able to do it. With
//!    [`SignOut::with_confirmation`], `GET` shows a page that asks.
//! 2. A page of another site cannot do it either: 403.
//! 3. The session of the token that was sent is revoked through the Backend API, also when the token has expired or
//!    contradicts other cookies, as long as the instance signed it. A session that is already over counts as revoked.
//! 4. This process treats the session as over from now on: a token outlives its session by up to a minute otherwise.
//! 5. The session and refresh cookies of this instance are removed and `__client_uat` is set to 0, on this host and on
//!    each of its parent domains. The development browser's token stays.
//! 6. The answer is 303 to the address given with [`SignOut::then`], by default `/`; htmx gets `HX-Redirect`.
//!
//! If Clerk cannot be reached the session lives on there. The cookies are cleared all the same, and the answer is a 503
//! page that says so and offers to try again; for that, the session token is kept for an hour in the cookie
//! `__portal_sign_out`, which signs nobody in.

mod cookies;
mod service;

pub use service::{ResponseFuture, SignOut};
