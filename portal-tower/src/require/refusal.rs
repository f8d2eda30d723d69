//! [`Refusal`]: what a request is answered that is not let through.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use portal_sdk::authorization::{Reverification, Verdict};
use portal_sdk::portal::PortalPage;
use portal_sdk::request::RequestKind;
use portal_sdk::state::AuthReason;
use portal_sdk::token::{TokenError, TokenErrorReason};
use url::Url;

use super::{RenderRefusal, answer};
use crate::auth::{Auth, Undecided};

/// What a request is answered that is not let through, by the table of [`require`](super).
///
/// Guards and extractors make it; a service of your own gets it from [`Auth::check`] or [`Auth::require`].
#[derive(Clone, Debug)]
#[must_use = "a refusal is an answer; send it"]
pub struct Refusal(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    cause: RefusalCause,
    kind: RequestKind,
    location: Option<Url>,
    cookie: Option<HeaderValue>,
    details: Option<String>,
    renderer: Option<Arc<dyn RenderRefusal>>,
}

/// Why a request is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalCause {
    /// Nobody is signed in.
    SignedOut {
        /// Why, in Clerk's words.
        reason: AuthReason,
    },
    /// Somebody is signed in, but tasks such as choosing an organization come first.
    Pending,
    /// The browser has just been sent to sign in several times and is still not signed in: another time would not help.
    SignInInVain {
        /// Why nobody is signed in, in Clerk's words.
        reason: Option<AuthReason>,
    },
    /// Somebody is signed in who may not do this.
    Unmet,
    /// Somebody is signed in who must first prove again who they are.
    NeedsReverification(Reverification),
    /// A page of another site made the request with this site's cookies.
    CrossSite,
    /// It cannot be told who this is because Clerk is out of reach; trying again may help.
    Unavailable,
    /// The set-up of the application is at fault.
    Misconfigured {
        /// What is wrong with it, for the developer.
        problem: Box<str>,
    },
}

impl Refusal {
    /// Why `auth` is not let through although nothing more than signing in is asked for; `None` if it is.
    pub(crate) fn of(auth: &Auth, page: PortalPage) -> Option<Self> {
        if auth.is_cross_site() {
            tracing::debug!(url = %auth.public_url().origin(), "a request of another site's page was refused");
            return Some(Self::new(auth, RefusalCause::CrossSite));
        }
        match auth.undecided() {
            Some(Undecided::Misconfigured(cause)) => {
                tracing::error!(%cause, "requests cannot be authenticated");
                let problem = cause.to_string().into();
                return Some(Self::new(auth, RefusalCause::Misconfigured { problem }));
            }
            Some(Undecided::OutOfReach) => return Some(Self::new(auth, RefusalCause::Unavailable)),
            None => {}
        }
        let cause = match auth.reason() {
            Some(reason) => RefusalCause::SignedOut { reason: reason.clone() },
            None if auth.signed_in().is_some() => return None,
            None if auth.pending().is_some() => RefusalCause::Pending,
            // The token is genuine and names nobody.
            None => RefusalCause::SignedOut {
                reason: AuthReason::Token(TokenErrorReason::TokenVerificationFailed),
            },
        };
        Some(Self::to_sign_in(auth, cause, page))
    }

    fn to_sign_in(auth: &Auth, cause: RefusalCause, page: PortalPage) -> Self {
        // A pending session's tasks are part of signing in, whatever page others are sent to.
        let page = match cause {
            RefusalCause::Pending => PortalPage::SignIn,
            _ => page,
        };
        let mut refusal = Self::new(auth, cause);
        refusal.0.location = Some(auth.link_back_to(page, auth.page_to_return_to().as_ref().map_or("", Url::as_str)));
        if auth.kind() != RequestKind::Page {
            return refusal;
        }
        let problem = auth.token_problem();
        let reason = problem.as_ref().map(TokenError::reason);
        match auth.recent_redirects().another(auth.public_url(), reason, auth.at()) {
            Ok(cookie) => refusal.0.cookie = Some(cookie),
            Err(_) => refusal.explain(auth, problem.as_ref()),
        }
        refusal
    }

