//! Guards that admit only signed-in users who meet a requirement: [`RequireAuthLayer`](crate::RequireAuthLayer).
//!
//! | Request | Signed out | Signed in, requirement not met |
//! |---|---|---|
//! | page (GET or HEAD by a browser) | 303 to the portal, back to this page; after three redirects in ten seconds, a 401 page that explains the loop | 403 page, or 303 to the page chosen with [`with_unmet_redirect`](crate::RequireAuthLayer::with_unmet_redirect); 307 once to renew the token, if the user has visited the portal since it was issued |
//! | form (another method by a browser) | 303 to the portal, back to the page with the form | 403 page |
//! | script or program | 401 JSON with `WWW-Authenticate: Bearer` | 403 JSON |
//! | htmx (`HX-Request`) | 401 with `HX-Redirect`, back to the page htmx runs on; a boosted link back to its own address | 403 |
//! | htmx restoring its history (`HX-History-Restore-Request`) | 200 page that continues to the portal, because htmx follows no header here | 403 |
//! | Turbo (`Turbo-Frame`, stream actions, visits) | 401 page that forces a full page load and continues to the portal | 403 |
//! | Unpoly (`X-Up-Version`) | 401 page whose content continues to the portal, in an overlay where Unpoly supports `X-Up-Open-Layer` (3.11) | 403 page |
//! | Datastar (`Datastar-Request: true`) | 200 event stream that patches a message into the page, which continues to the portal | 200, a message at the top of the page |
//! | WebSocket, event stream | 401, never a redirect | 403 |
//! | gRPC, gRPC-Web | `grpc-status: 16` in the header, no body, the caller's own `Content-Type` | `grpc-status: 7` |
//!
//! | Client | Case | Response |
//! |---|---|---|
//! | all | a cross-site request with this site's cookies that changes something | 403, before any other check |
//! | all | the session is pending | as if signed out, but redirects to the tasks, with the reason `session-pending` |
//! | all | no organization is active and the requirement needs one | 403; pages link to the portal's organization page and back |
//! | all | the active organization is not the path's, and no redirect can activate it | 403 with the reason `organization-mismatch`; pages link to the portal's organization page |
//! | page | the browser keeps no cookies (detected in development only) | 401 page that explains this, instead of a redirect |
//! | all | a CORS preflight | 401, unless [`with_preflight_allowed`](crate::RequireAuthLayer::with_preflight_allowed) |
//! | all | re-verification is required | 403; scripts get the body that Clerk's components expect |
//! | all | Clerk is unreachable and the session cannot be verified without it | 503 with `Retry-After` (gRPC: 14; Datastar: 200 and a message) |
//! | all | the application is misconfigured | 500 (gRPC: 13) |
//!
//! A browser is detected by `Sec-Fetch-Mode: navigate`, by `Sec-Fetch-Dest: document` or `iframe`, or without a
//! destination by an `Accept` that prefers HTML. Every refusal is `Cache-Control: no-store`; other responses are
//! `private` unless the handler sets that field. The JSON is `{"error": {"code": "…", "reason": "…", "message": "…"}}`,
//! with `sign_in_url` for 401 and `organization_url` if no organization is active or the active one is not the path's.
//!
//! # The body of a refused request
//!
//! An HTTP/1 response can be lost if the server sends it before the request's body has arrived; the browser then shows
//! an error. The guard therefore reads and drops the rest of the body first: 64 MiB and 60 seconds at most, and never
//! for WebSockets, event streams, gRPC or after `Expect: 100-continue`.
//!
//! # After a visit to the portal
//!
//! A user who chooses another organization at the portal returns with an outdated token. The guard then renews the
//! token by a handshake before it refuses a page: at most once per chain of redirects, and three times a minute. The
//! renewal needs evidence that the user visited the portal since the token was issued: a `Referer` from the portal, or
//! the cookie `__portal_visit`. [`RedirectToPortal`](crate::RedirectToPortal) and refusals that lead to the portal set
//! that cookie. Renewal applies to tokens that do not meet the requirement and to pending sessions.
//!
//! # Redirect loops
//!
//! A browser that is still signed out after three redirects to sign-in in ten seconds gets a 401 page. In development, or
//! if the instance is built with `debug`, it shows the [`LikelyCause`](portal_sdk::state::LikelyCause), what to do, and
//! how the request was decided. In production it shows nothing internal. The `error` line of the log has `reason`,
//! `cause`, `fix` and `explanation` in both, at most once a minute.
//!
//! | Provoked by | Ends at | Likely cause |
//! |---|---|---|
//! | a key of another instance | the loop's page | `OtherInstance`, `SecretKeyRefused` or `PayloadRefused` |
//! | an issuer that is not accepted, such as of a proxy that no setting names | the loop's page | `Issuer` |
//! | this machine's clock ahead or behind | the loop's page | `ClockAhead`, `ClockBehind` |
//! | cookies blocked by the browser (detected in development only) | 401 page, before any sign-in | `CookiesBlocked` |
//! | an origin that is not an authorized party | the loop's page | `AuthorizedParty` |
//! | a wrong public origin behind a proxy | the loop's page | `PublicOrigin` |
//! | a wrong Backend API address | 503 page | `ApiOutOfReach` |
//! | a satellite whose sign-in URL is on the satellite | 500 page, before any sign-in | `SignInUrl` |
//! | a session token above the size of a cookie | the loop's page | `TokenTooLarge` |
//!
//! If the facts support no cause, the page shows the facts alone.
//!
//! # Logs
//!
//! Each refusal is one `debug` line with `reason`, `path` (without the query) and `user_id`.
//!
//! [`RenderRefusal`] replaces the look of refusals.
//!
//! Without an outer [`AuthenticateLayer`](crate::AuthenticateLayer) the response is 500, because a misconfigured
//! application must not look like a signed-out user.

mod answer;
pub(crate) mod cause;
mod for_developers;
mod future;
pub(crate) mod layer;
pub(crate) mod location;
mod log;
mod redirect_loop;
pub(crate) mod refusal;
pub(crate) mod render;
mod service;
mod visits;

pub(crate) use answer::go_to;
pub(crate) use cause::RefusalCause;
pub use future::ResponseFuture;
pub(crate) use location::{SignInLink, UnmetLocation};
pub(crate) use redirect_loop::RecentRedirects;
pub(crate) use refusal::Refusal;
pub(crate) use render::RenderRefusal;
pub use service::RequireAuth;
pub(crate) use visits::PortalVisits;
