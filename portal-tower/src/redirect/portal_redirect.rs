//! [`PortalRedirect`]: to a page of the portal, from a handler.

use bytes::Bytes;
use http::Response;
use portal_sdk::portal::PortalPage;
use portal_sdk::request::RequestKind;
use url::Url;

use crate::auth::Auth;
use crate::go::go_to;

/// An answer that sends whoever asks to a page of the portal, and from there back to the page they came from: the
/// `Referer` if it lies on the application's own origin, else the application's root; never the address it was asked
/// for at.
///
/// 303 for most; htmx gets `HX-Redirect`, and Turbo a page that goes on by itself. It does not ask whether somebody is
/// signed in; [`RedirectToPortal`](super::RedirectToPortal) does.
#[derive(Clone, Debug)]
#[must_use = "a redirect is an answer; send it"]
pub struct PortalRedirect {
    kind: RequestKind,
    location: Url,
}

impl PortalRedirect {
    /// To `page`, for the request that `auth` is of.
    pub fn to(auth: &Auth, page: PortalPage) -> Self {
        Self::back_to(auth, page, auth.page_before().as_str())
    }

    /// To `page`, and from there to another address: absolute, or a path of this application. One that the portal would
    /// drop (see [`ReturnBackUrl`](portal_sdk::portal::ReturnBackUrl)) is left out.
    pub fn back_to(auth: &Auth, page: PortalPage, return_back_to: &str) -> Self {
        Self {
            kind: auth.kind(),
            location: auth.link_back_to(page, return_back_to),
        }
    }

    /// Where to.
    #[must_use]
    pub fn location(&self) -> &Url {
        &self.location
    }

    /// The answer.
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        go_to(self.kind, self.location.as_str())
    }
}
