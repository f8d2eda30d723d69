//! The log lines of deliveries: few, and without anything private.

use std::time::Duration;

use http::HeaderValue;
use portal_tower::portal_sdk::testing::{TestClock, TestWebhook};
use serde_json::json;

use super::{NOW, Notes, delivery, receiver, receiver_at};
use crate::log::Log;
use crate::support::send;

#[tokio::test]
async fn refusals_are_logged_once_a_minute_for_each_cause() {
    let (log, _guard) = Log::keep();
    let (notes, clock) = (Notes::default(), TestClock::at(NOW));
    let service = notes.service(receiver_at(&clock));
    let forged = || {
        let mut request = delivery("msg_private");
        request
            .headers_mut()
            .insert("svix-signature", HeaderValue::from_static("v1,c2VjcmV0"));
        request
    };
    for _ in 0..3 {
        send(service.clone(), forged()).await;
        send(service.clone(), http::Request::new(String::new())).await;
    }
    let lines = log.lines("a webhook delivery was refused");
    let [signature, method] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(
        signature.contains("WARN") && signature.contains("webhook-signature-invalid"),
        "{signature}"
    );
    assert!(method.contains("webhook-method-not-allowed"), "{method}");
    clock.advance(Duration::from_secs(60));
    send(service, forged()).await;
    let lines = log.lines("held_back=2");
    assert_eq!(lines.len(), 1, "{lines:?}");
    for private in [
        "c2VjcmV0",
        "Ada",
        "user_1",
        "msg_private",
        "whsec_",
        TestWebhook::secret().expose(),
    ] {
        assert!(log.lines(private).is_empty(), "{private}");
    }
}

#[tokio::test]
async fn failures_of_the_handler_are_logged_once_a_minute_with_their_error() {
    let (log, _guard) = Log::keep();
    let notes = Notes::default();
    notes.fail_with(Some("the database is unreachable"));
    let service = notes.service(receiver());
    for id in ["msg_1", "msg_2", "msg_1"] {
        assert_eq!(send(service.clone(), delivery(id)).await.status, 500);
    }
    let lines = log.lines("a webhook delivery could not be handled");
    assert_eq!(lines.len(), 1, "{lines:?}");
    for shown in ["ERROR", "the database is unreachable", "msg_1", "user.updated"] {
        assert!(lines[0].contains(shown), "{}", lines[0]);
    }
    assert!(log.lines("Ada").is_empty());
}

#[tokio::test]
async fn unreadable_data_of_a_known_event_is_logged_and_handled() {
    let (log, _guard) = Log::keep();
    let notes = Notes::default();
    let service = notes.service(receiver());
    for (event_type, lines) in [("email.created", 0), ("user.deleted", 1), ("user.deleted", 1)] {
        let webhook = TestWebhook::new(event_type, json!({ "name": "Ada" })).with_sent_at(NOW);
        assert_eq!(send(service.clone(), webhook.request("/")).await.status, 200);
        assert_eq!(log.lines("the data of a webhook event is malformed").len(), lines);
    }
    assert_eq!(notes.ids().len(), 3);
    assert_eq!(log.lines("user.deleted").len(), 1);
    assert!(log.lines("Ada").is_empty());
}

#[tokio::test]
async fn genuine_deliveries_log_nothing_above_debug() {
    let (log, _guard) = Log::keep();
    let service = Notes::default().service(receiver());
    for _ in 0..2 {
        send(service.clone(), delivery("msg_1")).await;
    }
    assert!(log.lines("WARN").is_empty() && log.lines("ERROR").is_empty());
    assert_eq!(log.lines("a webhook delivery was handled before").len(), 1);
}
