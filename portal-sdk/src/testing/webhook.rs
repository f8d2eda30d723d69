//! [`TestWebhook`]: a delivery of a webhook, signed by this process.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::clock::{Clock as _, SystemClock, UnixTime};
use crate::secret::Secret;
use crate::webhook::signature;

/// A delivery of a webhook, for an application's own tests.
///
/// ```
/// use portal_sdk::testing::TestWebhook;
/// use portal_sdk::webhook::{WebhookEvent, WebhookVerifier};
/// use serde_json::json;
///
/// let verifier = WebhookVerifier::new(TestWebhook::secret().expose())?;
/// let webhook = TestWebhook::new("user.created", json!({ "id": "user_1", "first_name": "Ada" }));
/// let request = webhook.request("/webhooks/clerk");
///
/// let delivery = verifier.verify(request.headers(), request.body().as_bytes(), webhook.sent_at())?;
/// assert!(matches!(delivery.event, WebhookEvent::UserCreated(user) if user.id == "user_1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
///
/// The secret is random and differs in each process, so other processes refuse these deliveries.
#[derive(Clone, Debug)]
#[must_use = "a webhook does nothing until a request is made from it"]
pub struct TestWebhook {
    id: String,
    sent_at: UnixTime,
    payload: Value,
}

impl TestWebhook {
    /// Creates a delivery with a new ID and the machine's time.
    ///
    /// `data` is the event's data as Clerk sends it, such as a user of the Backend API for `user.created`.
    pub fn new(event_type: &str, data: Value) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let now = SystemClock.now();
        let mut payload = json!({
            "object": "event",
            "type": event_type,
            "instance_id": "ins_test",
            "timestamp": now.as_millis(),
        });
        payload["data"] = data;
        Self {
            id: format!("msg_test_{number}"),
            sent_at: now,
            payload,
        }
    }

    /// Returns the signing secret of this process, `whsec_…`. The first call generates it.
    ///
    /// # Panics
    ///
    /// Panics if the operating system provides no randomness.
    #[must_use]
    pub fn secret() -> Secret {
        Secret::new(format!("whsec_{}", STANDARD.encode(key_of_process())))
    }

    /// Sets the ID. To test a retry, use the ID of the first attempt.
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets the time of this attempt. The signature covers whole seconds.
    pub fn with_sent_at(mut self, time: UnixTime) -> Self {
        self.sent_at = time;
        self
    }

    /// Sets the time of the event.
    pub fn with_occurred_at(mut self, time: UnixTime) -> Self {
        self.payload["timestamp"] = time.as_millis().into();
        self
    }

    /// Returns the ID.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the time of this attempt.
    #[must_use]
    pub fn sent_at(&self) -> UnixTime {
        self.sent_at
    }

    /// Returns the signed request, `POST` to a path or URL.
    ///
    /// # Panics
    ///
    /// Panics if `target` is not a valid URI, the ID cannot be a header's value, or the operating system provides no randomness.
    pub fn request(&self, target: &str) -> Request<String> {
        let body = self.payload.to_string();
        let timestamp = self.sent_at.as_secs();
        let key = signature::key(&key_of_process());
        let signature = signature::sign(&key, &self.id, timestamp, body.as_bytes());
        Request::post(target)
            .header(CONTENT_TYPE, "application/json")
            .header("svix-id", &self.id)
            .header("svix-timestamp", timestamp)
            .header("svix-signature", format!("v1,{signature}"))
            .body(body)
            .expect("a valid URI, and an ID of visible characters")
    }
}

fn key_of_process() -> [u8; 32] {
    static KEY: OnceLock<[u8; 32]> = OnceLock::new();
    *KEY.get_or_init(|| {
        let mut key = [0; 32];
        rand::fill(&mut key).expect("the operating system provides randomness");
        key
    })
}
