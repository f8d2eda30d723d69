//! Find out who a request is from: [`AuthenticateLayer`].
//!
//! 1. The request is decided by [`Authenticator`](portal_sdk::Authenticator), without awaiting anything if the signing
//!    keys are in memory.
//! 2. If the browser must be sent somewhere first (a handshake, or a clean address after one), the answer is 307 with
//!    the cookies that belong to it, and the inner service is not called.
//! 3. Otherwise the request goes on with [`Auth`](crate::Auth) in its extensions, and the cookies and `x-clerk-auth-…`
//!    headers of the outcome are added to the response on its way out. Where a cookie is set, `Cache-Control` becomes
//!    `no-store`.
//!
//! Where the current span has an empty field `user_id`, the ID of the signed-in user is recorded into it before the inner
//! service is called. With `TraceLayer` of tower-http outside, declare it in `make_span_with`:
//! `info_span!("request", user_id = tracing::field::Empty)`.
//!
//! The layer refuses nobody and adds no error of its own.

mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::AuthenticateLayer;
pub use service::Authenticate;
