//! What authentication of a request comes to: [`RequestState`].

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, Entry, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::effect::BackendError;
use crate::names::header;
use crate::secret::{Secret, WithoutQuery, cookie_names};
use crate::token::{SessionClaims, TokenError, TokenErrorReason};

/// The outcome for one request.
#[derive(Clone, Debug)]
#[must_use = "the state carries cookies and redirects that belong on the response"]
#[non_exhaustive]
pub enum RequestState {
    /// A session token was verified. A *pending* session is here too; see [`SessionClaims::is_pending`].
    SignedIn(SignedInState),
    /// Nobody is signed in, or nothing that proves it was sent.
    SignedOut(SignedOutState),
    /// The browser must be sent to the Frontend API (or to another domain) and back before this can be told.
    Handshake(HandshakeState),
    /// It cannot be told: Clerk is out of reach, or the set-up contradicts itself. Never to be shown as signed out.
    Undecided(UndecidedState),
}

/// Somebody is signed in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedInState {
    /// What the session token says.
    pub claims: SessionClaims,
    /// The session token itself.
    pub token: Secret,
    /// The path names another organization than the active one (or the personal account), and no redirect can settle it:
    /// the redirect limit for this organization was reached, or the request cannot be redirected. Do not serve a page of
    /// the named organization; guards and extractors refuse.
    pub organization_mismatch: bool,
    /// Headers that belong on the response.
    pub directives: ResponseDirectives,
}

/// Nobody is signed in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedOutState {
    /// Why, in Clerk's words.
    pub reason: AuthReason,
    /// What was wrong with the token, if one was read.
    pub token_error: Option<TokenError>,
    /// What was wrong with the token that a handshake brought, if it brought one of no use.
    pub handshake_problem: Option<TokenError>,
    /// The browser has just lost every cookie of a handshake: it keeps none for this site. Only in development, where
    /// another handshake would lead to the next one without end. Public pages can be served; signing in cannot work.
    pub cookies_not_kept: bool,
    /// Headers that belong on the response.
    pub directives: ResponseDirectives,
}

/// The browser must be sent away and back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HandshakeState {
    /// Why, in Clerk's words.
    pub reason: AuthReason,
    /// What was wrong with the token, if one was read.
    pub token_error: Option<TokenError>,
    /// Headers that belong on the response, the `Location` among them.
    pub directives: ResponseDirectives,
}

/// It cannot be told who this is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UndecidedState {
    /// What stood in the way.
    pub cause: UndecidedCause,
    /// Headers that belong on the response.
    pub directives: ResponseDirectives,
}

/// What kept a request from being decided.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndecidedCause {
    /// The signing keys could not be fetched and none are in memory. Clerk or the network must recover; answer 503.
    #[error("the signing keys cannot be fetched")]
    KeysOutOfReach(#[source] Arc<BackendError>),
    /// The token names a key that is not in memory, and keys were fetched for such a name only just now; answer 503.
    #[error("the token names an unknown signing key, which may not be looked up yet")]
    KeyNotLookedUpYet,
    /// The session has expired and the Backend API was out of reach when it should have been renewed: the user may well
    /// be signed in; answer 503.
    #[error("the session has expired and cannot be renewed")]
    RenewalOutOfReach(#[source] Arc<BackendError>),
    /// A handshake came back and the Backend API was out of reach when its payload should have been fetched; answer 503.
    #[error("the result of the handshake cannot be fetched")]
    HandshakeOutOfReach(#[source] Arc<BackendError>),
    /// A development handshake came back with a payload that this instance's key did not sign: the keys were switched
    /// or the link is forged; answer 500.
    #[error("the handshake payload is not signed by this instance: {0}; check that the Clerk keys belong together")]
    HandshakeToken(TokenError),
    /// A development satellite's sign-in URL lies on the satellite itself; answer 500.
    #[error("CLERK_SIGN_IN_URL of a satellite must be on the primary application, not on the satellite's own origin")]
    SatelliteSignInUrl,
}

impl UndecidedCause {
    /// Whether waiting may help: Clerk or the network is at fault, not the set-up.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::KeysOutOfReach(_)
                | Self::KeyNotLookedUpYet
                | Self::RenewalOutOfReach(_)
                | Self::HandshakeOutOfReach(_)
        )
    }
}

impl RequestState {
    /// The claims of whoever is signed in.
    #[must_use]
    pub fn claims(&self) -> Option<&SessionClaims> {
        match self {
            Self::SignedIn(state) => Some(&state.claims),
            _ => None,
        }
    }

