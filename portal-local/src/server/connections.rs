//! Accepts connections within limits until the server is stopped.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tower_service::Service as _;

use super::write_limit::WriteLimited;

/// The pause of accepting when the system lacks file descriptors or memory.
const PAUSE: Duration = Duration::from_millis(200);
/// The shortest time between two warnings about that.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60);
/// The size of one read of discarded bytes.
const CHUNK_BYTES: usize = 16 * 1_024;

/// The limits of one connection and of all together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections open at the same time. Others wait in the system's queue.
    pub(super) connections: usize,
    /// The time limit for a complete request head. It closes idle connections too.
    pub(super) head: Duration,
    /// The size limit of a request head; larger ones are answered 431.
    pub(super) head_bytes: usize,
    /// The time limit of a client that reads nothing of its response.
    pub(super) write: Duration,
    /// The time to keep reading after the last response.
    ///
    /// Closing a connection with unread bytes resets it, and the client may lose that response (RFC 9112, section 9.6).
    pub(super) linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            head: Duration::from_secs(20),
            head_bytes: 128 * 1_024,
            write: Duration::from_secs(30),
            linger: Duration::from_secs(5),
        }
    }
}

/// Serves until `stop`, then shuts down gracefully.
///
/// Idle connections end at once, the others after their current request.
pub(super) async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let (is_serving, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut warned_at = None;
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(ended) = connections.join_next() => note(ended),
            accepted = listener.accept(), if connections.len() < limits.connections => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, router.clone(), limits, stopping.clone()));
                }
                Err(error) => pause_after(&error, &mut warned_at).await,
            },
        }
    }
    drop(listener);
    drop(is_serving);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection ended in a panic");
    }
}

/// Pauses after an error of the system, which would recur at once.
///
/// Errors of one connection need no pause.
async fn pause_after(error: &io::Error, warned_at: &mut Option<Instant>) {
    let of_one_connection = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::Interrupted,
    ];
    if of_one_connection.contains(&error.kind()) {
        return;
    }
    if warned_at.is_none_or(|at| at.elapsed() >= BETWEEN_WARNINGS) {
        tracing::warn!(%error, "no connection can be accepted at the moment; close some files or programs");
        *warned_at = Some(Instant::now());
    }
    tokio::time::sleep(PAUSE).await;
}

async fn serve_connection(stream: TcpStream, router: Router, limits: Limits, mut stopping: watch::Receiver<()>) {
    let service = service_fn(move |request: Request<Incoming>| Box::pin(router.clone().call(request)));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes)
        // A client that has sent all may close its side and still read (RFC 9112 section 9.6).
        .half_close(true)
        .serve_connection(TokioIo::new(WriteLimited::new(stream, limits.write)), service);
    // Ends when the sender is dropped.
    let mut stopped = pin!(async move {
        let _ = stopping.changed().await;
    });
    let ended = tokio::select! {
        ended = poll_fn(|context| connection.poll_without_shutdown(context)) => Some(ended),
        () = &mut stopped => None,
    };
    match ended {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            // Ignore the error: the client may have disconnected.
            let _ = connection.await;
            return;
        }
    }
    let stream = connection.into_parts().io.into_inner();
    tokio::select! {
        () = linger(stream, limits.linger) => {}
        () = &mut stopped => {}
    }
}

