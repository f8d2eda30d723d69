use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use portal_sdk::clock::{SystemClock, UnixTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::*;
use crate::store::webhook_deliveries::{self, NewEvent};
use crate::store::{Db, Instance, Location, StoreError, WebhookDelivery, WebhookStatus};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const PATIENCE: Duration = Duration::from_secs(20);

/// One event for a receiver, and what becomes of it.
struct Post {
    store: Store,
    webhooks: Arc<Webhooks>,
    _couriers: JoinSet<()>,
    changes: watch::Receiver<()>,
}

impl Post {
    async fn start(listener: &TcpListener, limits: Limits) -> Self {
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (store, Instance { webhook_secret, .. }) = Store::open(&Location::Memory, NOW).unwrap();
        let webhooks = Arc::new(Webhooks::new(vec![Target::parse(&url).unwrap()], limits));
        let add = move |db: Db<'_>| {
            let new = NewEvent {
                message_id: "msg_1",
                event_type: "user.created",
                subject_id: "user_1",
                body: "{}",
            };
            webhook_deliveries::insert(db, &new, [&url].into_iter())
        };
        store.transaction(UnixTime::from_secs(0), add).await.unwrap();
        let changes = webhooks.changes();
        let clock = Arc::new(SkewedClock::new(Arc::new(SystemClock)));
        let couriers = webhooks.start(&webhook_secret, &store, &clock).unwrap();
        Self {
            store,
            webhooks,
            _couriers: couriers,
            changes,
        }
    }

    /// The delivery after its next attempt.
    async fn tried(&mut self) -> WebhookDelivery {
        timeout(PATIENCE, self.changes.changed()).await.unwrap().unwrap();
        let find = |db: Db<'_>| Ok::<_, StoreError>(webhook_deliveries::list(db, 1)?.remove(0));
        self.store.transaction(NOW, find).await.unwrap()
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

/// Accepts a connection and reads the request's head.
async fn accept(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut read = vec![0; 16 * 1_024];
    assert!(stream.read(&mut read).await.unwrap() > 0);
    stream
}

fn impatient() -> Limits {
    Limits {
        attempt: Duration::from_millis(100),
        ..Limits::default()
    }
}

#[tokio::test]
async fn receiver_without_response_is_given_up_after_the_limit() {
    let listener = listener().await;
    let mut post = Post::start(&listener, impatient()).await;
    let _silent = accept(&listener).await;
    let delivery = post.tried().await;
    assert_eq!((delivery.status, delivery.attempts), (WebhookStatus::Pending, 1));
    assert_eq!(delivery.error.as_deref(), Some("no response within 100 ms"));
    assert!(post.webhooks.is_on());
}

#[tokio::test]
async fn status_is_recorded_although_the_response_never_ends() {
    let listener = listener().await;
    let mut post = Post::start(&listener, impatient()).await;
    let mut stream = accept(&listener).await;
    let head = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 100\r\n\r\nsign in";
    stream.write_all(head.as_bytes()).await.unwrap();
    let delivery = post.tried().await;
    assert_eq!(delivery.response_status, Some(401));
    assert_eq!(delivery.error.as_deref(), Some("the response has status 401"));
}

#[tokio::test]
async fn endless_response_body_is_not_read() {
    for (status, expected) in [
        ("500 Internal Server Error", WebhookStatus::Pending),
        ("200 OK", WebhookStatus::Delivered),
    ] {
        let listener = listener().await;
        let mut post = Post::start(&listener, Limits::default()).await;
        let mut stream = accept(&listener).await;
        let writing = tokio::spawn(async move {
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: 1000000000000\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            while stream.write_all(&[b'x'; 1_024]).await.is_ok() {}
        });
        let delivery = post.tried().await;
        assert_eq!(delivery.status, expected, "{delivery:?}");
        // The portal closes the connection.
        timeout(PATIENCE, writing).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn response_that_is_not_http_is_a_failure() {
    let listener = listener().await;
    let mut post = Post::start(&listener, Limits::default()).await;
    let mut stream = accept(&listener).await;
    stream.write_all(b"SSH-2.0-x\r\n\r\n").await.unwrap();
    drop(stream);
    let delivery = post.tried().await;
    let error = delivery.error.unwrap();
    assert!(error.starts_with("the connection failed: "), "{error}");
}
