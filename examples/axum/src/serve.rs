//! A server with limits. `axum::serve` sets no time-outs and accepts any number of connections. Servers on the public
//! internet need these limits, here or in a proxy in front.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::write_limit::WriteLimited;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The longest time for the head of a request, and between two requests.
    pub(crate) head_timeout: Duration,
    /// The largest head of a request. Larger ones are answered 431.
    pub(crate) head_bytes: usize,
    /// The longest time that a client reads nothing of its response.
    pub(crate) write_timeout: Duration,
    /// The most concurrent connections. Others wait in the listener's queue.
    pub(crate) connections: usize,
    /// The longest time that requests run after the signal to stop.
    pub(crate) farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            head_bytes: 64 * 1_024,
            write_timeout: Duration::from_secs(30),
            connections: 1_024,
            farewell: Duration::from_secs(10),
        }
    }
}

/// Serves `app` until `stop` completes and the running requests have ended.
pub(crate) async fn serve(listener: TcpListener, app: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let (stopping, is_stopping) = watch::channel(());
    let mut stop = pin!(stop);
    let mut warned_at: Option<Instant> = None;
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = serve_connection(stream, app.clone(), limits, is_stopping.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Most likely too many open files: wait until some are closed.
                if warned_at.is_none_or(|at| at.elapsed() >= Duration::from_secs(60)) {
                    tracing::warn!(%error, "a connection cannot be accepted");
                    warned_at = Some(Instant::now());
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let _ = stopping.send(());
    // All permits are free once all connections have ended.
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let _ = timeout(limits.farewell, places.acquire_many(all)).await;
}

async fn serve_connection(stream: TcpStream, app: Router, limits: Limits, mut is_stopping: watch::Receiver<()>) {
    let mut http = http1::Builder::new();
    // Without a timer hyper has no time-outs.
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes)
        // A client may close its side after its request, and still read the response.
        .half_close(true);
    let stream = TokioIo::new(WriteLimited::new(stream, limits.write_timeout));
    let connection = http.serve_connection(stream, TowerToHyperService::new(app));
    let mut connection = pin!(connection.with_upgrades());
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = is_stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    /// Starts a server with these limits; returns its port and the sender that stops it.
    async fn start(limits: Limits) -> (u16, oneshot::Sender<()>, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel();
        let app = Router::new()
            .route("/", get(async || "here"))
            .route("/later", get(later))
            // More than the buffers of both sockets hold.
            .route("/large", get(async || vec![b'x'; 64 * 1_024 * 1_024]));
        let server = tokio::spawn(serve(listener, app, limits, async {
            let _ = stopped.await;
        }));
        (port, stop, server)
    }

    /// A response that is not ready at once.
    async fn later() -> &'static str {
        tokio::task::yield_now().await;
        "later"
    }

    async fn connect(port: u16) -> TcpStream {
        TcpStream::connect(("127.0.0.1", port)).await.unwrap()
    }

    async fn answer(stream: &mut TcpStream) -> String {
        stream.write_all(REQUEST).await.unwrap();
        let mut text = [0; 1024];
        let read = stream.read(&mut text).await.unwrap();
        String::from_utf8_lossy(&text[..read]).into_owned()
    }

    #[tokio::test]
    async fn slow_head_is_closed() {
        let limits = Limits {
            head_timeout: Duration::from_millis(50),
            ..Limits::default()
        };
        let (port, _stop, _server) = start(limits).await;
        let mut slow = connect(port).await;
        slow.write_all(&REQUEST[..10]).await.unwrap();
        let mut rest = Vec::new();
        let closed = timeout(Duration::from_secs(30), slow.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "the connection is still open");
        assert!(answer(&mut connect(port).await).await.ends_with("here"));
    }

    #[tokio::test]
    async fn large_head_returns_431() {
        let (port, _stop, _server) = start(Limits::default()).await;
        for (size, status) in [(60 * 1_024, "200"), (64 * 1_024, "431")] {
            let mut stream = connect(port).await;
            let head = format!(
                "GET / HTTP/1.1\r\nhost: localhost\r\ncookie: {}\r\n\r\n",
                "x".repeat(size)
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut start = [0; 12];
            stream.read_exact(&mut start).await.unwrap();
            assert!(start.ends_with(status.as_bytes()), "{size}: {}", start.escape_ascii());
        }
    }

    #[tokio::test]
    async fn half_closed_connection_gets_its_response() {
        let (port, _stop, _server) = start(Limits::default()).await;
        let mut stream = connect(port).await;
        stream
            .write_all(b"GET /later HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert!(response.ends_with("later"), "{response}");
    }

    #[tokio::test]
    async fn client_that_does_not_read_loses_its_connection() {
        let limits = Limits {
            write_timeout: Duration::from_millis(50),
            connections: 1,
            ..Limits::default()
        };
        let (port, _stop, _server) = start(limits).await;
        let mut not_reading = connect(port).await;
        not_reading
            .write_all(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        let mut next = connect(port).await;
        let answered = timeout(Duration::from_secs(30), answer(&mut next)).await;
        assert!(answered.expect("a place is free").ends_with("here"));
    }

    #[tokio::test]
    async fn clients_that_leave_free_their_places() {
        let limits = Limits {
            head_timeout: Duration::from_secs(600),
            write_timeout: Duration::from_secs(600),
            connections: 1,
            ..Limits::default()
        };
        let (port, _stop, _server) = start(limits).await;
        let left: [&[u8]; 5] = [
            b"",
            &REQUEST[..10],
            b"GET /later HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nhalf",
        ];
        for sent in left {
            let mut leaving = connect(port).await;
            leaving.write_all(sent).await.unwrap();
            drop(leaving);
            let mut next = connect(port).await;
            let answered = timeout(Duration::from_secs(30), answer(&mut next)).await;
            assert!(
                answered.expect("a place is free").ends_with("here"),
                "{}",
                sent.escape_ascii()
            );
        }
    }

    #[tokio::test]
    async fn connections_above_the_limit_wait_for_a_place() {
        let limits = Limits {
            connections: 1,
            ..Limits::default()
        };
        let (port, _stop, _server) = start(limits).await;
        let mut first = connect(port).await;
        assert!(answer(&mut first).await.ends_with("here"));
        let mut second = connect(port).await;
        let mut waiting = tokio::spawn(async move { answer(&mut second).await });
        assert!(timeout(Duration::from_millis(50), &mut waiting).await.is_err());
        drop(first);
        assert!(waiting.await.unwrap().ends_with("here"));
    }

    #[tokio::test]
    async fn idle_connections_do_not_delay_the_end() {
        let (port, stop, server) = start(Limits::default()).await;
        let mut idle = connect(port).await;
        assert!(answer(&mut idle).await.ends_with("here"));
        stop.send(()).unwrap();
        server.await.unwrap();
    }
}