    /// Why nobody is signed in, in Clerk's words.
    #[must_use]
    pub fn reason(&self) -> Option<&AuthReason> {
        match self {
            Self::SignedOut(state) => Some(&state.reason),
            Self::Handshake(state) => Some(&state.reason),
            Self::SignedIn(_) | Self::Undecided(_) => None,
        }
    }

    /// Headers that belong on the response, whatever else it is.
    #[must_use]
    pub fn directives(&self) -> &ResponseDirectives {
        match self {
            Self::SignedIn(state) => &state.directives,
            Self::SignedOut(state) => &state.directives,
            Self::Handshake(state) => &state.directives,
            Self::Undecided(state) => &state.directives,
        }
    }

    /// Signed out, because this process ended the session although its token is still good.
    pub(crate) fn ended() -> Self {
        let reason = AuthReason::SessionEnded;
        let mut directives = ResponseDirectives::default();
        directives.describe("signed-out", &reason, None);
        Self::SignedOut(SignedOutState {
            reason,
            token_error: None,
            handshake_problem: None,
            cookies_not_kept: false,
            directives,
        })
    }

    pub(crate) fn directives_mut(&mut self) -> &mut ResponseDirectives {
        match self {
            Self::SignedIn(state) => &mut state.directives,
            Self::SignedOut(state) => &mut state.directives,
            Self::Handshake(state) => &mut state.directives,
            Self::Undecided(state) => &mut state.directives,
        }
    }

    /// The word of `x-clerk-auth-status`. An undecided request has none.
    #[must_use]
    pub fn status(&self) -> Option<&'static str> {
        match self {
            Self::SignedIn(_) => Some("signed-in"),
            Self::SignedOut(_) => Some("signed-out"),
            Self::Handshake(_) => Some("handshake"),
            Self::Undecided(_) => None,
        }
    }
}

/// Header fields that the outcome adds to the response. `Debug` shows cookies and addresses without their values.
#[derive(Clone, Default)]
pub struct ResponseDirectives {
    fields: Vec<(HeaderName, HeaderValue)>,
}

impl ResponseDirectives {
    /// Adds a field. Fields of the same name stand beside each other.
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.fields.push((name, value));
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.fields.iter().map(|(name, value)| (name, value))
    }

    /// Where the browser must go instead of getting the page.
    #[must_use]
    pub fn location(&self) -> Option<&HeaderValue> {
        self.iter()
            .find_map(|(name, value)| (name == LOCATION).then_some(value))
    }

    /// Whether there is nothing to add.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether a cookie is set, so that no cache may keep the response.
    #[must_use]
    pub fn sets_cookie(&self) -> bool {
        self.fields.iter().any(|(name, _)| name == SET_COOKIE)
    }

    /// Puts the fields on a response: cookies before those that are there, so that a handler's own cookie of the same
    /// name wins; everything else in place of what is there.
    pub fn apply(&self, headers: &mut HeaderMap) {
        let handlers_cookies: Vec<HeaderValue> = match headers.entry(SET_COOKIE) {
            Entry::Occupied(cookies) if self.sets_cookie() => cookies.remove_entry_mult().1.collect(),
            _ => Vec::new(),
        };
        for (name, value) in self.iter() {
            if name == SET_COOKIE {
                headers.append(name, value.clone());
            } else {
                headers.insert(name, value.clone());
            }
        }
        for cookie in handlers_cookies {
            headers.append(SET_COOKIE, cookie);
        }
        if self.sets_cookie() || self.location().is_some() {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }

    pub(crate) fn describe(&mut self, status: &'static str, reason: &AuthReason, message: Option<String>) {
        self.append(header::AUTH_STATUS, HeaderValue::from_static(status));
        if let Ok(reason) = HeaderValue::from_str(&reason.to_string()) {
            self.append(header::AUTH_REASON, reason);
        }
        if let Some(message) = message.and_then(|message| HeaderValue::from_str(&message).ok()) {
            self.append(header::AUTH_MESSAGE, message);
        }
    }
}

impl fmt::Debug for ResponseDirectives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_map();
        for (name, value) in self.iter() {
            let text = value.to_str().unwrap_or_default();
            match (name, Url::parse(text)) {
                (&SET_COOKIE, _) => fields.entry(name, &cookie_names([text])),
                (&LOCATION, Ok(url)) => fields.entry(name, &WithoutQuery(&url)),
                (&LOCATION, Err(_)) => fields.entry(name, &"[redacted]"),
                _ => fields.entry(name, value),
            };
        }
        fields.finish()
    }
}

