//! Deliveries with the same ID at the same time, and handlers that do not come to an end.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use http::Request;
use portal_tower::portal_sdk::webhook::WebhookDelivery;
use portal_tower::{WebhookHandler, WebhookService};
use tokio::sync::Notify;
use tower::{Layer as _, ServiceExt as _};
use tower_http::catch_panic::CatchPanicLayer;

use super::{Notes, code, delivery, is_complete, receiver};
use crate::support::send;

/// A handler that waits until it is released, and then does what `notes` say.
fn waiting(notes: &Notes, release: &Arc<Notify>) -> WebhookService<impl WebhookHandler + use<>> {
    let (notes, release) = (notes.clone(), release.clone());
    receiver().into_service(move |delivery: WebhookDelivery| {
        let (notes, release) = (notes.clone(), release.clone());
        async move {
            release.notified().await;
            notes.note(delivery).await
        }
    })
}

#[tokio::test]
async fn second_of_two_deliveries_at_once_gets_503_and_is_not_handled() {
    let (notes, release) = (Notes::default(), Arc::new(Notify::new()));
    let service = waiting(&notes, &release);
    let mut first = service.clone().oneshot(delivery("msg_1"));
    assert!(!is_complete(&mut first).await);
    let second = send(service.clone(), delivery("msg_1")).await;
    assert_eq!((second.status, &*code(&second)), (503, "webhook-in-progress"));
    assert_eq!(second.header("retry-after"), Some("5"));
    release.notify_one();
    assert_eq!(first.await.unwrap().status(), 200);
    // Clerk sends the second one again, and it counts as handled.
    assert_eq!(send(service, delivery("msg_1")).await.status, 200);
    assert_eq!(notes.ids(), ["msg_1"]);
}

#[tokio::test]
async fn delivery_is_handled_again_if_the_first_of_two_at_once_fails() {
    let (notes, release) = (Notes::default(), Arc::new(Notify::new()));
    let service = waiting(&notes, &release);
    notes.fail_with(Some("the database is unreachable"));
    let mut first = service.clone().oneshot(delivery("msg_1"));
    assert!(!is_complete(&mut first).await);
    assert_eq!(send(service.clone(), delivery("msg_1")).await.status, 503);
    release.notify_one();
    assert_eq!(first.await.unwrap().status(), 500);
    notes.fail_with(None);
    release.notify_one();
    assert_eq!(send(service, delivery("msg_1")).await.status, 200);
    assert_eq!(notes.ids(), ["msg_1", "msg_1"]);
}

#[tokio::test]
async fn deliveries_with_other_ids_do_not_wait() {
    let (notes, release) = (Notes::default(), Arc::new(Notify::new()));
    let service = waiting(&notes, &release);
    let mut first = service.clone().oneshot(delivery("msg_1"));
    let mut second = service.oneshot(delivery("msg_2"));
    assert!(!is_complete(&mut first).await && !is_complete(&mut second).await);
    release.notify_waiters();
    assert_eq!(second.await.unwrap().status(), 200);
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(notes.ids(), ["msg_2", "msg_1"]);
}

#[tokio::test]
async fn cancelled_delivery_is_handled_when_it_is_sent_again() {
    let (notes, release) = (Notes::default(), Arc::new(Notify::new()));
    let service = waiting(&notes, &release);
    let mut cancelled = service.clone().oneshot(delivery("msg_1"));
    assert!(!is_complete(&mut cancelled).await);
    // Clerk closed the connection, so that the server drops the future.
    drop(cancelled);
    release.notify_one();
    assert_eq!(send(service, delivery("msg_1")).await.status, 200);
    assert_eq!(notes.ids(), ["msg_1"]);
}

#[tokio::test]
async fn delivery_whose_handler_panicked_is_handled_when_it_is_sent_again() {
    let has_panicked = Arc::new(AtomicBool::new(false));
    let service = receiver().into_service(move |_: WebhookDelivery| {
        let has_panicked = has_panicked.clone();
        async move {
            assert!(has_panicked.swap(true, Ordering::SeqCst), "the first one panics");
            Ok::<(), Infallible>(())
        }
    });
    let service = CatchPanicLayer::new().layer(service);
    for expected in [500, 200, 200] {
        let request = delivery("msg_1");
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), expected);
    }
}

#[test]
fn delivery_that_arrives_on_many_threads_at_once_is_handled_once() {
    let notes = Notes::default();
    let service = notes.service(receiver());
    let requests: Vec<Request<String>> = (0..10).map(|number| delivery(&format!("msg_{number}"))).collect();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for request in &requests {
                    let answer = service.clone().oneshot(request.clone()).now_or_never();
                    let status = answer.expect("nothing to wait for").unwrap().status().as_u16();
                    assert!(matches!(status, 200 | 503), "{status}");
                }
            });
        }
    });
    let mut ids = notes.ids();
    ids.sort();
    let expected: Vec<String> = (0..10).map(|number| format!("msg_{number}")).collect();
    assert_eq!(ids, expected);
}
