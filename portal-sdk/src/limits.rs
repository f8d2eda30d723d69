//! Limits on the values that are read from a request. Servers limit the whole head; these limits bound the work per
//! value.
//!
//! A value beyond its limit is not used. At most twice [`MAX_TOKEN_BYTES`] of it are decoded or joined:
//!
//! | Value | Limit | Beyond it |
//! |---|---|---|
//! | session token, handshake token (cookie, query, `Authorization`) | [`MAX_TOKEN_BYTES`] | refused as `token-invalid` |
//! | refresh token, development browser's token | [`MAX_OPAQUE_TOKEN_BYTES`] | counts as absent |
//! | handshake nonce | [`MAX_NONCE_BYTES`] | refused without a call to Clerk |
//! | any other header that is read | [`MAX_HEADER_BYTES`] | counts as absent |
//!
//! Cookies with other names are not read. Calls to Clerk that a request can cause are limited too: at most 64 of a kind
//! run and 256 wait. The next such request is undecided. The guide `limits` of `portal-axum` lists all limits.

/// The most bytes of a session or handshake token, as sent. Clerk's tokens have one to two kilobytes; browsers store
/// cookies of up to four.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// The most bytes of a refresh or development browser token, as sent.
pub const MAX_OPAQUE_TOKEN_BYTES: usize = 4 * 1024;
/// The most bytes of a handshake nonce.
pub const MAX_NONCE_BYTES: usize = 256;
/// The most bytes of all fields of one header name.
///
/// Does not apply to `Cookie` and `Authorization`.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;

/// The most cookies that a handshake or a renewal sets. Clerk sets fewer than ten; further ones are skipped.
pub const MAX_SET_COOKIES: usize = 64;
/// The most bytes of a cookie that a handshake or a renewal sets, with its attributes. A larger one is skipped.
pub const MAX_SET_COOKIE_BYTES: usize = MAX_TOKEN_BYTES + 1024;
/// The most keys of a key set. Clerk's have one or two; further ones are skipped, with a warning.
pub const MAX_KEYS: usize = 64;
/// The most organization patterns and personal account patterns, each. More are an error at start-up.
pub const MAX_PATTERNS: usize = 1_000;
/// The most bytes of a compiled pattern, so that no path keeps it busy. A larger one is an error at start-up.
pub const MAX_PATTERN_BYTES: usize = 128 * 1024;
/// The most bytes of a cookie that browsers store: name and value together (RFC 6265bis section 5.6).
pub const MAX_COOKIE_BYTES: usize = 4096;
/// The size of a session cookie, with its name and attributes, from which an authenticator logs one warning.
///
/// A browser drops a cookie above [`MAX_COOKIE_BYTES`] without an error, and the user cannot sign in.
pub const SESSION_COOKIE_WARNING_BYTES: usize = MAX_COOKIE_BYTES / 8 * 7;

/// Returns `true` if `nonce` may be one of Clerk's: visible ASCII of a bounded length.
///
/// The alphabet is Clerk's choice, so it is not checked.
pub(crate) fn could_be_nonce(nonce: &str) -> bool {
    (1..=MAX_NONCE_BYTES).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns `true` if `token` may be a refresh token or a development browser's token.
pub(crate) fn could_be_opaque_token(token: &str) -> bool {
    token.len() <= MAX_OPAQUE_TOKEN_BYTES
}

/// The most ended sessions, and the most deleted users, that a process remembers and that a fleet keeps.
pub(crate) const MAX_ENDED_SESSIONS: usize = 128 * 1024;
