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

/// A handler that reports each request, and answers once the semaphore has a permit for it.
fn slow() -> (Router, Arc<Semaphore>, mpsc::UnboundedReceiver<()>) {
    let gate = Arc::new(Semaphore::new(0));
    let (entered, entries) = mpsc::unbounded_channel();
    let handler = {
        let gate = Arc::clone(&gate);
        move || async move {
            entered.send(()).unwrap();
            gate.acquire().await.unwrap().forget();
            "finished"
        }
    };
    (Router::new().route("/", get(handler)), gate, entries)
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
    let (slow, gate, mut entries) = slow();
    let server = start(slow, Limits::default()).await;
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
    let (slow, gate, mut entries) = slow();
    let limits = Limits {
        head: FOR_EVER,
        linger: FOR_EVER,
        ..Limits::default()
    };
    let server = start(slow, limits).await;
    let idle = send(server.address, b"").await;
    let busy = send(server.address, REQUEST).await;
    entries.recv().await.unwrap();
    server.stop.send(()).unwrap();
    assert_eq!(until_end(idle).await, "");
    gate.add_permits(1);
    assert!(until_end(busy).await.ends_with("finished"));
    server.ended.await.unwrap();
}
