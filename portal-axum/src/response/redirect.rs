use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use portal_sdk::portal::{PortalPage, Prefill};

/// An answer that sends whoever asks to a page of the portal and back: [`portal_tower::PortalRedirect`] as a response.
///
/// ```
/// use portal_axum::sdk::portal::PortalPage;
/// use portal_axum::{Auth, PortalRedirect};
///
/// async fn upgrade(auth: Auth) -> PortalRedirect {
///     PortalRedirect::to(&auth, PortalPage::CreateOrganization)
/// }
/// # axum::Router::<()>::new().route("/", axum::routing::get(upgrade));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a redirect is an answer; return it from the handler"]
pub struct PortalRedirect(portal_tower::PortalRedirect);

impl PortalRedirect {
    /// To `page`, and from there back to the page the person came from.
    pub fn to(auth: &portal_tower::Auth, page: PortalPage) -> Self {
        Self(portal_tower::PortalRedirect::to(auth, page))
    }

    /// To `page`, and from there to another address: absolute, or a path of this application.
    pub fn back_to(auth: &portal_tower::Auth, page: PortalPage, return_back_to: &str) -> Self {
        Self(portal_tower::PortalRedirect::back_to(auth, page, return_back_to))
    }

    /// Fills in a field of the page. A value that the page has no field for is left out, and the log says so once.
    pub fn with_prefill(self, value: Prefill) -> Self {
        Self(self.0.with_prefill(value))
    }
}

impl IntoResponse for PortalRedirect {
    fn into_response(self) -> Response {
        self.0.into_response().map(Body::from)
    }
}
