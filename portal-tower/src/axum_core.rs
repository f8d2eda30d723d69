//! Implementations of axum's traits for `portal-axum` (feature `axum-core`).
//!
//! They are here because only the crate of a type can implement another crate's trait for it.

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use crate::auth::{Auth, Identity};
use crate::caller::Caller;
use crate::{PortalRedirect, Refusal};

/// For public pages. Rejects cross-site requests with this site's cookies that change something (403), and every
/// request if [`AuthenticateLayer`](crate::AuthenticateLayer) is missing (500).
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

#[cfg(feature = "webhooks")]
impl IntoResponse for crate::WebhookRefusal {
    fn into_response(self) -> Response {
        self.into_response().map(Into::into)
    }
}

impl IntoResponse for PortalRedirect {
    fn into_response(self) -> Response {
        self.into_response().map(Into::into)
    }
}
