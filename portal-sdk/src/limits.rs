//! Limits on the values that are read from a request. Servers limit the whole head; these limits bound the work per
//! value.
//!
//! A value beyond its limit is never decoded:
//!
//! | Value | Limit | Beyond it |
//! |---|---|---|
//! | session token, handshake token (cookie, query, `Authorization`) | [`MAX_TOKEN_BYTES`] | refused as `token-invalid` |
//! | refresh token, development browser's token | [`MAX_OPAQUE_TOKEN_BYTES`] | counts as absent |
//! | handshake nonce | [`MAX_NONCE_BYTES`] | refused without a call to Clerk |
//! | any other header that is read | [`MAX_HEADER_BYTES`] | counts as absent |
//!
//! Cookies with other names are not read. Calls to Clerk that a request can cause are limited too: at most 64 of a kind
//! run and 256 wait. The next such request is undecided.

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