/// Why a request is not signed in, spelled on the wire as Clerk spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthReason {
    /// `client-uat-but-no-session-token`
    ClientUatWithoutSessionToken,
    /// `dev-browser-missing`
    DevBrowserMissing,
    /// `dev-browser-sync`
    DevBrowserSync,
    /// `primary-responds-to-syncing`
    PrimaryRespondsToSyncing,
    /// `primary-domain-cross-origin-sync`
    PrimaryDomainCrossOriginSync,
    /// `satellite-needs-syncing`
    SatelliteNeedsSyncing,
    /// `session-token-and-uat-missing`
    SessionTokenAndUatMissing,
    /// `session-token-missing`
    SessionTokenMissing,
    /// `session-token-expired-refresh-…`
    SessionTokenExpired(RefreshFailure),
    /// `session-token-iat-before-client-uat`
    SessionTokenIatBeforeClientUat,
    /// `session-token-nbf`
    SessionTokenNotActiveYet,
    /// `session-token-iat-in-the-future`
    SessionTokenIatInTheFuture,
    /// `session-token-but-no-client-uat`
    SessionTokenWithoutClientUat,
    /// `active-organization-mismatch`
    ActiveOrganizationMismatch,
    /// `token-type-mismatch`
    TokenTypeMismatch,
    /// `session-ended`: this process has signed the session out, though its token has not expired yet. A word of ours.
    SessionEnded,
    /// The token's own fault, or that of the keys.
    Token(TokenErrorReason),
}

impl AuthReason {
    /// The reason on the wire.
    #[must_use]
    pub fn as_str(&self) -> Cow<'static, str> {
        match self {
            Self::ClientUatWithoutSessionToken => "client-uat-but-no-session-token".into(),
            Self::DevBrowserMissing => "dev-browser-missing".into(),
            Self::DevBrowserSync => "dev-browser-sync".into(),
            Self::PrimaryRespondsToSyncing => "primary-responds-to-syncing".into(),
            Self::PrimaryDomainCrossOriginSync => "primary-domain-cross-origin-sync".into(),
            Self::SatelliteNeedsSyncing => "satellite-needs-syncing".into(),
            Self::SessionTokenAndUatMissing => "session-token-and-uat-missing".into(),
            Self::SessionTokenMissing => "session-token-missing".into(),
            Self::SessionTokenExpired(failure) => format!("session-token-expired-refresh-{failure}").into(),
            Self::SessionTokenIatBeforeClientUat => "session-token-iat-before-client-uat".into(),
            Self::SessionTokenNotActiveYet => "session-token-nbf".into(),
            Self::SessionTokenIatInTheFuture => "session-token-iat-in-the-future".into(),
            Self::SessionTokenWithoutClientUat => "session-token-but-no-client-uat".into(),
            Self::ActiveOrganizationMismatch => "active-organization-mismatch".into(),
            Self::TokenTypeMismatch => "token-type-mismatch".into(),
            Self::SessionEnded => "session-ended".into(),
            Self::Token(reason) => reason.as_str().into(),
        }
    }
}

impl fmt::Display for AuthReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str())
    }
}

/// Why an expired session token was not renewed through the Backend API.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshFailure {
    /// `non-eligible-non-get`: only GET requests and the application's own forms renew.
    NotGet,
    /// `non-eligible-no-refresh-cookie`
    NoRefreshCookie,
    /// `expired-session-token-decode-failed`
    TokenUndecodable,
    /// `expired-session-token-missing-sid-claim`
    SessionIdMissing,
    /// `fetch-error`: the Backend API was not reached.
    FetchError,
    /// `unexpected-sdk-error`: it answered without any cookie.
    NoCookies,
    /// `unexpected-bapi-error`: it answered with something that is no error of Clerk's.
    UnexpectedAnswer,
    /// `invalid-session-token`: the new token does not verify.
    InvalidSessionToken,
    /// The Backend API's own error code.
    Refused(Box<str>),
}

impl fmt::Display for RefreshFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotGet => "non-eligible-non-get",
            Self::NoRefreshCookie => "non-eligible-no-refresh-cookie",
            Self::TokenUndecodable => "expired-session-token-decode-failed",
            Self::SessionIdMissing => "expired-session-token-missing-sid-claim",
            Self::FetchError => "fetch-error",
            Self::NoCookies => "unexpected-sdk-error",
            Self::UnexpectedAnswer => "unexpected-bapi-error",
            Self::InvalidSessionToken => "invalid-session-token",
            Self::Refused(code) => code,
        })
    }
}
