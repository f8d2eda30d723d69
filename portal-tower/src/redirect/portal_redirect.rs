//! [`PortalRedirect`]: to a page of the portal, from a handler.

use std::fmt;

use bytes::Bytes;
use http::Response;
use http::header::SET_COOKIE;
use portal_sdk::portal::{PortalPage, Prefill};
use portal_sdk::secret::WithoutQuery;
use url::Url;

use crate::auth::Auth;
use crate::require::go_to;

/// A redirect to a page of the portal, which leads back to the referring page.
///
/// That is the `Referer` if it is on the application's origin, else the application's root, and never the requested
/// URL. A fallback redirect of the page's flow replaces the root.
///
/// 303 for most; htmx gets `HX-Redirect`, and Turbo, Unpoly and Datastar get content that continues to the portal. It
/// does not check the session; [`RedirectToPortal`](super::RedirectToPortal) does.
#[derive(Clone)]
#[must_use = "a redirect is an answer; send it"]
pub struct PortalRedirect {
    auth: Auth,
    page: PortalPage,
    return_back_to: Box<str>,
    prefill: Vec<Prefill>,
    location: Url,
}

impl PortalRedirect {
    /// To `page`, for the request that `auth` is of.
    pub fn to(auth: &Auth, page: PortalPage) -> Self {
        let back = auth.page_before(page);
        Self::back_to(auth, page, back.as_ref().map_or("", Url::as_str))
    }

    /// To `page`, and from there to another address: absolute, or a path of this application. One that the portal would
    /// drop (see [`ReturnBackUrl`](portal_sdk::portal::ReturnBackUrl)) is left out.
    pub fn back_to(auth: &Auth, page: PortalPage, return_back_to: &str) -> Self {
        Self {
            auth: auth.clone(),
            page,
            return_back_to: return_back_to.into(),
            prefill: Vec::new(),
            location: auth.link_back_to(page, return_back_to),
        }
    }

    /// Fills in a field of the page. A value that the page has no field for is left out, and the log says so once.
    pub fn with_prefill(mut self, value: Prefill) -> Self {
        self.prefill.push(value);
        self.location = self.auth.link_to(self.page, &self.return_back_to, &self.prefill);
        self
    }

    /// Where to.
    #[must_use]
    pub fn location(&self) -> &Url {
        &self.location
    }

    /// The answer.
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
