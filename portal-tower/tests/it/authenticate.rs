//! `AuthenticateLayer`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use portal_tower::portal_sdk::testing::FakeBackend;
use portal_tower::{Auth, AuthenticateLayer};
use serde_json::json;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

use crate::support::{
    AS_PAGE, App, LIVE_ISSUER, SIGNED_OUT, TEST_ISSUER, asking_layer, authenticator, down, handshake_token, layer,
    live, request, send, session_token, signed_in, test,
};

/// The output of a future that completes on its first poll.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn decided_request_is_forwarded() {
    let app = App::default();
    let service = layer(live()).layer(app.service());
    let cookies = signed_in(LIVE_ISSUER);
    let answer = send(
        service.clone(),
        request("https://app.example.com/", &[("cookie", &cookies), AS_PAGE]),
    )
    .await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "user_1"));
    assert!(
        answer.headers.keys().all(|name| !name.as_str().starts_with("x-clerk-")),
        "{:?}",
        answer.headers
    );

    let answer = send(service, request("https://app.example.com/", &[AS_PAGE])).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "nobody"));
    assert_eq!(answer.header("x-clerk-auth-status"), Some("signed-out"));
    assert_eq!(
        answer.header("x-clerk-auth-reason"),
        Some("session-token-and-uat-missing")
    );
    assert_eq!(answer.header("cache-control"), Some("private"));
    assert_eq!(app.calls(), 2);
}

#[tokio::test]
async fn handshake_is_answered_without_the_inner_service() {
    let app = App::default();
    let cookie = ("cookie", "__client_uat=1");
    let answer = send(
        layer(live()).layer(app.service()),
        request("https://app.example.com/a", &[cookie, AS_PAGE]),
    )
    .await;
    assert_eq!(answer.status, 307);
    assert_eq!(answer.body, "");
    let location = answer.header("location").unwrap();
    assert!(
        location.starts_with("https://clerk.example.com/v1/client/handshake?redirect_url="),
        "{location}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-clerk-auth-status"), Some("handshake"));
    assert_eq!(
        answer.header("x-clerk-auth-reason"),
        Some("client-uat-but-no-session-token")
    );
    assert!(
        answer
            .header("set-cookie")
            .unwrap()
            .starts_with("__clerk_redirect_count=1;")
    );
    assert_eq!(app.calls(), 0);
}

#[tokio::test]
async fn resolved_development_handshake_redirects_to_the_clean_url() {
    let app = App::default();
    let session = format!("__session={}; Path=/", session_token(TEST_ISSUER, &json!({})));
    let uat = "__client_uat=1; Path=/";
    let token = handshake_token(&[&session, uat]);
    let target = format!("POST http://localhost:3000/a?b=1&__clerk_handshake={token}");
    let answer = send(layer(test()).layer(app.service()), request(&target, &[])).await;
    assert_eq!(answer.status, 307);
    assert_eq!(answer.header("location"), Some("http://localhost:3000/a?b=1"));
    assert_eq!(answer.all("set-cookie"), [session.as_str(), uat]);
    assert_eq!(app.calls(), 0);
}

#[tokio::test]
async fn keys_in_memory_decide_without_awaiting() {
    let clerk = FakeBackend::new();
    let app = App::default();
    let mut service = asking_layer(live(), &clerk).layer(app.service());
    let cookies = signed_in(LIVE_ISSUER);
    let request = || request("https://app.example.com/", &[("cookie", &cookies), AS_PAGE]);

    assert!(
        poll_once(service.ready().await.unwrap().call(request())).is_none(),
        "keys must be fetched first"
    );
    assert_eq!(app.calls(), 0);
    let answer = send(service.clone(), request()).await;
    assert_eq!(answer.body, "user_1");
    let response = poll_once(service.ready().await.unwrap().call(request())).expect("the keys are in memory");
    assert_eq!(
        response.unwrap().into_body().collect().await.unwrap().to_bytes(),
        "user_1"
    );
    assert_eq!(clerk.calls(), ["jwks"]);
    assert_eq!(app.calls(), 2);
}

#[tokio::test]
async fn undecided_request_is_forwarded() {
    let clerk = FakeBackend::new();
    clerk.set_jwks(Err(down()));
    let app = App::default();
    let cookies = signed_in(LIVE_ISSUER);
    let request = request("https://app.example.com/", &[("cookie", &cookies), AS_PAGE]);
    let answer = send(asking_layer(live(), &clerk).layer(app.service()), request).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "cannot tell"));
    assert_eq!(answer.header("x-clerk-auth-status"), None);
}

