use portal_sdk::portal::PortalPage;
use tower_layer::Layer;

use super::RequireAuth;

/// Lets only signed-in people through. See the [module](super) for the table of answers.
#[derive(Clone, Copy, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct RequireAuthLayer {
    page: PortalPage,
}

impl RequireAuthLayer {
    /// Requires somebody to be signed in; sends browsers to the sign-in page otherwise.
    pub fn signed_in() -> Self {
        Self {
            page: PortalPage::SignIn,
        }
    }

    /// Sends browsers to `page` of the portal instead of the sign-in page.
    pub fn or_redirect_to(self, page: PortalPage) -> Self {
        Self { page }
    }
}

impl<S> Layer<S> for RequireAuthLayer {
    type Service = RequireAuth<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireAuth::new(inner, self.page)
    }
}
