//! [`PortalRedirect`]: a redirect to a page of the portal, for handlers.

use std::fmt;

use bytes::Bytes;
use http::Response;
use http::header::SET_COOKIE;
use portal_sdk::portal::{PortalPage, Prefill};
use portal_sdk::secret::WithoutQuery;
use url::Url;

use crate::auth::Auth;
use crate::require::go_to;

/// A redirect to a portal page and back to the referring page.
///
/// The referring page is the `Referer` if it is on the application's origin, else the application's root; never the
/// requested URL. A fallback redirect of the page's flow replaces the root.
///
/// The response is 303; htmx gets `HX-Redirect`, and Turbo, Unpoly and Datastar get content that continues to the
/// portal. The session is not checked; [`RedirectToPortal`](crate::RedirectToPortal) checks it.
///
/// ```
/// use bytes::Bytes;
/// use http::Response;
/// use portal_tower::portal_sdk::portal::{PortalPage, Prefill};
/// use portal_tower::{Auth, PortalRedirect};
///
/// fn sign_up(auth: &Auth, email_address: &str) -> Response<Bytes> {
///     let redirect = PortalRedirect::to(auth, PortalPage::SignUp);
///     redirect.with_prefill(Prefill::EmailAddress(email_address.into())).into_response()
/// }
/// ```
#[derive(Clone)]
#[must_use = "a redirect does nothing until it is sent"]
pub struct PortalRedirect {
    auth: Auth,
    page: PortalPage,
    return_back_to: Box<str>,
    prefill: Vec<Prefill>,
    location: Url,
}

impl PortalRedirect {
    /// Redirects to `page`, for the request of `auth`.
    pub fn to(auth: &Auth, page: PortalPage) -> Self {
        let back = auth.page_before(page);
        Self::back_to(auth, page, back.as_ref().map_or("", Url::as_str))
    }

    /// Redirects to `page`, and from there to `return_back_to`: an absolute URL or a path of this application.
    ///
    /// A URL that the portal would drop is omitted (see [`ReturnBackUrl`](portal_sdk::portal::ReturnBackUrl)).
    pub fn back_to(auth: &Auth, page: PortalPage, return_back_to: &str) -> Self {
        Self {
            auth: auth.clone(),
            page,
            return_back_to: return_back_to.into(),
            prefill: Vec::new(),
            location: auth.link_back_to(page, return_back_to),
        }
    }

    /// Fills in a field of the page.
    ///
    /// A value is omitted if the page has no such field, with one warning in the log.
    pub fn with_prefill(mut self, value: Prefill) -> Self {
        self.prefill.push(value);
        self.location = self.auth.link_to(self.page, &self.return_back_to, &self.prefill);
        self
    }

    /// The target of the redirect.
    #[must_use]
    pub fn location(&self) -> &Url {
        &self.location
    }

    /// Builds the response.
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        let mut response = go_to(self.auth.caller(), self.location.as_str());
        if let Some(cookie) = self.auth.portal_visit() {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

impl fmt::Debug for PortalRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortalRedirect")
            .field("page", &self.page)
            .field("location", &WithoutQuery(&self.location))
            .finish()
    }
}
