//! Cookie names.

/// The session token, a JWT with a lifetime of about a minute. Suffixed.
pub const SESSION: &str = "__session";
/// Unix seconds of the client's last change; `0` if the browser is signed out. Suffixed.
pub const CLIENT_UAT: &str = "__client_uat";
/// The refresh token, opaque. Read under its suffixed name only.
pub const REFRESH: &str = "__refresh";
/// The development browser's token. Suffixed. Development instances only.
pub const DEV_BROWSER: &str = "__clerk_db_jwt";
/// A signed handshake payload (production).
pub const HANDSHAKE: &str = "__clerk_handshake";
/// The nonce of a handshake payload (production).
pub const HANDSHAKE_NONCE: &str = "__clerk_handshake_nonce";
/// The number of consecutive redirects of this browser.
pub const REDIRECT_COUNT: &str = "__clerk_redirect_count";

/// All cookie names.
pub(crate) const ALL: [&str; 7] = [
    SESSION,
    CLIENT_UAT,
    REFRESH,
    DEV_BROWSER,
    HANDSHAKE,
    HANDSHAKE_NONCE,
    REDIRECT_COUNT,
];
