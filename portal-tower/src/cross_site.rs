//! Exceptions from the cross-site rule: [`AllowCrossSiteLayer`].

use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use crate::auth::Auth;

/// Allows cross-site requests that carry this site's cookies and change something.
///
/// Guards and extractors refuse them (403) on all other routes. Put this layer around single routes, inside
/// [`AuthenticateLayer`](crate::AuthenticateLayer) and outside guards. To allow your own other *origins* instead, see
/// [`allowed_request_origins`](portal_sdk::instance::InstanceBuilder::allowed_request_origins).
///
/// An expired session is not renewed for such requests; they are signed out.
///
/// # Security
///
/// Any page on the web can call the inner routes in the name of the user who opens it (cross-site request forgery),
/// unless the cookies' `SameSite` attribute prevents it.
///
/// ```
/// use portal_tower::portal_sdk::instance::Instance;
/// use portal_tower::{AllowCrossSiteLayer, AuthenticateLayer, RequireAuthLayer};
/// use tower::ServiceBuilder;
///
/// fn survey(instance: Instance) {
///     let layers = ServiceBuilder::new()
///         .layer(AuthenticateLayer::new(instance))
///         .layer(AllowCrossSiteLayer::new())
///         .layer(RequireAuthLayer::signed_in());
/// #   let _ = layers;
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct AllowCrossSiteLayer {
    _private: (),
}

impl AllowCrossSiteLayer {
    /// Creates the layer.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S> Layer<S> for AllowCrossSiteLayer {
    type Service = AllowCrossSite<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AllowCrossSite { inner }
    }
}

/// The service of [`AllowCrossSiteLayer`].
#[derive(Clone, Copy, Debug)]
pub struct AllowCrossSite<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for AllowCrossSite<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some(auth) = request.extensions_mut().get_mut::<Auth>() {
            auth.allow_cross_site();
        }
        self.inner.call(request)
    }
}
