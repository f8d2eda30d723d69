//! [`WebhookDelivery`]: a verified delivery.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::WebhookEvent;
use super::fields::Fields;
use crate::backend::json::lenient;
use crate::clock::UnixTime;

/// A number below this is in seconds: as milliseconds it would be in 1973.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// A verified delivery of a webhook.
///
/// Created by [`WebhookVerifier::verify`](super::WebhookVerifier::verify).
///
/// ```
/// use portal_sdk::webhook::WebhookDelivery;
///
/// #[derive(serde::Deserialize)]
/// struct Email {
///     to_email_address: String,
/// }
///
/// fn recipient(delivery: &WebhookDelivery) -> Result<Option<String>, serde_json::Error> {
///     match delivery.event_type.as_str() {
///         // An event without a type of this crate.
///         "email.created" => Ok(Some(delivery.data_as::<Email>()?.to_email_address)),
///         _ => Ok(None),
///     }
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct WebhookDelivery {
    /// The ID, `msg_…`. All attempts to deliver an event have the same ID.
    pub id: String,
    /// Time of this attempt, in whole seconds. The signature covers it.
    pub sent_at: UnixTime,
    /// The event's type, such as `user.created`.
    pub event_type: String,
    /// The event.
    pub event: WebhookEvent,
    /// Time of the event, if the payload has it. The same in all attempts.
    pub occurred_at: Option<UnixTime>,
    /// ID of the Clerk instance, `ins_…`.
    pub instance_id: Option<String>,
    json: Arc<str>,
}

impl WebhookDelivery {
    /// Reads a verified body. Returns `None` if it is not a JSON object with a type.
    pub(super) fn read(fields: &Fields<'_>, body: &[u8]) -> Option<Self> {
        let json = str::from_utf8(body).ok()?;
        let payload: Payload = serde_json::from_str(json).ok()?;
        Some(Self {
            id: fields.id.to_owned(),
            sent_at: UnixTime::from_secs(fields.timestamp),
            event: WebhookEvent::read(&payload.event_type, json),
            event_type: payload.event_type,
            occurred_at: payload.timestamp.map(moment),
            instance_id: payload.instance_id,
            json: json.into(),
        })
    }

    /// Returns the whole payload as it was sent: JSON with `type`, `data` and `event_attributes`.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Returns the event's data as the application's own type, or as [`serde_json::Value`].
    ///
    /// # Errors
    ///
    /// Returns [`serde_json::Error`] if the data does not fit the type. Do not log the error, because it may quote the data.
    pub fn data_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        data(&self.json)
    }
}

/// Reads `data` of a payload.
pub(super) fn data<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
    #[derive(Deserialize)]
    struct Data<T> {
        data: T,
    }
    serde_json::from_str::<Data<T>>(json).map(|payload| payload.data)
}

/// The fields around the data. A malformed optional field counts as absent.
#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    event_type: String,
    #[serde(default, deserialize_with = "lenient")]
    timestamp: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    instance_id: Option<String>,
}

/// Reads seconds or milliseconds: Clerk documents milliseconds, but the examples of its OpenAPI document have seconds.
fn moment(timestamp: i64) -> UnixTime {
    match timestamp {
        secs if secs < FIRST_MILLIS => UnixTime::from_secs(secs),
        millis => UnixTime::from_millis(millis),
    }
}

impl fmt::Debug for WebhookDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The payload holds personal data.
        f.debug_struct("WebhookDelivery")
            .field("id", &self.id)
            .field("sent_at", &self.sent_at)
            .field("event_type", &self.event_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_an_event_is_in_seconds_or_milliseconds() {
        assert_eq!(moment(1_716_883_200), UnixTime::from_secs(1_716_883_200));
        assert_eq!(moment(1_654_012_591_835), UnixTime::from_millis(1_654_012_591_835));
        assert_eq!(moment(FIRST_MILLIS), UnixTime::from_millis(FIRST_MILLIS));
        assert_eq!(moment(FIRST_MILLIS - 1), UnixTime::from_secs(FIRST_MILLIS - 1));
    }
}
