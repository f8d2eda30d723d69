use std::convert::Infallible;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::caller::Caller;
use bytes::Bytes;
use http::{Request, Response};
use portal_sdk::portal::{PortalPage, Prefill};
use tower_service::Service;

use super::PortalRedirect;
use crate::auth::{Auth, Identity};
use crate::require::Refusal;
use crate::response::BytesBody;

/// A service for routes that redirects users to a portal page and back. See the [module](super) for the rules.
///
/// ```
/// use portal_tower::RedirectToPortal;
/// use portal_tower::portal_sdk::portal::PortalPage;
///
/// // Signed-out users go to the sign-in page first; all of them return to `/settings`.
/// let account = RedirectToPortal::user_profile().with_return_back("/settings");
/// let sign_up = RedirectToPortal::to(PortalPage::SignUp);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a service does nothing until it is called"]
pub struct RedirectToPortal {
    page: PortalPage,
    prefill: Arc<[Prefill]>,
    then: Option<Arc<str>>,
}

impl RedirectToPortal {
    /// Redirects to the sign-in page.
    pub fn sign_in() -> Self {
        Self::to(PortalPage::SignIn)
    }

    /// Redirects to the sign-up page.
    pub fn sign_up() -> Self {
        Self::to(PortalPage::SignUp)
    }

    /// Redirects to the user profile page.
    pub fn user_profile() -> Self {
        Self::to(PortalPage::UserProfile)
    }

    /// Redirects to the organization profile page.
    pub fn organization_profile() -> Self {
        Self::to(PortalPage::OrganizationProfile)
    }

    /// Redirects to the page that creates an organization.
    pub fn create_organization() -> Self {
        Self::to(PortalPage::CreateOrganization)
    }

    /// Redirects to the waitlist page.
    pub fn waitlist() -> Self {
        Self::to(PortalPage::Waitlist)
    }

    /// Redirects to the tasks of a pending session.
    pub fn session_tasks() -> Self {
        Self::to(PortalPage::SessionTasks)
    }

    /// Redirects to `page`.
    pub fn to(page: PortalPage) -> Self {
        Self {
            page,
            prefill: Arc::default(),
            then: None,
        }
    }

    /// Sets where the portal leads back to, instead of the referring page.
    ///
    /// `location` is a path of the application or an absolute URL. A URL that the portal would drop is omitted (see
    /// [`ReturnBackUrl`](portal_sdk::portal::ReturnBackUrl)), with one warning in the log. The instance's forced
    /// redirect takes precedence over `location`, its fallback redirect does not.
    ///
    /// ```
    /// use portal_tower::RedirectToPortal;
    ///
    /// let sign_up = RedirectToPortal::sign_up().with_return_back("/welcome");
    /// ```
    pub fn with_return_back(mut self, location: impl Into<Arc<str>>) -> Self {
        self.then = Some(location.into());
        self
    }

    /// Fills in a field of the page.
    ///
    /// A value is omitted if the page has no such field, with one warning in the log.
    ///
    /// ```
    /// use portal_tower::RedirectToPortal;
    /// use portal_tower::portal_sdk::portal::Prefill;
    ///
    /// let demo = RedirectToPortal::sign_in().with_prefill(Prefill::EmailAddress("demo@example.com".into()));
    /// ```
    pub fn with_prefill(mut self, value: Prefill) -> Self {
        self.prefill = self.prefill.iter().cloned().chain([value]).collect();
        self
    }

    fn answer(&self, auth: Option<&Auth>) -> Response<Bytes> {
        let Some(auth) = auth else {
            return Refusal::missing_layer(Caller::Page).into_response();
        };
        match auth.identity() {
            // The user can choose another organization at the portal.
            Identity::SignedIn(_) | Identity::OrganizationMismatch(_) => self.redirect(auth),
            _ if !self.page.needs_session() => self.redirect(auth),
            // Sign-in comes first, and leads back to this service. The user has followed a link, whatever the request's
            // fields say.
            Identity::SignedOut(_) | Identity::Pending(_) if auth.caller() != Caller::Page => {
                match auth.refuse(auth.identity()) {
                    refusal if refusal.cause().is_sign_in() => {
                        PortalRedirect::back_to(auth, PortalPage::SignIn, auth.clean_url().as_str()).into_response()
                    }
                    refusal => refusal.into_response(),
                }
            }
            other => auth.refuse(other).into_response(),
        }
    }

    fn redirect(&self, auth: &Auth) -> Response<Bytes> {
        let redirect = match &self.then {
            Some(then) => PortalRedirect::back_to(auth, self.page, then),
            None => PortalRedirect::to(auth, self.page),
        };
        let here = auth.public_url().as_url();
        let target = redirect.location();
        if target.origin() == here.origin() && target.path() == here.path() {
            return Refusal::page_is_here(auth).into_response();
        }
        let prefill = self.prefill.iter().cloned();
        prefill.fold(redirect, PortalRedirect::with_prefill).into_response()
    }
}

impl<B> Service<Request<B>> for RedirectToPortal {
    type Response = Response<BytesBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let answer = self.answer(request.extensions().get::<Auth>());
        ResponseFuture {
            response: ready(Ok(answer.map(BytesBody::from))),
        }
    }
}

/// The future of [`RedirectToPortal`].
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    response: Ready<Result<Response<BytesBody>, Infallible>>,
}

impl Future for ResponseFuture {
    type Output = Result<Response<BytesBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.response).poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The response's URL may hold the development browser's token.
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
