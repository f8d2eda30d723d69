//! The measured tower services, and [`Driver`], which calls them.

use std::convert::Infallible;
use std::future::{Future as _, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, VARY};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::Empty;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::testing::FakeBackend;
use portal_tower::AuthenticateLayer;
use tokio::runtime::Runtime;
use tower::util::{MapRequestLayer, MapResponseLayer};
use tower::{Layer as _, Service, service_fn};

/// The response of the measured services, or of the page inside them.
pub type Page = Result<Response<Empty<Bytes>>, Infallible>;

/// Returns an empty response.
pub fn page(_: Request<()>) -> Ready<Page> {
    ready(Ok(Response::new(Empty::new())))
}

/// Inserts one extension into the request and two fields into the response, as any such layer must.
///
/// The same as in `portal-tower/tests/allocations.rs`, which cannot use this crate: it stays free of the peers.
pub fn baseline(mut request: Request<()>) -> Ready<Page> {
    request.extensions_mut().insert("value");
    let mut response = Response::new(Empty::new());
    insert_fields(response.headers_mut());
    ready(Ok(response))
}

/// The text that empty parts pass on.
pub const USER: &str = "user_2xhFjEI5X2qWRvtV13BzSj8H6Dk";

/// Puts a layer and a guard around the routes that do no more than any such parts must.
///
/// The layer inserts an extension into the request, which the guard looks for, and two fields into the response.
pub fn empty_parts(routes: Router) -> Router {
    let guard = MapRequestLayer::new(|request: Request<Body>| {
        assert!(request.extensions().get::<&'static str>().is_some());
        request
    });
    let layer = (
        MapRequestLayer::new(|mut request: Request<Body>| {
            request.extensions_mut().insert(USER);
            request
        }),
        MapResponseLayer::new(|mut response: Response<Body>| {
            insert_fields(response.headers_mut());
            response
        }),
    );
    routes.route_layer(guard).layer(layer)
}

fn insert_fields(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    headers.insert(VARY, HeaderValue::from_static("Cookie"));
}

/// Returns `AuthenticateLayer` around [`page`].
#[must_use]
pub fn authenticated(
    authenticator: Authenticator<FakeBackend>,
) -> impl Service<Request<()>, Response: Send, Error = Infallible> + Clone + Send + 'static {
    AuthenticateLayer::from_authenticator(authenticator).layer(service_fn(page))
}

/// Calls services to their end on this thread.
#[derive(Debug)]
pub struct Driver(Runtime);

impl Driver {
    /// Creates a driver.
    ///
    /// # Panics
    ///
    /// Panics if the operating system gives no event queue.
    #[must_use]
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self(runtime.expect("the system gives an event queue"))
    }

    /// Runs `work` where background tasks can be started.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let _guard = self.0.enter();
        work()
    }

    /// Returns the response of `service`. Waits only if the service does. Call it [`within`](Self::within).
    ///
    /// The service must always be ready, as those of this crate are.
    pub fn call<S, B>(&self, service: &mut S, request: Request<B>) -> S::Response
    where
        S: Service<Request<B>, Error = Infallible>,
    {
        let mut answer = pin!(service.call(request));
        // One poll without a runtime: entering it costs as much as a whole warm request.
        let first = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let Ok(response) = match first {
            Poll::Ready(response) => response,
            Poll::Pending => self.0.block_on(answer),
        };
        response
    }
}

impl Default for Driver {
    fn default() -> Self {
        Self::new()
    }
}
