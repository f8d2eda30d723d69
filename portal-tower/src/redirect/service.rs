use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use portal_sdk::portal::PortalPage;
use tower_service::Service;
use url::Url;

use crate::auth::{Auth, root_of};
use crate::require::Refusal;

/// A service that sends whoever asks to a page of the portal and back. See the [module](super) for the rules.
#[derive(Clone, Copy, Debug)]
#[must_use = "a service does nothing until it is called"]
pub struct RedirectToPortal {
    page: PortalPage,
}

impl RedirectToPortal {
    /// To the sign-in page.
    pub fn sign_in() -> Self {
        Self::to(PortalPage::SignIn)
    }

    /// To the sign-up page.
    pub fn sign_up() -> Self {
        Self::to(PortalPage::SignUp)
    }

    /// To the user profile page.
    pub fn user_profile() -> Self {
        Self::to(PortalPage::UserProfile)
    }

    /// To the organization profile page.
    pub fn organization_profile() -> Self {
        Self::to(PortalPage::OrganizationProfile)
    }

    /// To the create organization page.
    pub fn create_organization() -> Self {
        Self::to(PortalPage::CreateOrganization)
    }

    /// To any page.
    pub fn to(page: PortalPage) -> Self {
        Self { page }
    }

    fn answer(self, auth: Option<&Auth>) -> Refusal {
        let Some(auth) = auth else {
            return Refusal::missing_layer();
        };
        if self.page.needs_session() && auth.signed_in().is_none() {
            return match Refusal::of(auth, PortalPage::SignIn) {
                // This service is asked for by people only, whatever their browser says of itself.
                Refusal::Unauthorized { .. } => Refusal::Redirect {
                    location: auth.link(PortalPage::SignIn),
                },
                refusal => refusal,
            };
        }
        Refusal::Redirect {
            location: auth.link_back_to(self.page, return_back_url(auth).as_str()),
        }
    }
}

fn return_back_url(auth: &Auth) -> Url {
    let here = auth.public_url().as_url();
    auth.same_origin_referer()
        .filter(|referer| referer.path() != here.path())
        .cloned()
        .unwrap_or_else(|| root_of(here))
}

impl<B> Service<Request<B>> for RedirectToPortal {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let answer = self.answer(request.extensions().get::<Auth>());
        ResponseFuture {
            response: ready(Ok(answer.into_response().map(Full::new))),
        }
    }
}

/// The future of [`RedirectToPortal`].
#[derive(Debug)]
pub struct ResponseFuture {
    response: Ready<Result<Response<Full<Bytes>>, Infallible>>,
}

impl Future for ResponseFuture {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.response).poll(cx)
    }
}
