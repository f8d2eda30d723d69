//! Clerk's webhooks in axum: the extractor, and the service as a handler.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, State};
use axum::routing::{get, post, post_service};
use http::{Request, StatusCode};
use portal_axum::portal_sdk::testing::FakeBackend;
use portal_axum::testing::TestWebhook;
use portal_axum::{RequireAuthLayer, Webhook, WebhookDelivery, WebhookEvent, WebhookReceiver};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::ask::layer;

fn receiver() -> WebhookReceiver {
    WebhookReceiver::new(TestWebhook::secret().expose()).unwrap()
}

fn webhook() -> TestWebhook {
    TestWebhook::new("user.deleted", json!({ "id": "user_1", "deleted": true }))
}

/// Counts the deliveries that its service handles.
fn counting() -> (
    Arc<Mutex<u32>>,
    portal_axum::WebhookService<impl portal_axum::WebhookHandler>,
) {
    let count = Arc::new(Mutex::new(0));
    let counted = count.clone();
    let service = receiver().into_service(move |_: WebhookDelivery| {
        *counted.lock().unwrap() += 1;
        std::future::ready(Ok::<(), Infallible>(()))
    });
    (count, service)
}

async fn status(router: &Router, request: Request<String>) -> u16 {
    router.clone().oneshot(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn extractor_gives_the_event_of_a_genuine_delivery_only() {
    async fn deleted(Webhook(delivery): Webhook) -> Result<String, StatusCode> {
        match delivery.event {
            WebhookEvent::UserDeleted(user) => Ok(user.id.to_string()),
            _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    let router = Router::new().route("/", post(deleted)).with_state(receiver());
    let response = router.clone().oneshot(webhook().request("/")).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = axum::body::to_bytes(response.into_body(), 1_024).await.unwrap();
    assert_eq!(body, "user_1");

    let forged = webhook().request("/").map(|body| body.replace("user_1", "user_2"));
    let response = router.clone().oneshot(forged).await.unwrap();
    assert_eq!(response.status(), 400);
    let body = axum::body::to_bytes(response.into_body(), 1_024).await.unwrap();
    assert!(
        body.starts_with(br#"{"errors":[{"code":"webhook-signature-invalid""#),
        "{body:?}"
    );

    let unsigned = Request::post("/").body("{}".to_owned()).unwrap();
    assert_eq!(status(&router, unsigned).await, 400);
    let other = TestWebhook::new("user.created", json!({ "id": "user_1" }));
    assert_eq!(status(&router, other.request("/")).await, 500);
}

#[tokio::test]
async fn extractor_finds_the_receiver_in_a_larger_state() {
    #[derive(Clone)]
    struct App {
        name: &'static str,
        receiver: WebhookReceiver,
    }

    impl FromRef<App> for WebhookReceiver {
        fn from_ref(app: &App) -> Self {
            app.receiver.clone()
        }
    }

    async fn receive(State(app): State<App>, webhook: Webhook) -> String {
        format!("{} {}", app.name, webhook.0.event_type)
    }

    let app = App {
        name: "shop",
        receiver: receiver().with_max_body_bytes(200),
    };
    let router = Router::new().route("/", post(receive)).with_state(app);
    assert_eq!(status(&router, webhook().request("/")).await, 200);
    let large = TestWebhook::new("user.created", json!({ "id": "x".repeat(200) }));
    assert_eq!(status(&router, large.request("/")).await, 413);
}

#[tokio::test]
async fn service_is_mounted_in_every_way_and_handles_a_delivery_once() {
    let (count, service) = counting();
    let router = Router::new()
        .route("/post", post(service.clone()))
        .route("/post-service", post_service(service.clone()))
        .route_service("/service", service)
        .layer(layer(&FakeBackend::new()));
    let webhook = webhook();
    for target in ["/post", "/post-service", "/service", "/post"] {
        assert_eq!(status(&router, webhook.request(target)).await, 200, "{target}");
        let request = Request::get(target).body(String::new()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(
            (response.status(), &response.headers()["allow"]),
            (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
        );
    }
    assert_eq!(*count.lock().unwrap(), 1);
}

#[tokio::test]
async fn route_beside_a_guard_needs_no_session() {
    let (count, service) = counting();
    let router = Router::new()
        .route("/dashboard", get(async || "private"))
        .route("/guarded", post(service.clone()))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/webhooks/clerk", post(service))
        .layer(layer(&FakeBackend::new()));
    assert_eq!(status(&router, webhook().request("/webhooks/clerk")).await, 200);
    // A delivery has no session, so a guard refuses it.
    assert_eq!(status(&router, webhook().request("/guarded")).await, 401);
    assert_eq!(*count.lock().unwrap(), 1);
}

#[tokio::test]
async fn delivery_in_chunks_arrives_over_a_connection() {
    let (count, service) = counting();
    let router = Router::<()>::new()
        .route("/", post(service))
        .layer(layer(&FakeBackend::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let (parts, body) = webhook().request("/").into_parts();
    let field = |name: &str| parts.headers[name].to_str().unwrap();
    let mut head =
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n".to_owned();
    for name in ["svix-id", "svix-timestamp", "svix-signature"] {
        head += &format!("{name}: {}\r\n", field(name));
    }
    let chunks: String = body
        .as_bytes()
        .iter()
        .map(|byte| format!("1\r\n{}\r\n", char::from(*byte)))
        .collect();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!("{head}\r\n{chunks}0\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).await.unwrap();
    assert!(
        response.starts_with("HTTP/1.1 200 ") && response.ends_with(r#"{"received":true}"#),
        "{response}"
    );
    assert_eq!(*count.lock().unwrap(), 1);
}

#[tokio::test]
async fn router_accepts_bodies_of_any_kind() {
    let (count, service) = counting();
    let router = Router::<()>::new().route_service("/", service);
    let response = router.oneshot(webhook().request("/").map(Body::from)).await.unwrap();
    assert_eq!((response.status().as_u16(), *count.lock().unwrap()), (200, 1));
}
