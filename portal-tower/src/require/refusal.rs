//! [`Refusal`]: the response to a rejected request.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::caller::Caller;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use portal_sdk::authorization::Verdict;
use portal_sdk::portal::PortalPage;
use portal_sdk::secret::WithoutQuery;
use portal_sdk::state::{AuthReason, Explanation, LikelyCause, ResponseHeaders};
use portal_sdk::token::{TokenError, UserId};
use url::Url;

use super::cause::NO_TOKEN;
use super::{RefusalCause, RenderRefusal, SignInLink, UnmetLocation, answer, log};
use crate::auth::{Auth, Identity};

/// The response to a rejected request; see the table in [`require`](super).
///
/// Guards and extractors create it; your own services get it from [`Auth::check`] or [`Auth::require`].
///
/// ```
/// use bytes::Bytes;
/// use http::Response;
/// use portal_tower::Auth;
///
/// fn dashboard(auth: &Auth) -> Response<Bytes> {
///     match auth.check() {
///         Ok(user) => Response::new(format!("Hello {}", user.user_id()).into()),
///         Err(refusal) => refusal.into_response(),
///     }
/// }
/// ```
#[derive(Clone)]
#[must_use = "a refusal does nothing until it is sent"]
pub struct Refusal(Box<Inner>);

#[derive(Clone)]
struct Inner {
    cause: RefusalCause,
    caller: Caller,
    location: Option<Url>,
    /// `true` if pages are redirected to the location, `false` if they link to it.
    is_redirect: bool,
    cookies: Vec<HeaderValue>,
    renewal: Option<ResponseHeaders>,
    explanation: Option<Explanation>,
    /// `true` in production: pages show nothing internal.
    is_for_users: bool,
    renderer: Option<Arc<dyn RenderRefusal>>,
    has_token: bool,
    path: Option<Box<str>>,
    user_id: Option<UserId>,
}

impl Refusal {
    /// Returns the refusal of a request with this identity; for a signed-in user, that of an unmet requirement.
    pub(crate) fn of(auth: &Auth, identity: Identity<'_>, sign_in: &SignInLink) -> Self {
        let may_be_preflight = !matches!(identity, Identity::SignedIn(_) | Identity::OrganizationMismatch(_));
        if may_be_preflight && auth.is_preflight() {
            return Self::new(auth, RefusalCause::Preflight);
        }
        match identity {
            Identity::SignedIn(_) => Self::new(auth, RefusalCause::Unmet),
            Identity::CrossSite => Self::new(auth, RefusalCause::CrossSite),
            Identity::Unavailable => Self::new(auth, RefusalCause::Unavailable),
            Identity::Misconfigured(cause) => {
                let problem = cause.to_string().into();
                Self::new(auth, RefusalCause::Misconfigured { problem })
            }
            Identity::OrganizationMismatch(_) => {
                let mut refusal = Self::new(auth, RefusalCause::OrganizationMismatch);
                refusal.0.location = Some(auth.link(PortalPage::OrganizationProfile));
                refusal.0.cookies.extend(auth.portal_visit());
                refusal
            }
            // The user may have completed the tasks at the portal since the token was issued.
            Identity::Pending(_) => match Self::renewal(auth) {
                Some(renewal) => renewal,
                None => Self::to_sign_in(auth, RefusalCause::Pending, sign_in),
            },
            Identity::SignedOut(_) if auth.keeps_no_cookies() => Self::new(auth, RefusalCause::CookiesNotKept),
            Identity::SignedOut(reason) => {
                let reason = reason.clone();
                Self::to_sign_in(auth, RefusalCause::SignedOut { reason }, sign_in)
            }
        }
    }

    fn to_sign_in(auth: &Auth, cause: RefusalCause, sign_in: &SignInLink) -> Self {
        let back = auth.page_to_return_to(sign_in.page);
        let back = back.as_ref().map_or("", Url::as_str);
        let location = match cause {
            // A pending session's tasks are on the sign-in page, even if the guard links to another page.
            RefusalCause::Pending => auth.link_back_to(PortalPage::SignIn, back),
            _ => auth.link_to(sign_in.page, back, &sign_in.prefill),
        };
        let mut refusal = Self::new(auth, cause);
        refusal.0.location = Some(location);
        refusal.0.cookies.extend(auth.portal_visit());
        if auth.caller() != Caller::Page {
            return refusal;
        }
        let problem = auth.token_problem();
        let reason = problem.as_ref().map(TokenError::reason);
        match auth.recent_redirects().another(auth.public_url(), reason, auth.at()) {
            Ok(cookie) => refusal.0.cookies.push(cookie),
            Err(_) => refusal.explain(auth, problem.as_ref()),
        }
        refusal
    }

