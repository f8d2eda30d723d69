//! Header names that the crate `http` lacks, in lower case as HTTP/2 requires.

use http::HeaderName;

/// `signed-in`, `signed-out` or `handshake`.
pub const AUTH_STATUS: HeaderName = HeaderName::from_static("x-clerk-auth-status");
/// The reason why a request is not signed in; see `AuthReason`.
pub const AUTH_REASON: HeaderName = HeaderName::from_static("x-clerk-auth-reason");
/// The reason as a sentence; only sent when the instance is built with `debug`.
pub const AUTH_MESSAGE: HeaderName = HeaderName::from_static("x-clerk-auth-message");
/// The Backend API version of the caller.
pub const CLERK_API_VERSION: HeaderName = HeaderName::from_static("clerk-api-version");
/// The host of the client's request to a proxy.
pub const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// The scheme of the client's request to a proxy.
pub const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The path prefix that a proxy has stripped.
pub const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
/// The client's address, as proxies forward it.
pub const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The public URL of a proxy for the Frontend API.
pub const CLERK_PROXY_URL: HeaderName = HeaderName::from_static("clerk-proxy-url");
/// The secret key, which authenticates a proxy for the Frontend API.
pub const CLERK_SECRET_KEY: HeaderName = HeaderName::from_static("clerk-secret-key");
/// The kind of the requested resource: `document`, `iframe`, `empty` for a script, and so on.
pub const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// The mode of the request: `navigate` for a page, `cors`, `no-cors` or `same-origin` for a script.
pub const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// The relation of the requesting page to the application: `same-origin`, `same-site`, `cross-site` or `none`.
pub const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
