//! A proxy for Clerk's Frontend API under the application's origin: [`FrontendApiProxy`](crate::FrontendApiProxy).
//!
//! For applications that cannot have `clerk.<their domain>`. Set the proxy URL in the Clerk dashboard and as
//! `CLERK_PROXY_URL` (a path such as `/__clerk`, or an absolute URL), and mount the service at that path. Mount it
//! *outside* [`AuthenticateLayer`](crate::AuthenticateLayer), because handshakes go through the proxy and must not
//! start another handshake.
//!
//! ```
//! # use std::net::IpAddr;
//! use portal_tower::FrontendApiProxy;
//! use portal_tower::portal_sdk::instance::Instance;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").proxy_url("/__clerk").build()?;
//! let proxy = FrontendApiProxy::new(&instance)?.with_peer_address(|parts| parts.extensions.get::<IpAddr>().copied());
//! // axum: Router::new().…layer(AuthenticateLayer::new(instance)).route_service("/__clerk/{*path}", proxy)
//! # Ok(())
//! # }
//! ```
//!
//! # What the proxy forwards
//!
//! | | Request | Response |
//! |---|---|---|
//! | URL | always Clerk's host; the path below the mount path and the query string verbatim | |
//! | body | streamed, up to [`with_max_request_bytes`](crate::FrontendApiProxy::with_max_request_bytes) | streamed |
//! | trailers | dropped | dropped |
//! | hop-by-hop fields (RFC 9110 section 7.6.1) and those that `Connection` names | dropped | dropped |
//! | `Host` | Clerk's | |
//! | `Accept-Encoding` | `identity`, as in Clerk's proxy | |
//! | `Clerk-Proxy-Url`, `Clerk-Secret-Key` | set, replacing the client's | |
//! | `X-Forwarded-Host`, `X-Forwarded-Proto` | the public URL's | |
//! | `X-Forwarded-For` | only the client's address; see [`with_peer_address`](crate::FrontendApiProxy::with_peer_address) | |
//! | other fields that claim an address, a country or a host: `Forwarded`, `X-Forwarded-…`, `X-Real-IP`, `X-Client-IP`, `True-Client-IP`, `CF-Connecting-IP`, `Fastly-Client-IP` and their like, with `-` or `_` | dropped | |
//! | `Expect` | dropped, because the server has answered it | |
//! | `Cookie` | one field, as HTTP/1.1 requires; HTTP/2 may divide it | |
//! | `Set-Cookie` | | all |
//! | `Location` on Clerk's host | | rewritten to the proxy |
//! | `Alt-Svc` | | dropped, because it names servers of Clerk's host, not of the application's |
//!
//! Redirects are not followed. Upgrades are not supported: a `101` from Clerk becomes 502. Unlike Clerk's proxy for
//! JavaScript, this one ignores the address that a client claims, and keeps every `Set-Cookie`.
//!
//! | Error | Cause |
//! |---|---|
//! | 400 `proxy_path_mismatch` | the path is not below the mount path, or contains `..` |
//! | 400 `proxy_request_incomplete` | the client ended its request before the body was complete |
//! | 405 `proxy_method_not_allowed` | the method is `TRACE` or `CONNECT` |
//! | 408 `proxy_request_incomplete` | the client sent no part of the body within the time limit, or not the whole body within ten minutes |
//! | 413 `proxy_request_too_large` | the body exceeds the size limit |
//! | 500 `proxy_configuration_error` | the proxy is mounted inside `AuthenticateLayer` |
//! | 502 `proxy_request_failed` | Clerk is unreachable, closed the connection early, or switched protocols |
//! | 504 `proxy_request_failed` | Clerk did not respond in time |
//!
//! The body of a refused request is read and dropped first, as by [guards](crate::require#the-body-of-a-refused-request).
//! The bodies have Clerk's format: `{"errors": [{"code": "…", "message": "…"}]}`.
//!
//! # Limits
//!
//! | What | Limit | Above it |
//! |---|---|---|
//! | request body | 16 MiB ([`with_max_request_bytes`](crate::FrontendApiProxy::with_max_request_bytes)) | 413 |
//! | pause within it | 30 seconds ([`with_timeout`](crate::FrontendApiProxy::with_timeout)) | 408 |
//! | time in which it arrives | ten minutes | 408 |
//! | connecting to Clerk | 5 seconds | 502 |
//! | waiting for Clerk's response | 30 seconds (`with_timeout`) | 504 |
//! | head of that response | 100 fields | 502 |
//! | pause within its body | 30 seconds (`with_timeout`) | the response ends early |
//! | time in which its body arrives | ten minutes | the response ends early |
//!
//! The number of requests at the same time has no limit here; the server's limit of connections applies.
//!
//! # Security
//!
//! Every request sends the secret key to the upstream URL; the key is never logged. Set `CLERK_FAPI_URL` only to a host
//! that is Clerk's or yours.

mod address;
mod body;
mod error;
mod fields;
mod request;
mod request_body;
mod response;
pub(crate) mod service;

pub use body::ProxyBody;
pub use error::ProxyError;
pub use service::ResponseFuture;
