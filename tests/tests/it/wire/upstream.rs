//! A Frontend API that records its requests.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The path that is never answered.
pub(crate) const SILENT: &str = "/v1/silent";

#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) origin: String,
    asked: Arc<Mutex<Vec<(Parts, Bytes)>>>,
    open: Arc<watch::Sender<usize>>,
}

/// A request in progress.
struct InProgress(Arc<watch::Sender<usize>>);

impl InProgress {
    fn new(open: Arc<watch::Sender<usize>>) -> Self {
        open.send_modify(|count| *count += 1);
        Self(open)
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let upstream = Self {
            origin: format!("http://{address}"),
            asked: Arc::default(),
            open: Arc::new(watch::Sender::new(0)),
        };
        let serving = upstream.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let upstream = serving.clone();
                let service = service_fn(move |request| upstream.clone().respond(request));
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
            }
        });
        upstream
    }

    /// Answers with the request's body.
    async fn respond(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let _in_progress = InProgress::new(self.open);
        let (parts, body) = request.into_parts();
        let is_silent = parts.uri.path() == SILENT;
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => Bytes::from("incomplete"),
        };
        self.asked.lock().expect("not poisoned").push((parts, body.clone()));
        if is_silent {
            std::future::pending::<()>().await;
        }
        Ok(Response::new(Full::new(body)))
    }

    /// Returns the requests since the last call, with their bodies.
    pub(crate) fn take_asked(&self) -> Vec<(Parts, Bytes)> {
        std::mem::take(&mut self.asked.lock().expect("not poisoned"))
    }

    /// Waits until this number of requests is in progress.
    pub(crate) async fn in_progress(&self, count: usize) {
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open == count).await.expect("the sender lives");
    }
}

/// Counts up for each call.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}