    /// Turns this into the page that explains the redirect loop.
    fn explain(&mut self, auth: &Auth, problem: Option<&TokenError>) {
        // The token's error says more than the check that failed before it.
        let reason = problem.map(TokenError::reason).or(auth.recent_redirects().problem());
        let reason = reason
            .map(AuthReason::Token)
            .or_else(|| auth.outcome().reason().cloned());
        let explanation = auth.explain_loop();
        log::redirect_loop(reason.as_ref(), &explanation);
        self.0.explanation = (!self.is_for_users()).then_some(explanation);
        self.0.cause = RefusalCause::RedirectLoop { reason };
    }

    /// Returns the refusal for a requirement's verdict; `None` if the requirement is met. Pages are redirected to
    /// `unmet` if it is set.
    pub(crate) fn by_verdict(auth: &Auth, verdict: Verdict, unmet: Option<&UnmetLocation>) -> Option<Self> {
        let cause = match verdict {
            Verdict::Met => return None,
            Verdict::Unmet => RefusalCause::Unmet,
            Verdict::NoActiveOrganization => RefusalCause::NoActiveOrganization,
            Verdict::NeedsReverification(needed) => RefusalCause::NeedsReverification(needed),
        };
        Some(Self::unmet(auth, cause, unmet))
    }

    /// Returns the refusal of a signed-in user who does not meet the requirement.
    pub(crate) fn unmet(auth: &Auth, cause: RefusalCause, unmet: Option<&UnmetLocation>) -> Self {
        if let Some(renewal) = Self::renewal(auth) {
            return renewal;
        }
        let mut refusal = Self::new(auth, cause);
        match (&refusal.0.cause, unmet) {
            (RefusalCause::NeedsReverification(_), _) => {}
            (_, Some(unmet)) if auth.caller() == Caller::Page => {
                refusal.0.location = unmet.resolve(auth);
                refusal.0.is_redirect = refusal.0.location.is_some();
            }
            (RefusalCause::NoActiveOrganization, _) => {
                refusal.0.location = Some(auth.link(PortalPage::OrganizationProfile));
            }
            _ => {}
        }
        if refusal.location().is_some_and(|location| auth.is_portals(location)) {
            refusal.0.cookies.extend(auth.portal_visit());
        }
        refusal
    }

    /// Returns the handshake that replaces a refusal if the token may be outdated.
    fn renewal(auth: &Auth) -> Option<Self> {
        let renewal = auth.renewal()?;
        let mut refusal = Self::new(auth, RefusalCause::Renewal);
        refusal.0.renewal = Some(renewal);
        Some(refusal)
    }

    pub(crate) fn new(auth: &Auth, cause: RefusalCause) -> Self {
        let is_for_users = !auth.is_for_developers();
        let is_explained = cause.is_about_set_up() && !is_for_users;
        Self(Box::new(Inner {
            explanation: is_explained.then(|| auth.explain()),
            is_for_users,
            renderer: auth.renderer().cloned(),
            has_token: auth.has_token(),
            path: Some(auth.public_url().as_url().path().into()),
            user_id: auth.user_id_for_logs().cloned(),
            ..Inner::new(cause, auth.caller())
        }))
    }

    /// Returns the refusal of a route whose portal page is the route itself: a redirect would never end.
    pub(crate) fn page_is_here(auth: &Auth) -> Self {
        let problem = "the portal page's URL is this route itself, so a redirect would never end; correct \
                       CLERK_SIGN_IN_URL or CLERK_SIGN_UP_URL"
            .into();
        Self::new(auth, RefusalCause::Misconfigured { problem })
    }

    pub(crate) fn missing_layer(caller: Caller) -> Self {
        let problem = "the request was not authenticated; put AuthenticateLayer around this service (in axum, call \
                       .layer after the routes and the guards)"
            .into();
        Self(Box::new(Inner::new(RefusalCause::Misconfigured { problem }, caller)))
    }

