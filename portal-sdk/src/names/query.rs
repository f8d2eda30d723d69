//! Query parameter names.

/// The URL that the portal or the Frontend API redirects to afterwards.
pub const REDIRECT_URL: &str = "redirect_url";
/// The development browser's token, passed between origins.
pub const DEV_BROWSER: &str = "__clerk_db_jwt";
/// The older name of [`DEV_BROWSER`], still removed from URLs.
pub const LEGACY_DEV_BROWSER: &str = "__dev_session";
/// A signed handshake payload (development).
pub const HANDSHAKE: &str = "__clerk_handshake";
/// The nonce of a handshake payload (development).
pub const HANDSHAKE_NONCE: &str = "__clerk_handshake_nonce";
/// Unix seconds at which a development handshake set its cookies. A name of ours; see
/// [`SignedOutState::cookies_not_kept`](crate::state::SignedOutState::cookies_not_kept).
pub const COOKIE_CHECK: &str = "__portal_cookie_check";
/// Diagnostics that the Frontend API may add after a handshake.
pub const HELP: &str = "__clerk_help";
/// `false`: synchronize this satellite when the browser arrives; `true`: done.
pub const SYNCED: &str = "__clerk_synced";
/// On a development primary: the satellite's URL to return to.
pub const SATELLITE_REDIRECT_URL: &str = "__clerk_redirect_url";
/// The API version of the caller.
pub const API_VERSION: &str = "__clerk_api_version";
/// `true` if the application trusts the suffixed cookies, else `false`.
pub const SUFFIXED_COOKIES: &str = "suffixed_cookies";
/// The reason of the handshake.
pub const HANDSHAKE_REASON: &str = "__clerk_hs_reason";
/// The transport of the handshake payload: `nonce` or `token`.
pub const HANDSHAKE_FORMAT: &str = "format";
/// The current session token, as a hint to the Frontend API.
pub const SESSION: &str = "__session";
/// The organization (ID or slug) to activate; empty for the personal account.
pub const ORGANIZATION_ID: &str = "organization_id";
/// The redirect target after sign-in, overriding every other URL.
pub const SIGN_IN_FORCE_REDIRECT_URL: &str = "sign_in_force_redirect_url";
/// The redirect target after sign-in if no other URL is set.
pub const SIGN_IN_FALLBACK_REDIRECT_URL: &str = "sign_in_fallback_redirect_url";
/// The redirect target after sign-up, overriding every other URL.
pub const SIGN_UP_FORCE_REDIRECT_URL: &str = "sign_up_force_redirect_url";
/// The redirect target after sign-up if no other URL is set.
pub const SIGN_UP_FALLBACK_REDIRECT_URL: &str = "sign_up_fallback_redirect_url";
