//! Every name of Clerk's protocol that travels in a cookie, a query or a header, written once.
//!
//! Cookies marked *suffixed* also exist under `<name>_<suffix>`, where the suffix is
//! [`PublishableKey::cookie_suffix`](crate::instance::PublishableKey::cookie_suffix): it keeps several instances on one
//! host apart.

/// The Backend API version this crate speaks, sent as [`header::CLERK_API_VERSION`] and [`query::API_VERSION`].
pub const API_VERSION: &str = "2026-05-12";

/// Cookie names.
pub mod cookie {
    /// The session token, a JWT that lives about a minute. Suffixed.
    pub const SESSION: &str = "__session";
    /// Unix seconds of the client's last change; `0` if the browser is signed out. Suffixed.
    pub const CLIENT_UAT: &str = "__client_uat";
    /// The refresh token, opaque. Read under its suffixed name only.
    pub const REFRESH: &str = "__refresh";
    /// The development browser's token. Suffixed. Development instances only.
    pub const DEV_BROWSER: &str = "__clerk_db_jwt";
    /// A signed handshake payload (production).
    pub const HANDSHAKE: &str = "__clerk_handshake";
    /// The name under which a handshake payload can be fetched (production).
    pub const HANDSHAKE_NONCE: &str = "__clerk_handshake_nonce";
    /// The number of consecutive redirects of this browser.
    pub const REDIRECT_COUNT: &str = "__clerk_redirect_count";

    /// All of them.
    pub(crate) const ALL: [&str; 7] = [
        SESSION,
        CLIENT_UAT,
        REFRESH,
        DEV_BROWSER,
        HANDSHAKE,
        HANDSHAKE_NONCE,
        REDIRECT_COUNT,
    ];
}

/// Query parameter names.
pub mod query {
    /// The URL that the portal or the Frontend API redirects to afterwards.
    pub const REDIRECT_URL: &str = "redirect_url";
    /// The development browser's token, handed over between origins.
    pub const DEV_BROWSER: &str = "__clerk_db_jwt";
    /// The older name of [`DEV_BROWSER`], still removed from addresses.
    pub const LEGACY_DEV_BROWSER: &str = "__dev_session";
    /// A signed handshake payload (development).
    pub const HANDSHAKE: &str = "__clerk_handshake";
    /// The name under which a handshake payload can be fetched (development).
    pub const HANDSHAKE_NONCE: &str = "__clerk_handshake_nonce";
    /// Unix seconds at which a development handshake set its cookies. A name of ours; see
    /// [`SignedOutState::cookies_not_kept`](crate::state::SignedOutState::cookies_not_kept).
    pub const COOKIE_CHECK: &str = "__portal_cookie_check";
    /// Diagnostics that the Frontend API may add to the way back from a handshake.
    pub const HELP: &str = "__clerk_help";
    /// `false`: synchronize this satellite when the browser arrives; `true`: done.
    pub const SYNCED: &str = "__clerk_synced";
    /// On a development primary: the satellite address to return to.
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
    /// Where sign-in ends, overriding every other URL.
    pub const SIGN_IN_FORCE_REDIRECT_URL: &str = "sign_in_force_redirect_url";
    /// Where sign-in ends if no other URL is given.
    pub const SIGN_IN_FALLBACK_REDIRECT_URL: &str = "sign_in_fallback_redirect_url";
    /// Where sign-up ends, overriding every other URL.
    pub const SIGN_UP_FORCE_REDIRECT_URL: &str = "sign_up_force_redirect_url";
    /// Where sign-up ends if no other URL is given.
    pub const SIGN_UP_FALLBACK_REDIRECT_URL: &str = "sign_up_fallback_redirect_url";
}

/// Header names that the crate `http` lacks, in lower case as HTTP/2 requires.
pub mod header {
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
    /// What the browser requests: `document`, `iframe`, `empty` for a script, and so on.
    pub const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
    /// How the browser makes the request: `navigate` for a page, `cors`, `no-cors` or `same-origin` for a script.
    pub const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    /// The relation of the requesting page to the application: `same-origin`, `same-site`, `cross-site` or `none`.
    pub const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    /// htmx made the request: `true`.
    pub const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
    /// htmx made the request for a link or a form of the page: `true`.
    pub const HX_BOOSTED: HeaderName = HeaderName::from_static("hx-boosted");
    /// htmx restores a page of the browser's history that it no longer has: `true`.
    pub const HX_HISTORY_RESTORE_REQUEST: HeaderName = HeaderName::from_static("hx-history-restore-request");
    /// The address of the page that htmx runs on.
    pub const HX_CURRENT_URL: HeaderName = HeaderName::from_static("hx-current-url");
    /// Where htmx shall send the browser.
    pub const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");
    /// The frame that Turbo wants to fill.
    pub const TURBO_FRAME: HeaderName = HeaderName::from_static("turbo-frame");
    /// Turbo made the request.
    pub const TURBO_REQUEST_ID: HeaderName = HeaderName::from_static("x-turbo-request-id");
    /// The outcome of a gRPC call, a number.
    pub const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
    /// The outcome of a gRPC call in words.
    pub const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
}