    /// The cause of the refusal.
    #[must_use]
    pub fn cause(&self) -> &RefusalCause {
        &self.0.cause
    }

    /// The kind of caller, which determines the form of the response.
    #[must_use]
    pub fn caller(&self) -> Caller {
        self.0.caller
    }

    /// The URL that resolves the refusal, if there is one.
    ///
    /// It is the portal's page if the request is signed out or no organization is active, or the page chosen for an
    /// unmet requirement.
    #[must_use]
    pub fn location(&self) -> Option<&Url> {
        self.0.location.as_ref()
    }

    /// The session token's error in a redirect loop.
    ///
    /// Returns `None` in production, unless the instance is built with `debug`.
    #[must_use]
    pub fn details(&self) -> Option<&str> {
        self.explanation()?.get("problem")
    }

    /// The likely cause of a redirect loop, or of a refusal by which sign-in cannot work.
    ///
    /// Returns `None` if it is unknown, and in production, unless the instance is built with `debug`.
    #[must_use]
    pub fn likely_cause(&self) -> Option<&LikelyCause> {
        self.explanation()?.likely_cause()
    }

    /// The facts by which the request was decided, in a redirect loop or if sign-in cannot work.
    ///
    /// Sign-in cannot work if the browser keeps no cookies, Clerk is unreachable or the application is misconfigured.
    /// Returns `None` in production, unless the instance is built with `debug`.
    #[must_use]
    pub fn explanation(&self) -> Option<&Explanation> {
        self.0.explanation.as_ref()
    }

    /// The HTTP status of the response; always 200 for gRPC (see `grpc-status`) and Datastar.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        answer::status(self)
    }

    /// The code of `grpc-status` for this refusal, for every kind of caller.
    ///
    /// A gRPC service that refuses by itself builds its status from the code and the message. In tonic this is
    /// `Status::new(refusal.grpc_code().into(), refusal.grpc_message())`.
    ///
    /// ```
    /// use portal_tower::{Auth, Refusal};
    ///
    /// fn status(auth: &Auth) -> Result<(), (i32, String)> {
    ///     let refused = |refusal: Refusal| (refusal.grpc_code(), refusal.grpc_message().into_owned());
    ///     auth.check().map(|_| ()).map_err(refused)
    /// }
    /// ```
    #[must_use]
    pub fn grpc_code(&self) -> i32 {
        self.cause().grpc_code()
    }

    /// The text of `grpc-message` for this refusal, not percent-encoded.
    #[must_use]
    pub fn grpc_message(&self) -> Cow<'static, str> {
        match self.cause() {
            RefusalCause::SignedOut { .. } if !self.0.has_token => NO_TOKEN.into(),
            _ => self.reason(),
        }
    }

    /// Builds the response, and logs one `debug` line: the reason, the path without its query string, the user's ID.
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        log::refused(&self, self.0.path.as_deref(), self.0.user_id.as_ref());
        answer::write(&self)
    }

    /// The reason for programs.
    pub(super) fn reason(&self) -> Cow<'static, str> {
        self.cause().reason(self.0.has_token)
    }

    /// The reason for developers.
    pub(super) fn message(&self) -> Cow<'static, str> {
        self.cause().message(self.0.has_token)
    }

    /// Returns `true` if the response is a redirect to [`location`](Self::location) rather than a page about it.
    pub(super) fn is_redirect(&self) -> bool {
        self.0.is_redirect
    }

    /// Returns `true` if the page must show nothing internal.
    pub(super) fn is_for_users(&self) -> bool {
        self.0.is_for_users
    }

    pub(super) fn cookies(&self) -> &[HeaderValue] {
        &self.0.cookies
    }

    pub(super) fn renewing_fields(&self) -> Option<&ResponseHeaders> {
        self.0.renewal.as_ref()
    }

    pub(super) fn renderer(&self) -> Option<&dyn RenderRefusal> {
        self.0.renderer.as_deref()
    }
}

impl Inner {
    fn new(cause: RefusalCause, caller: Caller) -> Self {
        Self {
            cause,
            caller,
            location: None,
            is_redirect: false,
            cookies: Vec::new(),
            renewal: None,
            explanation: None,
            is_for_users: false,
            renderer: None,
            has_token: false,
            path: None,
            user_id: None,
        }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("cause", self.cause())
            .field("caller", &self.caller())
            .field("location", &self.location().map(WithoutQuery))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
