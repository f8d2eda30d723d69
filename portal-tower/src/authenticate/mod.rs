//! Authentication of requests: [`AuthenticateLayer`].
//!
//! 1. [`Authenticator`] authenticates the request, without waiting if the signing keys are
//!    in memory.
//! 2. If the browser must be redirected first (a handshake, or a clean URL after one), the response is 307 with the
//!    outcome's cookies, and the inner service is not called.
//! 3. Otherwise the request is forwarded with [`Auth`](crate::Auth) in its extensions. The outcome's cookies and
//!    `x-clerk-auth-…` headers are added to the response; if a cookie is set, `Cache-Control` becomes `no-store`.
//!
//! If the current span has an empty field `user_id`, the layer records the signed-in user's ID there before it calls
//! the inner service. With an outer `TraceLayer` of tower-http, declare the field in `make_span_with`:
//! `info_span!("request", user_id = tracing::field::Empty)`.
//!
//! The layer never refuses a request. Its errors are those of the inner service.
//!
//! [`AuthenticateLayer`]: crate::AuthenticateLayer
//! [`Authenticator`]: portal_sdk::authenticator::Authenticator

mod future;
pub(crate) mod layer;
mod service;

pub use future::ResponseFuture;
pub use service::Authenticate;
