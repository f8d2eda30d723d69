//! Operations for applications without `portal-tower`: cross-site checks, links for a request, sign-out.

use http::request::Parts;
use url::Url;

use super::Authenticator;
use crate::backend::{Backend, BackendApi};
use crate::portal::{LinkError, PortalPage};
use crate::secret::Secret;
use crate::sign_out::{SignOutError, is_already_over, sign_out_headers};
use crate::state::ResponseHeaders;
use crate::url_query::without_clerk_parameters;

impl<B: Backend> Authenticator<B> {
    /// Returns `true` for a cross-site request with this site's cookies that changes something; respond 403.
    ///
    /// # Security
    ///
    /// `SameSite=Lax` does not cover sibling subdomains and methods that a proxy overrides, so check every route that
    /// acts for a signed-in user.
    #[must_use]
    pub fn is_cross_site(&self, parts: &Parts) -> bool {
        self.context(parts).is_cross_site()
    }
}

impl<B: BackendApi> Authenticator<B> {
    /// Returns the URL of a portal page that leads back to this request's URL, without Clerk's parameters.
    ///
    /// For a form or a script, whose URL is not a page, use [`portal`](Self::portal).
    ///
    /// # Errors
    ///
    /// Returns [`LinkError`] if the request's URL cannot be a return-back URL.
    pub fn link(&self, parts: &Parts, page: PortalPage) -> Result<Url, LinkError> {
        let cx = self.context(parts);
        let here = cx.url().as_url();
        let portal = self.portal();
        let link = portal.link(page).with_requested_from(here);
        link.with_dev_browser(cx.dev_browser_for_links())
            .with_return_back(without_clerk_parameters(here.clone()))
            .to_url()
    }

    /// Ends the request's session, and returns the response fields for sign-out.
    ///
    /// The session ends at Clerk and in this process. See [`sign_out_headers`] for the fields. A request without a
    /// session gets them too.
    ///
    /// ```
    /// use http::{Request, Response, StatusCode};
    /// use portal_sdk::authenticator::Authenticator;
    /// use portal_sdk::backend::BackendApi;
    ///
    /// async fn sign_out<B: BackendApi>(clerk: &Authenticator<B>, request: Request<()>) -> http::Result<Response<()>> {
    ///     let (parts, ()) = request.into_parts();
    ///     if clerk.is_cross_site(&parts) {
    ///         return Response::builder().status(StatusCode::FORBIDDEN).body(());
    ///     }
    ///     let Ok(fields) = clerk.sign_out(&parts).await else {
    ///         return Response::builder().status(StatusCode::SERVICE_UNAVAILABLE).body(());
    ///     };
    ///     let mut response = Response::builder().status(StatusCode::SEE_OTHER).header("location", "/").body(())?;
    ///     fields.apply(response.headers_mut());
    ///     Ok(response)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let clerk = portal_sdk::testing::TestInstance::new();
    /// # let request = clerk.signed_in("user_1").request(http::Method::POST, "/sign-out").body(())?;
    /// # let response = sign_out(&clerk.authenticator(), request).await?;
    /// # assert_eq!(response.status(), 303);
    /// # assert_eq!(clerk.backend().calls().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`SignOutError`] if the session could not be ended at Clerk. Let the user try again.
    ///
    /// # Security
    ///
    /// Call it for `POST` requests only, after [`is_cross_site`](Self::is_cross_site). Otherwise a link or another
    /// site's page can sign users out.
    pub async fn sign_out(&self, parts: &Parts) -> Result<ResponseHeaders, SignOutError> {
        let (token, url) = {
            let cx = self.context(parts);
            (cx.session_token().map(Secret::new), cx.url().clone())
        };
        if let Some(token) = token
            && let Some(session) = self.genuine_session(&token).await?
        {
            self.end_session(&session);
            match self.backend().revoke_session(&session.id).await {
                Err(error) if !is_already_over(&error) => return Err(error.into()),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(sign_out_headers(self.instance(), &url))
    }
}
