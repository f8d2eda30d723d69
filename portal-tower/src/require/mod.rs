//! Let only signed-in people through: [`RequireAuthLayer`].
//!
//! | Request | Nobody is signed in | Tasks are outstanding | It cannot be told |
//! |---|---|---|---|
//! | page (GET or HEAD by a browser) | 303 to the portal, back to this page | 303 to the tasks | 503 page |
//! | form (another method by a browser) | 303 to the portal, back to the form's page | 303 to the tasks | 503 page |
//! | anything else | 401 JSON with `WWW-Authenticate: Bearer` | 401 JSON, `session-pending` | 503 JSON |
//!
//! A browser is known by `Sec-Fetch-Dest: document` or `iframe`, or without that header by an `Accept` that prefers HTML.
//! Every refusal is `Cache-Control: no-store`. The JSON is
//! `{"error": {"code": "…", "reason": "…", "sign_in_url": "…"}}`.
//!
//! Without [`AuthenticateLayer`](crate::AuthenticateLayer) outside it the answer is 500: that is a mistake in the
//! application and must not look like a signed-out visitor.

mod future;
mod layer;
mod refusal;
mod service;

pub use future::ResponseFuture;
pub use layer::RequireAuthLayer;
pub use refusal::Refusal;
pub use service::RequireAuth;
