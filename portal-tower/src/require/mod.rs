//! Let only signed-in people through who meet a requirement: [`RequireAuthLayer`].
//!
//! | Request | Nobody is signed in | Signed in, the requirement is not met |
//! |---|---|---|
//! | page (GET or HEAD by a browser) | 303 to the portal, back to this page; instead of a fourth one within ten seconds a 401 page that says why signing in does not help | 403 page, or 303 to the page chosen with [`or_redirect_unmet_to`](RequireAuthLayer::or_redirect_unmet_to); 307 once to renew the token, if the user was at the portal since it was issued |
//! | form (another method by a browser) | 303 to the portal, back to the page the form stands on | 403 page |
//! | script or program | 401 JSON with `WWW-Authenticate: Bearer` | 403 JSON |
//! | htmx (`HX-Request`) | 401 with `HX-Redirect`, back to the page htmx runs on; a boosted link back to its own address | 403 |
//! | htmx restoring its history (`HX-History-Restore-Request`) | 200 page that goes on to the portal, because htmx follows no header there | 403 |
//! | Turbo (`Turbo-Frame`, stream actions, visits) | 401 page that makes Turbo load it as a whole and goes on to the portal | 403 |
//! | WebSocket, event stream | 401, never a redirect | 403 |
//! | gRPC, gRPC-Web | `grpc-status: 16` in the header, no body, the caller's own `Content-Type` | `grpc-status: 7` |
//!
//! | Whoever asks | Case | Answer |
//! |---|---|---|
//! | all | a page of another site sent it with this site's cookies, to change something | 403, before anything else |
//! | all | the session is pending | as if nobody were signed in, but to its tasks and with the reason `session-pending` |
//! | all | no organization is active and the requirement needs one | 403; pages link to the portal's organization page, and from there back |
//! | all | another organization is active than the path names, and no redirect can settle it | 403 with the reason `organization-mismatch`; pages link to the portal's organization page |
//! | page | the browser keeps no cookies (noticed in development only) | 401 page that says so, instead of a redirect |
//! | all | a CORS preflight | 401, unless [`allow_preflight`](RequireAuthLayer::allow_preflight) |
//! | all | a reverification is needed | 403; for scripts with the body that Clerk's components know |
//! | all | it cannot be told, because Clerk is out of reach | 503 with `Retry-After` (gRPC: 14) |
//! | all | the application's set-up is at fault | 500 (gRPC: 13) |
//!
//! A browser is known by `Sec-Fetch-Mode: navigate` or `Sec-Fetch-Dest: document` or `iframe`, or without a destination by
//! an `Accept` that prefers HTML.
//! Every refusal is `Cache-Control: no-store`; what is let through is `private` unless the handler says otherwise. The
//! JSON is `{"error": {"code": "…", "reason": "…", "message": "…"}}`, with `sign_in_url` for 401 and `organization_url`
//! where no organization is active, or another than the path names.
//!
//! # The body of a refused request
//!
//! HTTP/1 loses an answer that is sent before the request's body has arrived, and the browser shows an error instead. The
//! guard therefore reads and drops the rest of the body first: 64 MiB and 60 seconds at most, and never for WebSockets,
//! event streams, gRPC or after `Expect: 100-continue`.
//!
//! # After a visit to the portal
//!
//! A user who chooses another organization at the portal comes back with the token from before. Where that token meets
//! neither the requirement nor has no tasks left, and the browser comes from the portal (`Referer`) or was sent there
//! since the token was issued (a cookie `__portal_visit`, set by [`RedirectToPortal`](crate::RedirectToPortal) and by
//! refusals that lead there), a page renews the token by one handshake before it is refused: at most once for each row of
//! redirects, and three times a minute.
//!
//! # Logs
//!
//! Each refusal is one `debug` line with `reason`, `path` (without the query) and `user_id`.
//!
//! [`RenderRefusal`] replaces how refusals look.
//!
//! Without [`AuthenticateLayer`](crate::AuthenticateLayer) outside it the answer is 500: that is a mistake in the
//! application and must not look like a signed-out visitor.

mod advice;
mod answer;
mod cause;
mod circle;
mod drain;
mod future;
mod layer;
mod location;
mod log;
mod refusal;
mod render;
mod service;
mod visits;

pub use cause::RefusalCause;
pub(crate) use circle::RecentRedirects;
pub use future::ResponseFuture;
pub use layer::RequireAuthLayer;
pub(crate) use location::SignInLink;
pub use location::UnmetLocation;
pub use refusal::Refusal;
pub use render::RenderRefusal;
pub use service::RequireAuth;
pub(crate) use visits::PortalVisits;
