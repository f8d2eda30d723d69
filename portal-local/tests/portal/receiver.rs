//! A receiver of webhooks: an HTTP server on a loopback address that records what it gets.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::LOCATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use portal_local::LocalPortal;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The time in which a state has to be reached.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn id(&self) -> &str {
        self.header("svix-id")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn event_type(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Checks the signature by the rule of Standard Webhooks.
    pub(crate) fn is_signed_by(&self, portal: &LocalPortal) -> bool {
        let secret = portal.webhook_signing_secret().expose();
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = [self.id(), self.header("svix-timestamp"), &self.body].join(".");
        let (version, signature) = self.header("svix-signature").split_once(',').unwrap();
        let signature = STANDARD.decode(signature).unwrap();
        version == "v1" && hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
    }
}

/// The response to a message.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Status(u16),
    /// After the channel says `true`.
    Held(watch::Receiver<bool>),
}

type Rule = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

pub(crate) struct Receiver {
    address: SocketAddr,
    received: watch::Receiver<Vec<Received>>,
    server: JoinHandle<()>,
}

impl Receiver {
    /// Accepts every message.
    pub(crate) async fn start() -> Self {
        Self::replying(|_| Reply::Status(204)).await
    }

    pub(crate) async fn replying(rule: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::at((std::net::Ipv4Addr::LOCALHOST, 0).into(), rule).await
    }

    pub(crate) async fn at(address: SocketAddr, rule: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (record, received) = watch::channel(Vec::new());
        let server = tokio::spawn(serve(listener, Arc::new(record), Arc::new(rule)));
        Self {
            address,
            received,
            server,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks?from=portal", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// The messages, once they are as expected.
    pub(crate) async fn wait(&self, expected: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let mut received = self.received.clone();
        let waiting = received.wait_for(|all| expected(all));
        let found = timeout(PATIENCE, waiting).await.map(|all| all.unwrap().clone());
        found.unwrap_or_else(|_| panic!("{:#?}", self.received()))
    }

    pub(crate) async fn wait_for(&self, number: usize) -> Vec<Received> {
        self.wait(|all| all.len() >= number).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, record: Arc<watch::Sender<Vec<Received>>>, rule: Rule) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (record, rule) = (Arc::clone(&record), Arc::clone(&rule));
        let service = service_fn(move |request| answer(request, Arc::clone(&record), Arc::clone(&rule)));
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    record: Arc<watch::Sender<Vec<Received>>>,
    rule: Rule,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let received = Received {
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let reply = rule(&received);
    record.send_modify(|all| all.push(received));
    let status = match reply {
        Reply::Status(status) => status,
        Reply::Held(mut held) => {
            let _ = held.wait_for(|is_released| *is_released).await;
            200
        }
    };
    let mut response = Response::new(Full::new(Bytes::from_static(b"the receiver's reason")));
    *response.status_mut() = status.try_into().unwrap();
    if status == 302 {
        response.headers_mut().insert(LOCATION, "/elsewhere".parse().unwrap());
    }
    Ok(response)
}
