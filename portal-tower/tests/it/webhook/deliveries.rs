//! Genuine, forged, late, repeated and reordered deliveries.

use std::time::Duration;

use http::{HeaderValue, Method};
use portal_tower::portal_sdk::testing::{TestClock, TestWebhook};
use portal_tower::portal_sdk::webhook::{WebhookDelivery, WebhookEvent};
use portal_tower::{WebhookHandler, WebhookReceiver};
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _};

use super::{NOW, Notes, code, delivery, receiver, receiver_at, webhook};
use crate::support::{self, layer, live, send};

/// A secret that signs none of these deliveries.
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

#[tokio::test]
async fn genuine_delivery_is_handled_and_answered_200() {
    let notes = Notes::default();
    let answer = send(notes.service(receiver()), delivery("msg_1")).await;
    assert_eq!((answer.status, &*answer.body), (200, r#"{"received":true}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(notes.ids(), ["msg_1"]);
}

#[tokio::test]
async fn other_methods_get_405_with_the_allowed_method() {
    let notes = Notes::default();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS, Method::DELETE] {
        let mut request = delivery("msg_1");
        *request.method_mut() = method;
        let answer = send(notes.service(receiver()), request).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
        assert_eq!(code(&answer), "webhook-method-not-allowed");
    }
    assert!(notes.ids().is_empty());
}

#[tokio::test]
async fn delivery_that_is_not_genuine_gets_400_and_is_not_handled() {
    let notes = Notes::default();
    let replaced = |name: &'static str, value: &'static str| {
        let mut request = delivery("msg_1");
        request.headers_mut().insert(name, HeaderValue::from_static(value));
        request
    };
    let genuine = delivery("msg_1");
    let signed_for_another = genuine.headers()["svix-signature"].clone();
    let mut other_id = delivery("msg_2");
    other_id.headers_mut().insert("svix-signature", signed_for_another);
    let late = webhook("msg_1").with_sent_at(NOW - Duration::from_secs(301));
    let early = webhook("msg_1").with_sent_at(NOW + Duration::from_secs(301));
    for (request, expected) in [
        (replaced("svix-id", ""), "webhook-header-missing"),
        (replaced("svix-id", "a.b"), "webhook-id-invalid"),
        (replaced("svix-timestamp", "soon"), "webhook-timestamp-invalid"),
        (replaced("svix-signature", "v1,AAAA"), "webhook-signature-invalid"),
        (other_id, "webhook-signature-invalid"),
        (
            genuine.clone().map(|body| body.replace("user_1", "user_2")),
            "webhook-signature-invalid",
        ),
        (genuine.map(|_| String::new()), "webhook-signature-invalid"),
        (late.request("/"), "webhook-too-old"),
        (early.request("/"), "webhook-too-new"),
    ] {
        let answer = send(notes.service(receiver()), request).await;
        assert_eq!((answer.status, &*code(&answer)), (400, expected));
        assert!(
            !answer.body.contains("whsec_") && !answer.body.contains("user_1"),
            "{}",
            answer.body
        );
    }
    assert!(notes.ids().is_empty());
}

#[tokio::test]
async fn forged_delivery_does_not_take_the_id_of_a_genuine_one() {
    let notes = Notes::default();
    let service = notes.service(receiver());
    let forged = delivery("msg_1").map(|body| body.replace("user_1", "user_2"));
    assert_eq!(send(service.clone(), forged).await.status, 400);
    assert_eq!(send(service, delivery("msg_1")).await.status, 200);
    assert_eq!(notes.ids(), ["msg_1"]);
}

#[tokio::test]
async fn replayed_delivery_is_not_handled_again_and_refused_when_it_is_late() {
    let (notes, clock) = (Notes::default(), TestClock::at(NOW));
    let service = notes.service(receiver_at(&clock));
    let recorded = delivery("msg_1");
    for (minutes, status) in [(0, 200), (0, 200), (4, 200), (2, 400)] {
        clock.advance(Duration::from_secs(minutes * 60));
        assert_eq!(send(service.clone(), recorded.clone()).await.status, status);
    }
    assert_eq!(notes.ids(), ["msg_1"]);
}

#[tokio::test]
async fn retry_of_a_handled_delivery_is_answered_200_and_not_handled_again() {
    let (notes, clock) = (Notes::default(), TestClock::at(NOW));
    let service = notes.service(receiver_at(&clock));
    assert_eq!(send(service.clone(), delivery("msg_1")).await.status, 200);
    // Clerk did not see the response, and sends the delivery again after half an hour, with a new time.
    clock.advance(Duration::from_secs(1_800));
    let retry = webhook("msg_1").with_sent_at(NOW + Duration::from_secs(1_800));
    assert_eq!(send(service.clone(), retry.request("/")).await.status, 200);
    let next = webhook("msg_2").with_sent_at(NOW + Duration::from_secs(1_800));
    assert_eq!(send(service, next.request("/")).await.status, 200);
    assert_eq!(notes.ids(), ["msg_1", "msg_2"]);
}

#[tokio::test]
async fn failed_delivery_is_500_and_handled_when_it_is_sent_again() {
    let notes = Notes::default();
    let service = notes.service(receiver());
    notes.fail_with(Some("the database is unreachable"));
    for _ in 0..2 {
        let answer = send(service.clone(), delivery("msg_1")).await;
        assert_eq!((answer.status, &*code(&answer)), (500, "webhook-handler-failed"));
        assert!(!answer.body.contains("database"), "{}", answer.body);
    }
    notes.fail_with(None);
    for _ in 0..2 {
        assert_eq!(send(service.clone(), delivery("msg_1")).await.status, 200);
    }
    assert_eq!(notes.ids(), ["msg_1", "msg_1", "msg_1"]);
}

#[tokio::test]
async fn reordered_deliveries_are_all_handled_with_the_time_of_their_event() {
    let first = webhook("msg_1").with_occurred_at(NOW - Duration::from_secs(60));
    let second = webhook("msg_2").with_occurred_at(NOW - Duration::from_secs(30));
    let (sender, received) = std::sync::mpsc::channel();
    let service = receiver().into_service(move |delivery: WebhookDelivery| {
        let sender = sender.clone();
        async move { sender.send(delivery).map_err(|_| "the test has ended") }
    });
    for webhook in [&second, &first] {
        assert_eq!(send(service.clone(), webhook.request("/")).await.status, 200);
    }
    drop(service);
    let mut deliveries: Vec<WebhookDelivery> = received.iter().collect();
    assert_eq!(
        deliveries.iter().map(|one| &*one.id).collect::<Vec<_>>(),
        ["msg_2", "msg_1"]
    );
    deliveries.sort_by_key(|delivery| delivery.occurred_at);
    assert_eq!(
        deliveries.iter().map(|one| &*one.id).collect::<Vec<_>>(),
        ["msg_1", "msg_2"]
    );
}

#[tokio::test]
async fn remembered_deliveries_are_bounded() {
    let notes = Notes::default();
    let service = notes.service(receiver()).with_remembered_deliveries(2);
    for id in ["a", "b", "a", "c", "b", "a"] {
        assert_eq!(send(service.clone(), delivery(id)).await.status, 200);
    }
    assert_eq!(notes.ids(), ["a", "b", "c", "a"]);
    let notes = Notes::default();
    let service = notes.service(receiver()).with_remembered_deliveries(0);
    for _ in 0..2 {
        assert_eq!(send(service.clone(), delivery("a")).await.status, 200);
    }
    assert_eq!(notes.ids(), ["a", "a"]);
}

#[tokio::test]
async fn deliveries_by_each_of_two_secrets_are_accepted() {
    let secrets = format!("{OTHER_SECRET},{}", TestWebhook::secret().expose());
    let notes = Notes::default();
    for (secrets, status) in [(&*secrets, 200), (OTHER_SECRET, 400)] {
        let receiver = WebhookReceiver::new(secrets).unwrap().with_clock(|| NOW);
        assert!(!format!("{:?}", notes.service(receiver.clone())).contains("whsec_"));
        assert_eq!(send(notes.service(receiver), delivery("msg_1")).await.status, status);
    }
}

#[test]
fn malformed_secret_is_an_error_at_start_up_that_does_not_show_it() {
    for secret in ["hunter2", "whsec_hunter2!", "whsec_hunter2hunter2", ""] {
        let error = WebhookReceiver::new(secret).unwrap_err().to_string();
        assert!(error.starts_with("CLERK_WEBHOOK_SIGNING_SECRET: expected"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn deliveries_pass_an_authenticate_layer_without_cookies() {
    for builder in [live(), support::test()] {
        let notes = Notes::default();
        // A browser's fields of another site would be refused with cookies only, and Clerk sends neither.
        let service = layer(builder).layer(notes.service(receiver()));
        let answer = send(service, delivery("msg_1")).await;
        assert_eq!((answer.status, notes.ids()), (200, vec!["msg_1".to_owned()]));
    }
}

#[tokio::test]
async fn type_with_state_is_a_handler() {
    struct Tenant(&'static str);

    impl WebhookHandler for Tenant {
        type Error = String;

        async fn handle(&self, delivery: WebhookDelivery) -> Result<(), String> {
            match delivery.event {
                WebhookEvent::OrganizationDeleted(organization) if organization.id == self.0 => Ok(()),
                _ => Err(format!("{} is not this tenant", delivery.id)),
            }
        }
    }

    for (id, status) in [("org_1", 200), ("org_2", 500)] {
        let data = json!({ "object": "organization", "id": id, "deleted": true });
        let webhook = TestWebhook::new("organization.deleted", data).with_sent_at(NOW);
        let service = receiver().into_service(Tenant("org_1"));
        assert_eq!(send(service, webhook.request("/")).await.status, status);
    }
}

#[tokio::test]
async fn receiver_alone_returns_the_delivery_each_time() {
    for _ in 0..2 {
        let received = receiver().receive(delivery("msg_1")).await.unwrap();
        assert_eq!(received.data_as::<Value>().unwrap()["first_name"], "Ada");
    }
    let refusal = receiver().receive(http::Request::new(String::new())).await.unwrap_err();
    assert_eq!(
        (refusal.status().as_u16(), refusal.to_string().as_str()),
        (405, "expected the method POST")
    );
}

#[test]
fn service_needs_no_runtime() {
    use futures_util::FutureExt as _;
    let notes = Notes::default();
    let answer = notes.service(receiver()).oneshot(delivery("msg_1")).now_or_never();
    assert_eq!(answer.unwrap().unwrap().status(), 200);
}
