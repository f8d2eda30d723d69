//! [`RenderRefusal`]: refusals in the application's own look.

use std::fmt;

use bytes::Bytes;
use http::Response;

use super::Refusal;

/// How refusals look in an application. Give one to
/// [`AuthenticateLayer::render_refusals`](crate::AuthenticateLayer::render_refusals); every guard and extractor inside
/// uses it.
///
/// Only the body and fields of its own choice come from here. The status and the fields that make the answer right for
/// its caller (`Location`, `WWW-Authenticate`, `Retry-After`, `Cache-Control`, `HX-Redirect`, cookies) are set
/// afterwards and cannot be lost. gRPC and Turbo have no look: their answers are read by a program, so nothing is
/// asked for them.
///
/// ```
/// use bytes::Bytes;
/// use http::Response;
/// use portal_tower::{Refusal, RefusalCause};
///
/// // One case in the application's own look, the others as they are.
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
    /// Body and fields for a refusal; `None` leaves the answer as it is.
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
