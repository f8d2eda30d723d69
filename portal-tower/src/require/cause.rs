//! [`RefusalCause`], and its codes for programs.

use std::borrow::Cow;

use http::StatusCode;
use portal_sdk::authorization::Reverification;
use portal_sdk::state::AuthReason;

/// The cause of a refusal.
///
/// ```
/// use portal_tower::RefusalCause;
///
/// fn is_retryable(cause: &RefusalCause) -> bool {
///     matches!(cause, RefusalCause::Unavailable | RefusalCause::Renewal)
/// }
/// # assert!(is_retryable(&RefusalCause::Unavailable));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalCause {
    /// The request is signed out.
    SignedOut {
        /// The reason, in Clerk's words.
        reason: AuthReason,
    },
    /// The session is pending: tasks such as choosing an organization come first.
    Pending,
    /// A redirect loop: the browser was sent to sign in several times and is still signed out.
    RedirectLoop {
        /// The reason, in Clerk's words; `None` for a pending session.
        reason: Option<AuthReason>,
    },
    /// The browser keeps no cookies for this site, so sign-in cannot work. Detected in development only.
    CookiesNotKept,
    /// The path's organization is not the active one and could not be activated: the user is not a member, or the
    /// request cannot be redirected.
    OrganizationMismatch,
    /// The signed-in user does not meet the requirement.
    Unmet,
    /// No organization is active, and the requirement needs one. The user may have one to choose.
    NoActiveOrganization,
    /// The signed-in user must re-verify first.
    NeedsReverification(Reverification),
    /// The session token may be outdated, because the user has visited the portal since it was issued. The browser
    /// renews the token by a handshake and comes back.
    Renewal,
    /// A cross-site request with this site's cookies.
    CrossSite,
    /// A CORS preflight reached a guard. It carries no credentials, so it can never be signed in.
    Preflight,
    /// The session cannot be verified because Clerk is unreachable; a retry may help.
    Unavailable,
    /// The application is misconfigured.
    Misconfigured {
        /// The misconfiguration, for the developer.
        problem: Box<str>,
    },
}

impl RefusalCause {
    /// Returns `true` if signing in resolves it.
    pub(crate) fn is_sign_in(&self) -> bool {
        matches!(self, Self::SignedOut { .. } | Self::Pending)
    }

    /// Returns `true` if the settings, the network or the browser keep sign-in from working.
    pub(super) fn is_about_set_up(&self) -> bool {
        matches!(
            self,
            Self::CookiesNotKept | Self::Unavailable | Self::Misconfigured { .. }
        )
    }

    /// The status for callers that do not follow redirects.
    pub(super) fn plain_status(&self) -> StatusCode {
        match self {
            Self::SignedOut { .. }
            | Self::Pending
            | Self::RedirectLoop { .. }
            | Self::CookiesNotKept
            | Self::Preflight => StatusCode::UNAUTHORIZED,
            Self::OrganizationMismatch
            | Self::Unmet
            | Self::NoActiveOrganization
            | Self::NeedsReverification(_)
            | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Renewal => StatusCode::TEMPORARY_REDIRECT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Misconfigured { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The gRPC status code: <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>.
    pub(super) fn grpc_code(&self) -> i32 {
        match self.plain_status() {
            StatusCode::FORBIDDEN => 7,
            StatusCode::INTERNAL_SERVER_ERROR => 13,
            StatusCode::SERVICE_UNAVAILABLE => 14,
            _ => 16,
        }
    }

    /// The code of the JSON body.
    pub(super) fn code(&self) -> &'static str {
        match self.plain_status() {
            StatusCode::FORBIDDEN => "forbidden",
            StatusCode::INTERNAL_SERVER_ERROR => "misconfigured",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            _ => "unauthorized",
        }
    }

    /// The reason in Clerk's words, or in ours if Clerk has none.
    ///
    /// A client without a token gets no reason about the development browser, because it cannot act on it.
    pub(super) fn reason(&self, has_token: bool) -> Cow<'static, str> {
        match self {
            Self::SignedOut { reason } | Self::RedirectLoop { reason: Some(reason) } => match reason {
                AuthReason::DevBrowserMissing | AuthReason::DevBrowserSync if !has_token => {
                    AuthReason::SessionTokenMissing.as_str()
                }
                other => other.as_str(),
            },
            Self::Pending | Self::RedirectLoop { reason: None } => "session-pending".into(),
            Self::CookiesNotKept => "cookies-not-kept".into(),
            Self::OrganizationMismatch => "organization-mismatch".into(),
            Self::Unmet => "requirement-not-met".into(),
            Self::NoActiveOrganization => "no-active-organization".into(),
            Self::NeedsReverification(_) => "reverification-error".into(),
            Self::Renewal => "session-renewal".into(),
            Self::CrossSite => "cross-site-request".into(),
            Self::Preflight => "cors-preflight".into(),
            Self::Unavailable => "clerk-unreachable".into(),
            Self::Misconfigured { problem } => problem.to_string().into(),
        }
    }

    /// The reason as a sentence for developers.
    pub(super) fn message(&self, has_token: bool) -> Cow<'static, str> {
        match self {
            // A loop's reason is that of an earlier request, which sent a token.
            Self::RedirectLoop {
                reason: Some(AuthReason::Token(_)),
            } => "the session token was not accepted".into(),
            Self::SignedOut { .. } | Self::RedirectLoop { .. } if !has_token => NO_TOKEN.into(),
            Self::SignedOut { .. } | Self::RedirectLoop { .. } => "the session token was not accepted".into(),
            Self::Pending => "the session has outstanding tasks".into(),
            Self::CookiesNotKept => "the browser keeps no cookies for this site".into(),
            Self::OrganizationMismatch => "the active organization is not the path's".into(),
            Self::Unmet => "the user does not meet the requirement".into(),
            Self::NoActiveOrganization => "no organization is active".into(),
            Self::NeedsReverification(_) => "the user must verify again".into(),
            Self::Renewal => "the session token must be renewed".into(),
            Self::CrossSite => "a page of another site made the request".into(),
            Self::Preflight => PREFLIGHT.into(),
            Self::Unavailable => "the sign-in service is unreachable".into(),
            Self::Misconfigured { problem } => problem.to_string().into(),
        }
    }
}