/// Closes the write side, then reads until the client closes its own.
async fn linger(mut stream: WriteLimited<TcpStream>, patience: Duration) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut dropped = vec![0; CHUNK_BYTES];
    let reading = async { while matches!(stream.read(&mut dropped).await, Ok(1..)) {} };
    // On timeout the connection is reset.
    let _ = tokio::time::timeout(patience, reading).await;
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::routing::get;
    use tokio::sync::{Semaphore, mpsc, oneshot};
    use tokio::task::JoinHandle;

    use super::*;

    /// A limit that no test reaches: waiting for it would look like a hang.
    const FOR_EVER: Duration = Duration::from_secs(3_600);
    /// The bound of a wait. Reaching it means that the server hangs.
    const BOUND: Duration = Duration::from_secs(30);
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    struct Server {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: JoinHandle<()>,
    }

    async fn start(router: Router, limits: Limits) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(serve(listener, router, limits, async {
            let _ = stopped.await;
        }));
        Server { address, stop, ended }
    }

    fn hello() -> Router {
        Router::new().route("/", get(|| async { "hello" }))
    }

    async fn send(address: SocketAddr, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// All bytes that the server sends before it closes the connection.
    async fn until_end(mut stream: TcpStream) -> String {
        let mut text = String::new();
        let read = tokio::time::timeout(BOUND, stream.read_to_string(&mut text)).await;
        read.expect("the connection ends").unwrap();
        text
    }

    /// Starts a server whose clients have 50 ms for a head.
    async fn start_with_short_heads() -> Server {
        let head = Duration::from_millis(50);
        start(
            hello(),
            Limits {
                head,
                ..Limits::default()
            },
        )
        .await
    }

    #[tokio::test]
    async fn slow_head_ends_the_connection() {
        let server = start_with_short_heads().await;
        for sent in [&b""[..], b"GET", b"GET / HTTP/1.1\r\nHost: x\r\nX: "] {
            let text = until_end(send(server.address, sent).await).await;
            assert!(!text.contains("hello"), "{text}");
        }
    }

    #[tokio::test]
    async fn idle_connection_ends_after_its_last_response() {
        let server = start_with_short_heads().await;
        let text = until_end(send(server.address, REQUEST).await).await;
        assert!(text.starts_with("HTTP/1.1 200 ") && text.ends_with("hello"), "{text}");
    }

    #[tokio::test]
    async fn half_closed_connection_gets_its_response() {
        let gate = Arc::new(Semaphore::new(0));
        let (entered, mut entries) = mpsc::unbounded_channel();
        let handler = {
            let gate = Arc::clone(&gate);
            move || async move {
                entered.send(()).unwrap();
                gate.acquire().await.unwrap().forget();
                "finished"
            }
        };
        let server = start(Router::new().route("/", get(handler)), Limits::default()).await;
        let mut stream = send(server.address, REQUEST).await;
        stream.shutdown().await.unwrap();
        entries.recv().await.unwrap();
        gate.add_permits(1);
        assert!(until_end(stream).await.ends_with("finished"));
    }

    #[tokio::test]
    async fn client_that_does_not_read_loses_its_connection() {
        let limits = Limits {
            connections: 1,
            write: Duration::from_millis(50),
            linger: Duration::ZERO,
            ..Limits::default()
        };
        // More than the buffers of both sockets hold.
        let big = vec![b'x'; 64 * 1_024 * 1_024];
        let server = start(hello().route("/big", get(|| async move { big })), limits).await;
        let _not_reading = send(server.address, b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let next = send(
            server.address,
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
        .await;
        assert!(until_end(next).await.ends_with("hello"));
    }

    #[tokio::test]
    async fn clients_that_leave_free_their_connections() {
        let limits = Limits {
            connections: 1,
            head: FOR_EVER,
            write: FOR_EVER,
            linger: FOR_EVER,
            ..Limits::default()
        };
        let server = start(hello(), limits).await;
        let left: [&[u8]; 6] = [
            b"",
            b"GET / HT",
            REQUEST,
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf",
        ];
        for sent in left {
            drop(send(server.address, sent).await);
            let next = send(
                server.address,
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            )
            .await;
            assert!(
                until_end(next).await.ends_with("hello"),
                "after {}",
                sent.escape_ascii()
            );
        }
    }

    /// The clock moves as soon as every task waits.
    #[tokio::test(start_paused = true)]
    async fn lack_of_file_descriptors_is_warned_of_once_a_minute() {
        let error = io::Error::from_raw_os_error(24);
        let mut warned_at = None;
        pause_after(&error, &mut warned_at).await;
        let first = warned_at.expect("a warning");
        while first.elapsed() < BETWEEN_WARNINGS {
            pause_after(&error, &mut warned_at).await;
            assert_eq!(warned_at, Some(first));
        }
        pause_after(&error, &mut warned_at).await;
        assert!(warned_at > Some(first));
    }

    #[tokio::test]
    async fn head_above_the_limit_returns_431() {
        let server = start(hello(), Limits::default()).await;
        let size = Limits::default().head_bytes;
        let long = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "x".repeat(size));
        let text = until_end(send(server.address, long.as_bytes()).await).await;
        assert!(text.starts_with("HTTP/1.1 431 "), "{text}");
        let fits = format!(
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {}\r\n\r\n",
            "x".repeat(size / 2)
        );
        let text = until_end(send(server.address, fits.as_bytes()).await).await;
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    }

    #[tokio::test]
    async fn connections_above_the_limit_wait() {
        let gate = Arc::new(Semaphore::new(0));
        let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (entered, mut entries) = mpsc::unbounded_channel();
        let handler = {
            let (gate, inside, most) = (Arc::clone(&gate), Arc::clone(&inside), Arc::clone(&most));
            move || async move {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                entered.send(()).unwrap();
                gate.acquire().await.unwrap().forget();
                inside.fetch_sub(1, Ordering::SeqCst);
                "hello"
            }
        };
        let connections = 2;
        let server = start(
            Router::new().route("/", get(handler)),
            Limits {
                connections,
                ..Limits::default()
            },
        )
        .await;
        let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let mut clients = Vec::new();
        for _ in 0..6 {
            clients.push(tokio::spawn(until_end(send(server.address, request).await)));
        }
        for _ in 0..6 {
            entries.recv().await.unwrap();
            gate.add_permits(1);
        }
        for client in clients {
            assert!(client.await.unwrap().ends_with("hello"));
        }
        assert!(most.load(Ordering::SeqCst) <= connections);
    }

    #[tokio::test]
    async fn stop_finishes_requests_and_ends_idle_connections() {
        let gate = Arc::new(Semaphore::new(0));
        let (entered, mut entries) = mpsc::unbounded_channel();
        let handler = {
            let gate = Arc::clone(&gate);
            move || async move {
                entered.send(()).unwrap();
                gate.acquire().await.unwrap().forget();
                "finished"
            }
        };
        let limits = Limits {
            head: FOR_EVER,
            linger: FOR_EVER,
            ..Limits::default()
        };
        let server = start(hello().route("/slow", get(handler)), limits).await;
        let idle = send(server.address, b"").await;
        let busy = send(server.address, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
        entries.recv().await.unwrap();
        server.stop.send(()).unwrap();
        assert_eq!(until_end(idle).await, "");
        gate.add_permits(1);
        assert!(until_end(busy).await.ends_with("finished"));
        server.ended.await.unwrap();
    }
}
