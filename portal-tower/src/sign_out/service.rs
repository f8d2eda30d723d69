use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use portal_sdk::backend::BackendError;
use tower_service::Service;

use super::cookies::sign_out_cookies;
use crate::auth::Auth;
use crate::page::{escape, page};
use crate::require::Refusal;

/// A service that signs people out. See the [module](super) for the rules.
#[derive(Clone, Debug)]
#[must_use = "a service does nothing until it is called"]
pub struct SignOut {
    then: Arc<str>,
}

impl SignOut {
    /// Signs out and goes on to `/`.
    pub fn new() -> Self {
        Self { then: "/".into() }
    }

    /// Goes on to `location` instead: a path of the application or an absolute address. It is the application's own
    /// choice, so it is not checked; do not pass on what a visitor sent.
    pub fn then(self, location: impl Into<Arc<str>>) -> Self {
        Self { then: location.into() }
    }
}

impl Default for SignOut {
    fn default() -> Self {
        Self::new()
    }
}

impl<B> Service<Request<B>> for SignOut {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let method = request.method().clone();
        let auth = request.extensions().get::<Auth>().cloned();
        let then = self.then.clone();
        ResponseFuture {
            answering: Box::pin(async move { Ok(answer(&method, auth.as_ref(), &then).await.map(Full::new)) }),
        }
    }
}

/// The future of [`SignOut`].
pub struct ResponseFuture {
    answering: Pin<Box<dyn Future<Output = Answer> + Send>>,
}

type Answer = Result<Response<Full<Bytes>>, Infallible>;

impl Future for ResponseFuture {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        self.answering.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

async fn answer(method: &Method, auth: Option<&Auth>, then: &str) -> Response<Bytes> {
    let Some(auth) = auth else {
        return Refusal::missing_layer().into_response();
    };
    if method != Method::POST {
        return respond(StatusCode::METHOD_NOT_ALLOWED, &[(ALLOW, "POST")], Bytes::new());
    }
    // Who cannot be told apart from a visitor may be signed in, and would stay so.
    if auth.undecided().is_some() && auth.session_to_end().is_none() {
        return auth.refusal().into_response();
    }
    if let Some(session_id) = auth.session_to_end() {
        match auth.revoke_session(session_id).await {
            Err(error) if !is_already_over(&error) => return not_signed_out(auth, &error),
            Ok(()) | Err(_) => {}
        }
    }
    let mut response = respond(StatusCode::SEE_OTHER, &[(LOCATION, then)], Bytes::new());
    for cookie in sign_out_cookies(auth.instance(), auth.public_url()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The Backend API answers 404 for a session that is gone and 400 for one that has ended.
fn is_already_over(error: &BackendError) -> bool {
    matches!(error, BackendError::Answer { status, .. } if matches!(*status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST))
}

fn not_signed_out(auth: &Auth, error: &BackendError) -> Response<Bytes> {
    tracing::error!(%error, "a session could not be revoked; the person is still signed in");
    let again = format!(
        "<form method=\"post\" action=\"{}\"><button>Try again</button></form>",
        escape(auth.public_url().as_url().path())
    );
    let text =
        "The sign-in service did not end your session, so you are still signed in. Please try again in a moment.";
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (RETRY_AFTER, "5")];
    respond(
        StatusCode::SERVICE_UNAVAILABLE,
        &headers,
        page("You are still signed in", text, &again).into(),
    )
}

fn respond(status: StatusCode, headers: &[(http::HeaderName, &str)], body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
