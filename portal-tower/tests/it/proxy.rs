//! `FrontendApiProxy` before a real server on this machine.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portal_tower::FrontendApiProxy;
use portal_tower::proxy::ProxyBody;
use portal_tower::sdk::instance::{ConfigError, Setting};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower::{Layer as _, ServiceExt as _};

use crate::support::{layer, live, request};

type Body = UnsyncBoxBody<Bytes, Infallible>;
type Chunks = mpsc::UnboundedReceiver<Result<Frame<Bytes>, Infallible>>;

/// A Frontend API that answers as it is told and remembers what it was asked.
struct Upstream {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Parts>>>,
}

impl Upstream {
    async fn start<F, R>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
        R: Future<Output = Response<Body>> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Parts>>> = Arc::default();
        let remembers = asked.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (answer, asked) = (answer.clone(), remembers.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let (parts, body) = request.into_parts();
                    asked.lock().unwrap().push(parts.clone());
                    let answering = answer(Request::from_parts(parts, body));
                    async move { Ok::<_, Infallible>(answering.await) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(connection), service),
                );
            }
        });
        Self { address, asked }
    }

    /// Answers 200 with what it was sent.
    async fn echoing() -> Self {
        Self::start(async |request: Request<Incoming>| {
            let body = request
                .into_body()
                .collect()
                .await
                .map(http_body_util::Collected::to_bytes);
            Response::new(Full::new(body.unwrap_or_default()).boxed_unsync())
        })
        .await
    }

    /// A proxy before it, mounted at `/__clerk`.
    fn proxy(&self) -> FrontendApiProxy {
        let instance = live()
            .proxy_url("/__clerk")
            .frontend_api_url(format!("http://{}/base", self.address));
        let proxy = FrontendApiProxy::new(&instance.build().unwrap()).unwrap();
        proxy.peer_address(|parts| parts.extensions.get::<IpAddr>().copied())
    }

    fn asked(&self) -> Vec<Parts> {
        self.asked.lock().unwrap().clone()
    }
}

fn empty() -> Body {
    Empty::new().boxed_unsync()
}

async fn send(proxy: FrontendApiProxy, request: Request<Full<Bytes>>) -> Response<ProxyBody> {
    proxy.oneshot(request).await.unwrap()
}

async fn text(response: Response<ProxyBody>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
}

