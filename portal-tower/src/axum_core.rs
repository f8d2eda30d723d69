//! What axum needs of types that stand here, for `portal-axum` (feature `axum-core`): only the crate of a type may
//! implement another crate's trait for it.

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use crate::auth::{Auth, Identity};
use crate::caller::Caller;
use crate::redirect::PortalRedirect;
use crate::require::Refusal;

/// For pages that everybody may see. Rejects (403) only what a page of another site sent with this site's cookies to
/// change something, and every request (500) where [`AuthenticateLayer`](crate::AuthenticateLayer) is missing.
impl<S: Send + Sync> FromRequestParts<S> for Auth {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Some(auth) = parts.extensions.get::<Self>() else {
            return Err(Refusal::missing_layer(Caller::of(parts)));
        };
        if auth.is_cross_site() {
            return Err(auth.refuse(Identity::CrossSite));
        }
        Ok(auth.clone())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.into_response().map(Into::into)
    }
}

impl IntoResponse for PortalRedirect {
    fn into_response(self) -> Response {
        self.into_response().map(Into::into)
    }
}
