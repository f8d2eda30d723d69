//! Serve Clerk's Frontend API under the application's own origin: [`FrontendApiProxy`].
//!
//! For applications that cannot have `clerk.<their domain>`. Set the proxy URL in the Clerk dashboard and as
//! `CLERK_PROXY_URL` (a path such as `/__clerk`, or the whole address), and mount the service at that path, *outside*
//! [`AuthenticateLayer`](crate::AuthenticateLayer): a handshake goes through the proxy, and must not start another one.
//!
//! ```
//! # use std::net::IpAddr;
//! use portal_tower::FrontendApiProxy;
//! use portal_tower::sdk::Instance;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").proxy_url("/__clerk").build()?;
//! let proxy = FrontendApiProxy::new(&instance)?.peer_address(|parts| parts.extensions.get::<IpAddr>().copied());
//! // axum: Router::new().…layer(AuthenticateLayer::new(instance)).route_service("/__clerk/{*path}", proxy)
//! # Ok(())
//! # }
//! ```
//!
//! # What is passed on
//!
//! | | Request | Response |
//! |---|---|---|
//! | where to | Clerk's own address and nothing else, whatever the path says; the path below the mount and the query verbatim | |
//! | body | as it comes, up to [`max_request_bytes`](FrontendApiProxy::max_request_bytes) | as it comes |
//! | hop-by-hop fields (RFC 9110 section 7.6.1) and those that `Connection` names | dropped | dropped |
//! | `Host` | Clerk's | |
//! | `Accept-Encoding` | `identity`, as Clerk's proxy asks | |
//! | `Clerk-Proxy-Url`, `Clerk-Secret-Key` | set, whatever the client sent | |
//! | `X-Forwarded-Host`, `X-Forwarded-Proto` | the public URL's | |
//! | `X-Forwarded-For` | the client's address and nothing else; see [`peer_address`](FrontendApiProxy::peer_address) | |
//! | other fields that claim an address, a country or a host: `Forwarded`, `X-Forwarded-…`, `X-Real-IP`, `X-Client-IP`, `True-Client-IP`, `CF-Connecting-IP`, `Fastly-Client-IP` and their like, with `-` or `_` | dropped | |
//! | `Expect` | dropped: the server in front has answered it | |
//! | `Set-Cookie` | | every one |
//! | `Location` on Clerk's address | | the same below the proxy |
//!
//! Redirects are not followed and upgrades are not made: a `101` is an error of Clerk's side (502). Clerk's own proxy
//! for JavaScript believes whatever address a client claims to have, and some of its adapters keep one `Set-Cookie` of
//! several; this one does not.
//!
//! | Answer of the proxy itself | When |
//! |---|---|
//! | 400 `proxy_path_mismatch` | the path does not lie below the proxy's, or has `..` in it |
//! | 400 `proxy_request_incomplete` | the client ended its request before the body was complete |
//! | 405 `proxy_method_not_allowed` | the method is `TRACE` or `CONNECT` |
//! | 408 `proxy_request_incomplete` | the client paused for too long within the body |
//! | 413 `proxy_request_too_large` | the body is larger than allowed |
//! | 500 `proxy_configuration_error` | it is mounted inside `AuthenticateLayer` |
//! | 502 `proxy_request_failed` | Clerk cannot be reached, broke the connection or switched protocols |
//! | 504 `proxy_request_failed` | Clerk did not answer in time |
//!
//! The bodies are as Clerk's: `{"errors": [{"code": "…", "message": "…"}]}`.
//!
//! # Security
//!
//! The secret key goes to the upstream address with every request; it is never logged. Set `CLERK_FAPI_URL` only to an
//! address of Clerk's or your own.

mod address;
mod body;
mod error;
mod fields;
mod request;
mod request_body;
mod response;
mod service;

pub use body::ProxyBody;
pub use error::ProxyError;
pub use service::{FrontendApiProxy, ResponseFuture};