/// The code of one of the proxy's own answers, with its status.
async fn refusal(response: Response<ProxyBody>) -> (u16, String) {
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let status = response.status().as_u16();
    let body: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
    assert!(body["errors"][0]["message"].is_string());
    (status, body["errors"][0]["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn clerk_learns_who_asks_and_through_which_proxy() {
    let upstream = Upstream::echoing().await;
    let headers = [
        ("host", "app.example.com"),
        ("x-forwarded-proto", "https"),
        ("cookie", "__client=abc"),
        ("authorization", "Bearer x"),
        ("accept-encoding", "gzip"),
        ("clerk-secret-key", "sk_live_forged"),
        ("clerk-proxy-url", "https://evil.example"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
        ("cf-connecting-ip", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("connection", "close, X-Drop"),
        ("x-drop", "1"),
        ("te", "trailers"),
        ("upgrade", "websocket"),
        ("proxy-authorization", "Basic x"),
    ];
    let mut request = request("POST /__clerk/v1/client/sign_ins?a=%20b&_method=PATCH", &headers);
    *request.body_mut() = Full::from("identifier=ada");
    request.extensions_mut().insert(IpAddr::from([192, 0, 2, 7]));
    let response = send(upstream.proxy(), request).await;
    assert_eq!(
        (response.status().as_u16(), text(response).await),
        (200, "identifier=ada".to_owned())
    );

    let [asked] = &upstream.asked()[..] else {
        panic!("not once")
    };
    assert_eq!(
        (asked.method.as_str(), asked.uri.to_string().as_str()),
        ("POST", "/base/v1/client/sign_ins?a=%20b&_method=PATCH")
    );
    for (name, expected) in [
        ("host", Some(upstream.address.to_string())),
        ("clerk-proxy-url", Some("https://app.example.com/__clerk".to_owned())),
        ("clerk-secret-key", Some("sk_live_x".to_owned())),
        ("x-forwarded-host", Some("app.example.com".to_owned())),
        ("x-forwarded-proto", Some("https".to_owned())),
        ("x-forwarded-for", Some("192.0.2.7".to_owned())),
        ("cookie", Some("__client=abc".to_owned())),
        ("authorization", Some("Bearer x".to_owned())),
        ("accept-encoding", Some("gzip".to_owned())),
        ("x-real-ip", None),
        ("cf-connecting-ip", None),
        ("forwarded", None),
        ("x-drop", None),
        ("te", None),
        ("upgrade", None),
        ("proxy-authorization", None),
    ] {
        let found: Vec<&str> = asked
            .headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        assert_eq!(found, expected.as_deref().into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test]
async fn only_ones_own_proxies_are_believed_about_the_client() {
    let upstream = Upstream::echoing().await;
    let mine = IpAddr::from([10, 0, 0, 1]);
    for (proxy, peer, expected) in [
        (upstream.proxy(), Some(mine), Some("10.0.0.1")),
        (
            upstream.proxy().trusted_proxies([mine]),
            Some(mine),
            Some("203.0.113.9"),
        ),
        (upstream.proxy().trusted_proxies([mine]), None, None),
    ] {
        let mut request = request(
            "/__clerk/v1/client",
            &[("host", "app.example.com"), ("x-forwarded-for", "1.1.1.1, 203.0.113.9")],
        );
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        send(proxy, request).await;
        let asked = upstream.asked().pop().unwrap();
        assert_eq!(
            asked
                .headers
                .get("x-forwarded-for")
                .map(|value| value.to_str().unwrap()),
            expected
        );
    }
}

#[tokio::test]
async fn what_comes_back_is_whole() {
    let upstream = Upstream::start(async |request: Request<Incoming>| {
        let response = Response::builder()
            .status(if request.uri().path().ends_with("/redirect") {
                307
            } else {
                200
            })
            .header("set-cookie", "__client=1; Path=/; HttpOnly")
            .header("set-cookie", "__client_uat=2; Path=/")
            .header("location", "/base/v1/next?a=b")
            .header("connection", "X-Once")
            .header("x-once", "1")
            .header("x-kept", "1");
        response.body(Full::from("body").boxed_unsync()).unwrap()
    })
    .await;
    let response = send(
        upstream.proxy(),
        request("/__clerk/v1/redirect", &[("host", "app.example.com")]),
    )
    .await;
    assert_eq!(response.status(), 307, "redirects are not followed");
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["__client=1; Path=/; HttpOnly", "__client_uat=2; Path=/"]);
    assert_eq!(
        response.headers()["location"],
        "http://app.example.com/__clerk/v1/next?a=b"
    );
    assert_eq!(response.headers()["x-kept"], "1");
    assert!(!response.headers().contains_key("x-once"));
    assert_eq!(text(response).await, "body");

    let head = send(
        upstream.proxy(),
        request("HEAD /__clerk/v1/x", &[("host", "app.example.com")]),
    )
    .await;
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-length"]),
        (200, &"4".parse().unwrap())
    );
    assert_eq!(text(head).await, "");
}

#[tokio::test]
async fn bodies_pass_piece_by_piece() {
    // Up: the server sees the first piece before the second is sent. Down: likewise.
    let (seen, mut sees) = mpsc::unbounded_channel();
    let (down, pieces) = mpsc::unbounded_channel();
    let pieces: Arc<Mutex<Option<Chunks>>> = Arc::new(Mutex::new(Some(pieces)));
    let upstream = Upstream::start(move |request: Request<Incoming>| {
        let (seen, pieces) = (seen.clone(), pieces.clone());
        async move {
            let mut body = request.into_body();
            while let Some(frame) = body.frame().await {
                seen.send(frame.unwrap().into_data().unwrap()).unwrap();
            }
            let mut pieces = pieces.lock().unwrap().take().unwrap();
            let frames = futures_util::stream::poll_fn(move |cx| pieces.poll_recv(cx));
            Response::new(StreamBody::new(frames).boxed_unsync())
        }
    })
    .await;
    let (up, mut sent) = mpsc::unbounded_channel::<Result<Frame<Bytes>, Infallible>>();
    let body = StreamBody::new(futures_util::stream::poll_fn(move |cx| sent.poll_recv(cx)));
    let request = Request::post("/__clerk/v1/upload")
        .header("host", "app.example.com")
        .body(body)
        .unwrap();
    let answering = tokio::spawn(upstream.proxy().oneshot(request));
    for piece in ["one", "two"] {
        up.send(Ok(Frame::data(Bytes::from(piece)))).unwrap();
        assert_eq!(sees.recv().await.unwrap(), piece);
    }
    drop(up);
    let mut response = answering.await.unwrap().unwrap();
    for piece in ["three", "four"] {
        down.send(Ok(Frame::data(Bytes::from(piece)))).unwrap();
        let frame = response.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece);
    }
    drop(down);
    assert!(response.frame().await.is_none());
}

#[tokio::test]
async fn it_is_no_open_proxy() {
    let upstream = Upstream::echoing().await;
    for path in [
        "/other",
        "/__clerkx/v1",
        "/__clerk/../x",
        "/__clerk/%2e%2e/x",
        "http://evil.example/v1",
    ] {
        let refused = refusal(send(upstream.proxy(), request(path, &[("host", "app.example.com")])).await).await;
        assert_eq!(refused, (400, "proxy_path_mismatch".to_owned()), "{path}");
    }
    assert!(upstream.asked().is_empty());
    for path in [
        "/__clerk//evil.example/x",
        "/__clerk/@evil.example/x",
        "http://evil.example/__clerk/x",
    ] {
        send(upstream.proxy(), request(path, &[("host", "app.example.com")])).await;
        assert_eq!(
            upstream.asked().pop().unwrap().headers["host"],
            upstream.address.to_string(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let upstream = Upstream::echoing().await;
    let proxy = || upstream.proxy().max_request_bytes(10);
    let declared = request(
        "POST /__clerk/v1/x",
        &[("host", "app.example.com"), ("content-length", "11")],
    );
    assert_eq!(
        refusal(send(proxy(), declared).await).await,
        (413, "proxy_request_too_large".to_owned())
    );
    assert!(upstream.asked().is_empty());

    let pieces = ["1234567", "890x"].map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::from(piece))));
    let mut pieces = pieces.into_iter();
    let body = StreamBody::new(futures_util::stream::poll_fn(move |_| {
        std::task::Poll::Ready(pieces.next())
    }));
    let streamed = Request::post("/__clerk/v1/x")
        .header("host", "app.example.com")
        .body(body)
        .unwrap();
    let refused = refusal(proxy().oneshot(streamed).await.unwrap()).await;
    assert_eq!(refused, (413, "proxy_request_too_large".to_owned()));

    let mut right = request("POST /__clerk/v1/x", &[("host", "app.example.com")]);
    *right.body_mut() = Full::from("1234567890");
    assert_eq!(text(send(proxy(), right).await).await, "1234567890");
}

#[tokio::test]
async fn clerks_faults_are_told_apart() {
    let get = || request("/__clerk/v1/client", &[("host", "app.example.com")]);
    // Nobody listens where somebody did.
    let gone = Upstream::echoing().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let instance = live()
        .proxy_url("/__clerk")
        .frontend_api_url(format!("http://{nobody}"))
        .build()
        .unwrap();
    let refused = refusal(send(FrontendApiProxy::new(&instance).unwrap(), get()).await).await;
    assert_eq!(refused, (502, "proxy_request_failed".to_owned()));

    let silent = Upstream::start(async |_: Request<Incoming>| std::future::pending().await).await;
    let refused = refusal(send(silent.proxy().timeout(Duration::from_millis(50)), get()).await).await;
    assert_eq!(refused, (504, "proxy_request_failed".to_owned()));

    // It begins to answer and stops.
    let stopping = Upstream::start(async |_: Request<Incoming>| {
        let first = std::iter::once(Ok::<_, Infallible>(Frame::data(Bytes::from("half"))));
        let mut first = first.into_iter();
        let frames = futures_util::stream::poll_fn(move |_| {
            first
                .next()
                .map_or(std::task::Poll::Pending, |frame| std::task::Poll::Ready(Some(frame)))
        });
        Response::new(StreamBody::new(frames).boxed_unsync())
    })
    .await;
    let mut response = send(stopping.proxy().timeout(Duration::from_millis(50)), get()).await;
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
    let error = response.frame().await.unwrap().unwrap_err();
    assert!(error.to_string().starts_with("nothing came for"), "{error}");

    let inside = layer(live()).layer(gone.proxy());
    let misplaced = inside.oneshot(get()).await.unwrap().map(|body| body);
    assert_eq!(misplaced.status(), 500);
    assert!(gone.asked().is_empty());
}

#[tokio::test]
async fn an_answer_without_a_body_stays_so() {
    for status in [204, 304] {
        let upstream = Upstream::start(move |_: Request<Incoming>| async move {
            Response::builder().status(status).body(empty()).unwrap()
        })
        .await;
        let response = send(
            upstream.proxy(),
            request("/__clerk/v1/x", &[("host", "app.example.com")]),
        )
        .await;
        assert_eq!(
            (response.status().as_u16(), text(response).await),
            (status, String::new())
        );
    }
}

#[test]
fn a_proxy_needs_a_place() {
    let error = FrontendApiProxy::new(&live().build().unwrap()).unwrap_err();
    assert!(
        matches!(
            error,
            ConfigError::Missing {
                setting: Setting::ProxyUrl,
                ..
            }
        ),
        "{error}"
    );
    let printed = live().proxy_url("/__clerk").build().unwrap();
    let printed = format!("{:?}", FrontendApiProxy::new(&printed).unwrap());
    assert!(!printed.contains("sk_live_x"), "{printed}");
}
