//! WebSockets and event streams that end with their session, over real connections.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::{CONTENT_LENGTH, COOKIE};
use http_body_util::BodyExt as _;
use portal_axum::portal_sdk::fleet::SessionEndReason;
use portal_axum::testing::TestInstance;
use portal_axum::{AuthenticateLayer, Lease, LeaseEnd, Leased, LeasedSocket, SignedIn};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tower::ServiceExt as _;

const SECOND: Duration = Duration::from_secs(1);
/// A limit for states that the test waits for.
const LIMIT: Duration = Duration::from_secs(30);

async fn events(user: SignedIn) -> Leased<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let first = stream::iter([Ok(Event::default().data("hello"))]);
    Leased::new(Sse::new(first.chain(stream::pending())), user.lease())
}

async fn download(user: SignedIn) -> Leased<Response> {
    let chunks = stream::iter([Ok::<_, Infallible>("part")]).chain(stream::pending());
    let mut response = Body::from_stream(chunks).into_response();
    response.headers_mut().insert(CONTENT_LENGTH, 1_000.into());
    Leased::new(response, user.lease())
}

/// Returns each message, and floods the client after `flood`.
async fn chat(user: SignedIn, upgrade: WebSocketUpgrade) -> Response {
    let lease = user.lease();
    upgrade.on_upgrade(|socket| async move {
        let mut socket = LeasedSocket::new(socket, lease);
        while let Some(Ok(message)) = socket.recv().await {
            if !matches!(message, Message::Text(_)) {
                continue;
            }
            let floods = message.to_text().is_ok_and(|text| text == "flood");
            if socket.send(message).await.is_err() {
                return;
            }
            while floods && socket.send(Message::binary(vec![0; 1 << 20])).await.is_ok() {}
        }
        assert!(socket.recv().await.is_none() && socket.send("late".into()).await.is_err());
    })
}

/// Interrupts `recv` often, as for a heartbeat.
async fn watch(user: SignedIn, upgrade: WebSocketUpgrade) -> Response {
    let lease = user.lease();
    upgrade.on_upgrade(|socket| async move {
        let mut socket = LeasedSocket::new(socket, lease);
        // A timer, because the test is about short intervals.
        while !matches!(timeout(SECOND / 20, socket.recv()).await, Ok(None | Some(Err(_)))) {}
    })
}

fn app(clerk: &TestInstance) -> Router {
    Router::new()
        .route("/events", get(events))
        .route("/download", get(download))
        .route("/chat", get(chat))
        .route("/watch", get(watch))
        .layer(AuthenticateLayer::from_authenticator(clerk.authenticator()))
}

fn revoke(clerk: &TestInstance) {
    clerk
        .authenticator()
        .session_ended(&"sess_test".into(), SessionEndReason::Revoked);
}

async fn stream_of(clerk: &TestInstance, path: &str) -> (Response, String) {
    let request = clerk.signed_in("user_1").get(path).body(Body::empty()).unwrap();
    let mut response = app(clerk).oneshot(request).await.unwrap();
    let first = response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    (response, String::from_utf8(first.to_vec()).unwrap())
}

async fn rest(response: Response) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn event_stream_ends_with_an_event_that_has_the_reason() {
    let clerk = TestInstance::new();
    let (response, first) = stream_of(&clerk, "/events").await;
    assert_eq!((response.status().as_u16(), first.as_str()), (200, "data: hello\n\n"));
    revoke(&clerk);
    assert_eq!(rest(response).await, "event: session-ended\ndata: revoked\n\n");
}

#[tokio::test]
async fn other_stream_ends_without_a_last_frame() {
    let clerk = TestInstance::new();
    let (response, first) = stream_of(&clerk, "/download").await;
    assert_eq!((response.headers().get(CONTENT_LENGTH), first.as_str()), (None, "part"));
    revoke(&clerk);
    assert_eq!(rest(response).await, "");
}

/// A client that speaks WebSocket, so that the test sees the frames on the wire.
struct Client(TcpStream);

impl Client {
    async fn open(clerk: &TestInstance) -> Self {
        Self::open_at(clerk, "/chat").await
    }

