//! Clerk's webhooks: deliveries through the service.

mod bodies;
mod concurrency;
mod deliveries;
mod log_lines;
mod sessions;

use std::future::{Future, Ready, ready};
use std::sync::{Arc, Mutex};

use http::Request;
use portal_tower::portal_sdk::clock::UnixTime;
use portal_tower::portal_sdk::testing::{TestClock, TestWebhook};
use portal_tower::portal_sdk::webhook::WebhookDelivery;
use portal_tower::{WebhookHandler, WebhookReceiver, WebhookService};
use serde_json::json;

use crate::support::Answer;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// A receiver of this process's deliveries, whose clock stands at [`NOW`].
fn receiver() -> WebhookReceiver {
    WebhookReceiver::new(TestWebhook::secret().expose())
        .unwrap()
        .with_clock(|| NOW)
}

fn receiver_at(clock: &TestClock) -> WebhookReceiver {
    receiver().with_clock(clock.clone())
}

fn webhook(id: &str) -> TestWebhook {
    let data = json!({ "id": "user_1", "first_name": "Ada" });
    let webhook = TestWebhook::new("user.updated", data).with_id(id);
    webhook.with_sent_at(NOW).with_occurred_at(NOW)
}

fn delivery(id: &str) -> Request<String> {
    webhook(id).request("/webhooks/clerk")
}

/// A handler that notes the IDs, and fails while it has a failure.
#[derive(Clone, Default)]
struct Notes {
    ids: Arc<Mutex<Vec<String>>>,
    failure: Arc<Mutex<Option<&'static str>>>,
}

impl Notes {
    fn ids(&self) -> Vec<String> {
        self.ids.lock().unwrap().clone()
    }

    fn fail_with(&self, failure: Option<&'static str>) {
        *self.failure.lock().unwrap() = failure;
    }

    fn service(&self, receiver: WebhookReceiver) -> WebhookService<impl WebhookHandler + use<>> {
        let notes = self.clone();
        receiver.into_service(move |delivery: WebhookDelivery| notes.note(delivery))
    }

    fn note(&self, delivery: WebhookDelivery) -> Ready<Result<(), &'static str>> {
        self.ids.lock().unwrap().push(delivery.id);
        ready(self.failure.lock().unwrap().map_or(Ok(()), Err))
    }
}

/// The error code of a response.
fn code(answer: &Answer) -> String {
    answer.json()["errors"][0]["code"].as_str().unwrap().to_owned()
}

/// Polls once; `true` if the future is complete.
async fn is_complete<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_ready())).await
}