    /// Makes this the page that says why another sign-in would not help.
    fn explain(&mut self, auth: &Auth, problem: Option<&TokenError>) {
        // What is wrong with the token tells more than whatever was looked at before it.
        let reason = problem.map(TokenError::reason).or(auth.recent_redirects().problem());
        let reason = reason.map(AuthReason::Token).or_else(|| auth.reason().cloned());
        let details = problem.map(|problem| auth.explain(problem));
        tracing::error!(
            reason = reason.as_ref().map(tracing::field::display),
            details,
            "signing in does not help"
        );
        let is_for_developers = auth.instance().is_debug() || auth.instance().is_development();
        self.0.details = details.filter(|_| is_for_developers);
        self.0.cause = RefusalCause::SignInInVain { reason };
    }

    /// What somebody who is signed in is answered; `None` for those who meet the requirement. Pages of those who do not
    /// go to `location`, if there is one.
    pub(crate) fn by_verdict(auth: &Auth, verdict: Verdict, location: impl FnOnce() -> Option<Url>) -> Option<Self> {
        let cause = match verdict {
            Verdict::Met => return None,
            Verdict::Unmet => RefusalCause::Unmet,
            Verdict::NeedsReverification(needed) => {
                return Some(Self::new(auth, RefusalCause::NeedsReverification(needed)));
            }
        };
        let mut refusal = Self::new(auth, cause);
        if auth.kind() == RequestKind::Page {
            refusal.0.location = location();
        }
        Some(refusal)
    }

    pub(crate) fn new(auth: &Auth, cause: RefusalCause) -> Self {
        Self(Box::new(Inner {
            cause,
            kind: auth.kind(),
            location: None,
            cookie: None,
            details: None,
            renderer: auth.renderer().cloned(),
        }))
    }

    pub(crate) fn missing_layer(kind: RequestKind) -> Self {
        let problem = "no authentication was done: put AuthenticateLayer around this";
        tracing::error!(problem);
        let problem = problem.into();
        Self(Box::new(Inner {
            cause: RefusalCause::Misconfigured { problem },
            kind,
            location: None,
            cookie: None,
            details: None,
            renderer: None,
        }))
    }

    /// Why the request is not let through.
    #[must_use]
    pub fn cause(&self) -> &RefusalCause {
        &self.0.cause
    }

    /// What the caller can make of an answer.
    #[must_use]
    pub fn kind(&self) -> RequestKind {
        self.0.kind
    }

    /// Where a person can go to mend it: the portal's page for whoever is not signed in, or the page chosen for those
    /// who may not do this.
    #[must_use]
    pub fn location(&self) -> Option<&Url> {
        self.0.location.as_ref()
    }

    /// What exactly is wrong with the session token, where signing in does not help. `None` in production, unless the
    /// instance is built with `debug`.
    #[must_use]
    pub fn details(&self) -> Option<&str> {
        self.0.details.as_deref()
    }

    /// The status it is answered with. For gRPC the HTTP status is always 200 and `grpc-status` tells.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        if let RequestKind::Grpc(_) = self.kind() {
            return StatusCode::OK;
        }
        match self.cause() {
            RefusalCause::SignedOut { .. } | RefusalCause::Pending if self.kind().is_shown() => StatusCode::SEE_OTHER,
            RefusalCause::Unmet if self.location().is_some() => StatusCode::SEE_OTHER,
            RefusalCause::SignedOut { .. } | RefusalCause::Pending | RefusalCause::SignInInVain { .. } => {
                StatusCode::UNAUTHORIZED
            }
            RefusalCause::Unmet | RefusalCause::NeedsReverification(_) | RefusalCause::CrossSite => {
                StatusCode::FORBIDDEN
            }
            RefusalCause::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            RefusalCause::Misconfigured { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer.
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        answer::write(&self)
    }

    pub(super) fn cookie(&self) -> Option<&HeaderValue> {
        self.0.cookie.as_ref()
    }

    pub(super) fn renderer(&self) -> Option<&dyn RenderRefusal> {
        self.0.renderer.as_deref()
    }
}
