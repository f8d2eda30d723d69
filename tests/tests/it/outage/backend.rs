//! A Backend API on loopback that fails in several ways.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portal_sdk::testing::TestKey;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The state of the Backend API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Up,
    /// Connections break without a response.
    Down,
    /// No response is sent.
    Hanging,
    /// Responses are sent after other tasks have run for a while.
    Slow,
    /// 200 with a page that is not JSON.
    Garbage,
    /// 429 with `Retry-After`.
    RateLimited,
}

/// The server. It ends with this value.
pub(crate) struct Backend {
    pub(crate) origin: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    mode: Mutex<Mode>,
    keys: Mutex<Value>,
    /// The cookies of a renewal.
    renewed: Mutex<String>,
    key_fetches: AtomicUsize,
    renewals: AtomicUsize,
}

impl Backend {
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            mode: Mutex::new(Mode::Up),
            keys: Mutex::new(json!({ "keys": [TestKey::of_process().jwk(TestKey::ID)] })),
            renewed: Mutex::default(),
            key_fetches: AtomicUsize::new(0),
            renewals: AtomicUsize::new(0),
        });
        let serving = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = serving.clone();
                let answer = service_fn(move |request| respond(shared.clone(), request));
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Ok(Self { origin, shared, task })
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        *self.shared.mode.lock().expect("not poisoned") = mode;
    }

    /// Replaces the key set by this key alone.
    pub(crate) fn rotate_to(&self, key: &TestKey, key_id: &str) {
        *self.shared.keys.lock().expect("not poisoned") = json!({ "keys": [key.jwk(key_id)] });
    }

    /// Sets the session token that renewals return.
    pub(crate) fn renew_with(&self, token: &str) {
        *self.shared.renewed.lock().expect("not poisoned") = format!("__session={token}; Path=/");
    }

    pub(crate) fn key_fetches(&self) -> usize {
        self.shared.key_fetches.load(Ordering::SeqCst)
    }

    pub(crate) fn renewals(&self) -> usize {
        self.shared.renewals.load(Ordering::SeqCst)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let is_renewal = request.method() == Method::POST;
    let counter = if is_renewal {
        &shared.renewals
    } else {
        &shared.key_fetches
    };
    counter.fetch_add(1, Ordering::SeqCst);
    let mode = *shared.mode.lock().expect("not poisoned");
    match mode {
        // hyper closes the connection without a response.
        Mode::Down => return Err(io::ErrorKind::ConnectionReset.into()),
        Mode::Hanging => pending().await,
        Mode::Slow => {
            for _ in 0..500 {
                tokio::task::yield_now().await;
            }
        }
        Mode::Garbage => return Ok(Response::new("<h1>Maintenance</h1>".into())),
        Mode::RateLimited => {
            let limited = Response::builder()
                .status(StatusCode::TOO_MANY_REQUESTS)
                .header("retry-after", "30");
            return limited.body(Full::default()).map_err(io::Error::other);
        }
        Mode::Up => {}
    }
    let body = match is_renewal {
        true => json!({ "cookies": [*shared.renewed.lock().expect("not poisoned")] }),
        false => shared.keys.lock().expect("not poisoned").clone(),
    };
    Ok(Response::new(body.to_string().into()))
}
