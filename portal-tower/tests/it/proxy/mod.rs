//! `FrontendApiProxy` before a real server on this machine.

mod bodies;
mod exchange;
mod faults;
mod hostile_bodies;
mod hostile_heads;
mod raw_upstream;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portal_tower::FrontendApiProxy;
use portal_tower::portal_sdk::instance::{ConfigError, Setting};
use portal_tower::proxy::ProxyBody;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::support::live;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A Frontend API with scripted responses that records its requests.
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
        proxy.with_peer_address(|parts| parts.extensions.get::<IpAddr>().copied())
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

#[test]
fn proxy_without_a_proxy_url_is_an_error() {
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