    async fn open_at(clerk: &TestInstance, path: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = app(clerk);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let mut stream = TcpStream::connect(address).await.unwrap();
        let cookies = clerk.signed_in("user_1").cookies();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: app.example.com\r\norigin: https://app.example.com\r\nx-forwarded-proto: https\r\n\
             connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{COOKIE}: {cookies}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n\r\n") {
            response.push(stream.read_u8().await.unwrap());
        }
        assert!(
            response.starts_with(b"HTTP/1.1 101 "),
            "{}",
            String::from_utf8_lossy(&response)
        );
        Self(stream)
    }

    /// Sends a frame with an opcode. Clients mask their frames (RFC 6455 section 5.3), here with zeros.
    async fn send(&mut self, opcode: u8, payload: &[u8]) {
        let length = u8::try_from(payload.len()).unwrap();
        let mut frame = vec![0x80 | opcode, 0x80 | length, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        self.0.write_all(&frame).await.unwrap();
    }

    /// Receives a short frame: its opcode and payload.
    async fn receive(&mut self) -> (u8, Vec<u8>) {
        let (first, length) = (self.0.read_u8().await.unwrap(), self.0.read_u8().await.unwrap());
        let mut payload = vec![0; length.into()];
        self.0.read_exact(&mut payload).await.unwrap();
        (first & 0x0f, payload)
    }

    /// Waits until the server has closed the connection. Returns the number of bytes until then.
    async fn until_closed(&mut self) -> usize {
        let mut rest = Vec::new();
        let _ = timeout(LIMIT, self.0.read_to_end(&mut rest))
            .await
            .expect("closed in time");
        rest.len()
    }
}

#[tokio::test]
async fn socket_is_closed_with_the_reason() {
    let clerk = TestInstance::new();
    let mut client = Client::open(&clerk).await;
    client.send(1, b"hello").await;
    assert_eq!(client.receive().await, (1, b"hello".to_vec()));
    revoke(&clerk);
    // A message that crosses the close frame does not reset the connection.
    client.send(1, b"are you there").await;
    let (opcode, payload) = client.receive().await;
    assert_eq!(
        (opcode, &payload[..2], &payload[2..]),
        (8, &1008_u16.to_be_bytes()[..], &b"revoked"[..])
    );
    client.send(8, &1008_u16.to_be_bytes()).await;
    assert_eq!(client.until_closed().await, 0);
    no_lease_is_left(&clerk).await;
}

#[tokio::test]
async fn socket_whose_client_reads_nothing_is_dropped_after_the_end() {
    let clerk = TestInstance::new();
    let mut client = Client::open(&clerk).await;
    client.send(1, b"flood").await;
    assert_eq!(client.receive().await, (1, b"flood".to_vec()));
    revoke(&clerk);
    // It neither reads nor replies, and the server drops the connection after its limit.
    no_lease_is_left(&clerk).await;
    assert!(client.until_closed().await < 1 << 26);
}

#[tokio::test]
async fn socket_whose_client_never_replies_is_dropped_however_short_each_call_is() {
    let clerk = TestInstance::new();
    let mut client = Client::open_at(&clerk, "/watch").await;
    revoke(&clerk);
    assert_eq!(client.receive().await.0, 8);
    assert_eq!(client.until_closed().await, 0);
}

#[tokio::test]
async fn socket_that_the_client_closes_drops_its_lease() {
    let clerk = TestInstance::new();
    let mut client = Client::open(&clerk).await;
    assert_eq!(clerk.authenticator().health().leases.sessions, 1);
    client.send(8, &1000_u16.to_be_bytes()).await;
    assert_eq!(client.receive().await.0, 8);
    no_lease_is_left(&clerk).await;
}

async fn no_lease_is_left(clerk: &TestInstance) {
    let none_left = async {
        while clerk.authenticator().health().leases.sessions > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(LIMIT, none_left).await.expect("no lease is left");
}

#[tokio::test]
async fn lease_outlives_the_request_and_not_the_session() {
    let clerk = TestInstance::new();
    let (taken, mut leases) = mpsc::unbounded_channel::<Lease>();
    let take = move |user: SignedIn| {
        let _ = taken.send(user.lease());
        async {}
    };
    let layer = AuthenticateLayer::from_authenticator(clerk.authenticator());
    let app = Router::new().route("/", get(take)).layer(layer);
    let request = clerk.signed_in("user_1").get("/").body(Body::empty()).unwrap();
    let _response = app.oneshot(request).await.unwrap();
    let lease = leases.recv().await.unwrap();
    assert!(lease.end().is_none());
    revoke(&clerk);
    let end = timeout(SECOND, lease.ended()).await;
    assert_eq!(end, Ok(LeaseEnd::SessionEnded(SessionEndReason::Revoked)));
}