/// Panics when it is called without having been polled ready. A clone of it is not ready.
#[derive(Default)]
struct MustBeReady {
    is_ready: bool,
}

impl Clone for MustBeReady {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<Full<Bytes>>> for MustBeReady {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called without being ready");
        ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn polled_ready_service_is_called() {
    let cookies = signed_in(LIVE_ISSUER);
    let clerk = FakeBackend::new();
    let mut service = asking_layer(live(), &clerk).layer(MustBeReady::default());
    // First with a fetch of keys, then without one, then for a signed-out request.
    for cookies in [cookies.as_str(), cookies.as_str(), ""] {
        let request = request("https://app.example.com/", &[("cookie", cookies)]);
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(clerk.calls(), ["jwks"]);
}

/// An error that is neither `Send` nor an error of the standard library: layers must not ask for either.
#[derive(Clone, Debug, PartialEq)]
struct Oops(*const u8);

fn oops() -> Oops {
    Oops(std::ptr::null())
}

/// A body of given frames. Its size is known to it alone.
struct Frames(VecDeque<Result<Frame<&'static [u8]>, Oops>>);

impl Body for Frames {
    type Data = &'static [u8];
    type Error = Oops;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Oops>>> {
        Poll::Ready(self.0.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::default();
        hint.set_lower(7);
        hint.set_upper(70);
        hint
    }
}

#[tokio::test]
async fn streaming_body_and_its_error_are_unchanged() {
    let inner = service_fn(|_: Request<Full<Bytes>>| {
        let trailers = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("t=1"))]);
        let frames = [
            Ok(Frame::data(&b"one"[..])),
            Ok(Frame::data(&b"two"[..])),
            Ok(Frame::trailers(trailers)),
            Err(oops()),
        ];
        ready(Ok::<_, Infallible>(Response::new(Frames(frames.into()))))
    });
    let response = layer(live())
        .layer(inner)
        .oneshot(request("https://app.example.com/", &[]))
        .await
        .unwrap();
    let mut body = response.into_body();
    assert!(!body.is_end_stream());
    assert_eq!((body.size_hint().lower(), body.size_hint().upper()), (7, Some(70)));
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), b"one");
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), b"two");
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_trailers().unwrap()[SET_COOKIE],
        "t=1"
    );
    assert_eq!(body.frame().await.unwrap().unwrap_err(), oops());
    assert!(body.frame().await.is_none() && body.is_end_stream());
}

