//! Let only signed-in people through who meet a requirement: [`RequireAuthLayer`].
//!
//! | Request | Nobody is signed in | Signed in, the requirement is not met |
//! |---|---|---|
//! | page (GET or HEAD by a browser) | 303 to the portal, back to this page; instead of a fourth one within ten seconds a 401 page that says why signing in does not help | 403 page, or 303 to the page chosen with [`or_redirect_unmet_to`](RequireAuthLayer::or_redirect_unmet_to) |
//! | form (another method by a browser) | 303 to the portal, back to the page the form stands on | 403 page |
//! | script or program | 401 JSON with `WWW-Authenticate: Bearer` | 403 JSON |
//! | htmx (`HX-Request`) | 401 with `HX-Redirect`, back to the page htmx runs on; a boosted link back to its own address | 403 |
//! | Turbo (`Turbo-Frame`, stream actions, visits) | 401 page that makes Turbo load it as a whole and goes on to the portal | 403 |
//! | WebSocket, event stream | 401, never a redirect | 403 |
//! | gRPC, gRPC-Web | `grpc-status: 16` in the header, no body, the caller's own `Content-Type` | `grpc-status: 7` |
//!
//! | Whoever asks | Case | Answer |
//! |---|---|---|
//! | all | a page of another site sent it with this site's cookies, to change something | 403, before anything else |
//! | all | the session is pending | as if nobody were signed in, but to its tasks and with the reason `session-pending` |
//! | all | a reverification is needed | 403; for scripts with the body that Clerk's components know |
//! | all | it cannot be told, because Clerk is out of reach | 503 with `Retry-After` (gRPC: 14) |
//! | all | the application's set-up is at fault | 500 (gRPC: 13) |
//!
//! A browser is known by `Sec-Fetch-Dest: document` or `iframe`, or without that header by an `Accept` that prefers HTML.
//! Every refusal is `Cache-Control: no-store`; what is let through is `private` unless the handler says otherwise. The
//! JSON is `{"error": {"code": "…", "reason": "…", "sign_in_url": "…"}}`, the last for 401 only.
//!
//! [`RenderRefusal`] replaces how refusals look.
//!
//! Without [`AuthenticateLayer`](crate::AuthenticateLayer) outside it the answer is 500: that is a mistake in the
//! application and must not look like a signed-out visitor.

mod advice;
mod answer;
mod circle;
mod future;
mod layer;
mod refusal;
mod render;
mod service;

pub(crate) use circle::RecentRedirects;
pub use future::ResponseFuture;
pub use layer::RequireAuthLayer;
pub use refusal::{Refusal, RefusalCause};
pub use render::RenderRefusal;
pub use service::RequireAuth;
