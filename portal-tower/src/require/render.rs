//! [`RenderRefusal`]: refusals in the application's own look.

use std::fmt;

use bytes::Bytes;
use http::Response;

use super::Refusal;

/// An application's renderer of refusals.
///
/// Pass it to [`AuthenticateLayer::with_refusal_renderer`](crate::AuthenticateLayer::with_refusal_renderer); every inner guard and
/// extractor uses it. It chooses the body and extra header fields. The status and the fields that the caller needs
/// (`Location`, `WWW-Authenticate`, `Retry-After`, `Cache-Control`, `HX-Redirect`, cookies) are set afterwards. The
/// renderer is not called for gRPC and Turbo, because a program reads those responses, nor for the sign-in redirects of
/// Unpoly and Datastar, which are bodies.
///
/// ```
/// use bytes::Bytes;
/// use http::Response;
/// use portal_tower::{Refusal, RefusalCause};
///
/// // Render one cause, and keep the default for the others.
/// let render = |refusal: &Refusal| match refusal.cause() {
///     RefusalCause::Unmet if refusal.caller().is_shown() => {
///         let page = Response::builder().header("content-type", "text/html; charset=utf-8");
///         page.body(Bytes::from("<h1>Ask your administrator</h1>")).ok()
///     }
///     _ => None,
/// };
/// # fn is_renderer(_: impl portal_tower::RenderRefusal) {}
/// # is_renderer(render);
/// ```
pub trait RenderRefusal: Send + Sync + 'static {
    /// Returns the body and fields for a refusal, or `None` for the default.
    fn render(&self, refusal: &Refusal) -> Option<Response<Bytes>>;
}

impl<F> RenderRefusal for F
where
    F: Fn(&Refusal) -> Option<Response<Bytes>> + Send + Sync + 'static,
{
    fn render(&self, refusal: &Refusal) -> Option<Response<Bytes>> {
        self(refusal)
    }
}

impl fmt::Debug for dyn RenderRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RenderRefusal")
    }
}