#[tokio::test]
async fn layer_response_has_an_empty_body() {
    let inner =
        service_fn(|_: Request<Full<Bytes>>| ready(Ok::<_, Infallible>(Response::new(Frames(VecDeque::new())))));
    let request = request("https://app.example.com/", &[("cookie", "__client_uat=1"), AS_PAGE]);
    let response = layer(live()).layer(inner).oneshot(request).await.unwrap();
    let mut body = response.into_body();
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn inner_service_error_is_unchanged() {
    let inner = service_fn(|_: Request<Full<Bytes>>| ready(Err::<Response<Full<Bytes>>, _>(oops())));
    let error = layer(live())
        .layer(inner)
        .oneshot(request("https://app.example.com/", &[]))
        .await
        .unwrap_err();
    assert_eq!(error, oops());
}

#[tokio::test]
async fn request_body_is_unchanged() {
    let inner =
        service_fn(async |request: Request<Full<Bytes>>| Ok::<_, Infallible>(Response::new(request.into_body())));
    for layer in [layer(live()), asking_layer(live(), &FakeBackend::new())] {
        let mut request = request("POST https://app.example.com/", &[("cookie", &signed_in(LIVE_ISSUER))]);
        *request.body_mut() = "a form".into();
        assert_eq!(send(layer.layer(inner), request).await.body, "a form");
    }
}

/// A request whose outcome sets three cookies, and a handler that sets two.
async fn with_cookies(handler: &'static [(&'static str, &'static str)]) -> crate::support::Answer {
    let session = format!("__session={}; Path=/", session_token(LIVE_ISSUER, &json!({})));
    let token = handshake_token(&[&session, "__client_uat=1; Path=/", "shared=clerk; Path=/"]);
    let cookie = format!("__clerk_handshake={token}");
    let inner = service_fn(move |_: Request<Full<Bytes>>| {
        let mut response = Response::new(Full::<Bytes>::default());
        for (name, value) in handler {
            response.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        ready(Ok::<_, Infallible>(response))
    });
    send(
        layer(live()).layer(inner),
        request("https://app.example.com/", &[("cookie", &cookie), AS_PAGE]),
    )
    .await
}

#[tokio::test]
async fn every_cookie_is_kept_and_handler_cookies_are_last() {
    let answer = with_cookies(&[
        ("set-cookie", "shared=app; Path=/"),
        ("set-cookie", "other=1"),
        ("x-other", "1"),
    ])
    .await;
    let cookies = answer.all("set-cookie");
    let names: Vec<&str> = cookies.iter().map(|cookie| cookie.split('=').next().unwrap()).collect();
    assert_eq!(names, ["__session", "__client_uat", "shared", "shared", "other"]);
    assert_eq!(
        cookies[3], "shared=app; Path=/",
        "the browser keeps the last one of a name"
    );
    assert_eq!(answer.header("x-other"), Some("1"));
}

#[tokio::test]
async fn response_with_a_cookie_is_not_cached() {
    let answer = with_cookies(&[
        ("cache-control", "public, max-age=3600"),
        ("cache-control", "immutable"),
    ])
    .await;
    assert_eq!(answer.all("cache-control"), ["no-store"]);

    let inner = service_fn(|_: Request<Full<Bytes>>| {
        let mut response = Response::new(Full::<Bytes>::default());
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("public"));
        ready(Ok::<_, Infallible>(response))
    });
    let answer = send(layer(live()).layer(inner), request("https://app.example.com/", &[])).await;
    assert_eq!(answer.all("cache-control"), ["public"]);
}

#[tokio::test]
async fn existing_auth_extension_is_replaced() {
    let capture = service_fn(|request: Request<Full<Bytes>>| {
        ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()).map(
            |body| {
                assert!(request.extensions().get::<Auth>().unwrap().signed_in().is_some());
                body
            },
        )))
    });
    let cookies = signed_in(LIVE_ISSUER);
    let (sender, receiver) = std::sync::mpsc::channel();
    let keep = service_fn(move |request: Request<Full<Bytes>>| {
        sender
            .send(request.extensions().get::<Auth>().unwrap().clone())
            .unwrap();
        ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
    });
    send(
        layer(live()).layer(keep),
        request("https://app.example.com/", &[("cookie", &cookies)]),
    )
    .await;
    let genuine = receiver.recv().unwrap();

    // It would sign the request in if it were trusted.
    let mut probe = request("https://app.example.com/", &[]);
    probe.extensions_mut().insert(genuine.clone());
    send(capture, probe).await;

    let app = App::default();
    let mut forged = request("https://app.example.com/", &[]);
    forged.extensions_mut().insert(genuine);
    assert_eq!(send(layer(live()).layer(app.service()), forged).await.body, "nobody");
}

#[tokio::test]
async fn instance_is_chosen_per_request() {
    let clerk = FakeBackend::new();
    let (production, development) = (authenticator(live(), &clerk), authenticator(test(), &clerk));
    let layer = AuthenticateLayer::per_request(move |parts| match parts.uri.host() {
        Some("app.example.com") => Some(production.clone()),
        Some("localhost") => Some(development.clone()),
        _ => None,
    });
    let app = App::default();
    let service = layer.layer(app.service());
    for (target, cookies, expected) in [
        ("https://app.example.com/", signed_in(LIVE_ISSUER), (200, "user_1")),
        ("http://localhost:3000/", signed_in(TEST_ISSUER), (200, "user_1")),
        ("http://localhost:3000/", SIGNED_OUT.to_owned(), (200, "nobody")),
        ("https://other.example/", signed_in(LIVE_ISSUER), (421, "")),
    ] {
        let answer = send(service.clone(), request(target, &[("cookie", &cookies)])).await;
        assert_eq!((answer.status, answer.body.as_str()), expected, "{target}");
    }
    assert_eq!(app.calls(), 3, "nobody chose an instance for the fourth");
    assert_eq!(clerk.calls(), ["jwks", "jwks"], "each instance has keys of its own");
}
