use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::caller::Caller;
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use portal_sdk::secret::Secret;
use portal_sdk::sign_out::{is_already_over, sign_out_headers};
use tower_service::Service;
use url::Url;

use super::left_over;
use crate::auth::Auth;
use crate::require::{Refusal, RefusalCause, go_to};
use crate::response::{BytesBody, escape, page};

/// A service that signs users out. See the [module](super) for the rules.
///
/// ```
/// use portal_tower::SignOut;
///
/// let sign_out = SignOut::new().with_redirect("/goodbye").with_confirmation(true);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a service does nothing until it is called"]
pub struct SignOut {
    then: Arc<str>,
    asks: bool,
}

impl SignOut {
    /// Creates a service that signs out and then redirects to `/`.
    pub fn new() -> Self {
        Self {
            then: "/".into(),
            asks: false,
        }
    }

    /// Sets where to redirect after sign-out: a path of the application or an absolute URL.
    ///
    /// # Security
    ///
    /// The URL is not checked. Do not pass on a client's input (open redirect).
    pub fn with_redirect(mut self, location: impl Into<Arc<str>>) -> Self {
        self.then = location.into();
        self
    }

    /// Responds to `GET` with a sign-out button, for links (default: `false`).
    ///
    /// Mount it for every method: with axum's `any` or `route_service`, because `post` routes no `GET`.
    pub fn with_confirmation(mut self, asks: bool) -> Self {
        self.asks = asks;
        self
    }
}

impl Default for SignOut {
    fn default() -> Self {
        Self::new()
    }
}

impl<B> Service<Request<B>> for SignOut {
    type Response = Response<BytesBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let (parts, _) = request.into_parts();
        let settings = self.clone();
        ResponseFuture {
            answering: Box::pin(async move { Ok(settings.answer(&parts).await.map(BytesBody::from)) }),
        }
    }
}

/// The future of [`SignOut`].
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    answering: Pin<Box<dyn Future<Output = Answer> + Send>>,
}

type Answer = Result<Response<BytesBody>, Infallible>;

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

impl SignOut {
    async fn answer(&self, parts: &Parts) -> Response<Bytes> {
        let Some(auth) = parts.extensions.get::<Auth>() else {
            return Refusal::missing_layer(Caller::of(parts)).into_response();
        };
        match parts.method {
            Method::POST if auth.comes_from_elsewhere() => Refusal::new(auth, RefusalCause::CrossSite).into_response(),
            Method::POST => self.sign_out(auth, &parts.headers).await,
            Method::GET | Method::HEAD if self.asks => ask(auth),
            _ => {
                let allowed = if self.asks { "GET, HEAD, POST" } else { "POST" };
                respond(StatusCode::METHOD_NOT_ALLOWED, &[(ALLOW, allowed)], String::new())
            }
        }
    }

    async fn sign_out(&self, auth: &Auth, headers: &HeaderMap) -> Response<Bytes> {
        let kept = left_over::token(headers);
        let url = auth.public_url();
        let (mut response, left_over) = match end_sessions(auth, kept.clone()).await {
            Ok(()) => {
                let response = go_to(auth.caller(), &url.location(&self.then));
                (response, kept.and_then(|_| left_over::removed(url)))
            }
            Err(token) => (only_here(auth), left_over::kept(url, &token)),
        };
        let headers = response.headers_mut();
        sign_out_headers(auth.instance(), url).apply(headers);
        if let Some(cookie) = left_over {
            headers.append(SET_COOKIE, cookie);
        }
        response
    }
}

/// Ends the sessions of the request's token and of the token kept from an earlier attempt.
///
/// # Errors
///
/// Returns the token of a session that could not be ended.
async fn end_sessions(auth: &Auth, left_over: Option<Secret>) -> Result<(), Secret> {
    let mut lives_on = None;
    for token in [left_over, auth.token_to_end()].into_iter().flatten() {
        let session = match auth.accounts().genuine_session(&token).await {
            Ok(Some(session)) => session,
            Ok(None) => continue,
            Err(cause) => {
                log_failure(auth, &cause);
                lives_on = Some(token);
                continue;
            }
        };
        auth.accounts().end_session(&session);
        match auth.accounts().revoke_session(&session.id).await {
            Err(error) if !is_already_over(&error) => {
                log_failure(auth, &error);
                lives_on = Some(token);
            }
            Ok(()) | Err(_) => {}
        }
    }
    lives_on.map_or(Ok(()), Err)
}

/// Logs at most one line a minute, because during an outage every sign-out fails.
fn log_failure(auth: &Auth, error: &dyn std::error::Error) {
    if let Some(held_back) = auth.accounts().admits_log_line("sign-out") {
        tracing::error!(%error, held_back, "a session could not be ended at Clerk");
    }
}

/// The page with a sign-out button.
fn ask(auth: &Auth) -> Response<Bytes> {
    let html = page(
        "Sign out?",
        "You'll need to sign in again to come back.",
        &button(auth, "Sign out"),
    );
    respond(StatusCode::OK, &[HTML], html)
}

/// The response if the user is signed out in this browser, but not at Clerk.
fn only_here(auth: &Auth) -> Response<Bytes> {
    if !auth.caller().reads_pages() {
        return Refusal::new(auth, RefusalCause::Unavailable).into_response();
    }
    let text = "You're signed out in this browser, but we couldn't reach the sign-in service. Your session may still be \
                active there. Please try again in 5 seconds.";
    let html = page("Signed out in this browser only", text, &button(auth, "Try again"));
    respond(StatusCode::SERVICE_UNAVAILABLE, &[HTML, (RETRY_AFTER, "5")], html)
}

const HTML: (HeaderName, &str) = (CONTENT_TYPE, "text/html; charset=utf-8");

fn button(auth: &Auth, text: &str) -> String {
    let action = escape(&own_path(auth.public_url().as_url()));
    format!("<form method=\"post\" action=\"{action}\"><button>{text}</button></form>")
}

/// Returns the path of `url` as a reference that cannot leave its host.
///
/// A reference with two leading slashes names a host (RFC 3986 section 4.2), so such a path gets the prefix `/.`, as in
/// the URL Standard's serializer.
fn own_path(url: &Url) -> String {
    match url.path() {
        path if path.starts_with("//") => format!("/.{path}"),
        path => path.to_owned(),
    }
}

fn respond(status: StatusCode, headers: &[(HeaderName, &str)], body: String) -> Response<Bytes> {
    let mut response = Response::new(body.into());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_action_stays_on_its_host() {
        for path in [
            "/sign-out",
            "//evil.example/sign-out",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example/x",
            "/./%2f/evil.example",
            "/.//evil.example",
            "/a//b",
        ] {
            let mut here = Url::parse("https://app.example.com/").unwrap();
            here.set_path(path);
            let action = own_path(&here);
            assert_eq!(here.join(&action).unwrap(), here, "{path}");
            assert!(!action.starts_with("//"), "{action}");
        }
    }
}
