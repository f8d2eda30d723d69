//! Implementations of axum's traits for `portal-axum` (feature `axum-core`).
//!
//! They are here because only the crate of a type can implement another crate's trait for it.

use axum_core::extract::{FromRequestParts, Request};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use tower_service::Service as _;

use crate::auth::{Auth, Identity};
use crate::caller::Caller;
use crate::{PortalRedirect, RedirectToPortal, Refusal, SignOut, redirect, sign_out};

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

impl IntoResponse for PortalRedirect {
    fn into_response(self) -> Response {
        self.into_response().map(Into::into)
    }
}

impl RedirectToPortal {
    /// A handler for axum's method routers: `get(RedirectToPortal::user_profile().into_handler())`.
    ///
    /// axum's own `get_service` and `route_service` take the service itself.
    #[must_use = "a handler does nothing until it is mounted"]
    pub fn into_handler(self) -> impl Fn(Request) -> redirect::ResponseFuture + Clone + Send + Sync + 'static {
        move |request| self.clone().call(request)
    }
}

impl SignOut {
    /// A handler for axum's method routers: `post(SignOut::new().into_handler())`.
    ///
    /// axum's own `post_service` and `route_service` take the service itself.
    #[must_use = "a handler does nothing until it is mounted"]
    pub fn into_handler(self) -> impl Fn(Request) -> sign_out::ResponseFuture + Clone + Send + Sync + 'static {
        move |request| self.clone().call(request)
    }
}