/// The message for a client that sent no session token at all.
pub(super) const NO_TOKEN: &str = "no session token was sent";

/// The message for a CORS preflight.
pub(super) const PREFLIGHT: &str =
    "a CORS preflight carries no session token; put the CORS layer outside the guard, or allow preflights";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_the_status() {
        let misconfigured = RefusalCause::Misconfigured { problem: "x".into() };
        for (cause, status, grpc_code, code) in [
            (RefusalCause::Pending, 401, 16, "unauthorized"),
            (RefusalCause::CookiesNotKept, 401, 16, "unauthorized"),
            (RefusalCause::Preflight, 401, 16, "unauthorized"),
            (RefusalCause::Unmet, 403, 7, "forbidden"),
            (RefusalCause::CrossSite, 403, 7, "forbidden"),
            (RefusalCause::OrganizationMismatch, 403, 7, "forbidden"),
            (RefusalCause::NoActiveOrganization, 403, 7, "forbidden"),
            (RefusalCause::Unavailable, 503, 14, "unavailable"),
            (misconfigured, 500, 13, "misconfigured"),
        ] {
            assert_eq!(cause.plain_status().as_u16(), status, "{cause:?}");
            assert_eq!((cause.grpc_code(), cause.code()), (grpc_code, code), "{cause:?}");
        }
    }

    #[test]
    fn set_up_is_the_cause_where_no_user_can_help() {
        for (cause, expected) in [
            (RefusalCause::CookiesNotKept, true),
            (RefusalCause::Unavailable, true),
            (RefusalCause::Misconfigured { problem: "x".into() }, true),
            (RefusalCause::Pending, false),
            (RefusalCause::Unmet, false),
            (RefusalCause::CrossSite, false),
            (RefusalCause::RedirectLoop { reason: None }, false),
        ] {
            assert_eq!(cause.is_about_set_up(), expected, "{cause:?}");
        }
    }

    #[test]
    fn client_without_a_token_gets_no_reason_about_browsers() {
        for (reason, without, with) in [
            (
                AuthReason::DevBrowserMissing,
                "session-token-missing",
                "dev-browser-missing",
            ),
            (AuthReason::DevBrowserSync, "session-token-missing", "dev-browser-sync"),
            (
                AuthReason::SessionTokenAndUatMissing,
                "session-token-and-uat-missing",
                "session-token-and-uat-missing",
            ),
        ] {
            let cause = RefusalCause::SignedOut { reason };
            assert_eq!((&*cause.reason(false), &*cause.reason(true)), (without, with));
            assert_eq!(cause.message(false), NO_TOKEN);
            assert_ne!(cause.message(true), NO_TOKEN);
        }
    }
}
