//! The header fields of a delivery.

use http::{HeaderMap, HeaderValue};

use super::WebhookError;
use crate::clock::UnixTime;

/// The longest time between the timestamp and the current time, as in `@clerk/backend` and Standard Webhooks.
const TOLERANCE_SECS: i64 = 5 * 60;
const MAX_ID_BYTES: usize = 256;

/// The names of the three fields.
struct Names {
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

const SVIX: Names = Names {
    id: "svix-id",
    timestamp: "svix-timestamp",
    signature: "svix-signature",
};
const STANDARD: Names = Names {
    id: "webhook-id",
    timestamp: "webhook-timestamp",
    signature: "webhook-signature",
};

/// The fields of a delivery, unverified.
#[derive(Debug)]
pub(super) struct Fields<'h> {
    pub(super) id: &'h str,
    /// Unix seconds.
    pub(super) timestamp: i64,
    signatures: Vec<&'h [u8]>,
}

impl<'h> Fields<'h> {
    /// Reads the fields and checks the time, in the order of Clerk's package.
    pub(super) fn read(headers: &'h HeaderMap, now: UnixTime) -> Result<Self, WebhookError> {
        let has_any = |names: &Names| {
            let names = [names.id, names.timestamp, names.signature];
            names.iter().any(|name| headers.contains_key(*name))
        };
        // Never mix the families: fields of both would be parts of two deliveries. A request without any lacks Clerk's.
        let names = if has_any(&STANDARD) && !has_any(&SVIX) {
            STANDARD
        } else {
            SVIX
        };
        let ids = present(headers, names.id)?;
        let timestamps = present(headers, names.timestamp)?;
        let signatures = present(headers, names.signature)?;
        let id = id(&ids).ok_or(WebhookError::Id)?;
        let timestamp = timestamp(&timestamps).ok_or(WebhookError::Timestamp)?;
        let age = now.as_secs().saturating_sub(timestamp);
        if age > TOLERANCE_SECS {
            return Err(WebhookError::TooOld);
        }
        if age < -TOLERANCE_SECS {
            return Err(WebhookError::TooNew);
        }
        Ok(Self {
            id,
            timestamp,
            signatures,
        })
    }

    /// Returns the signatures of version 1, in base64. Other versions are other algorithms.
    pub(super) fn signatures(&self) -> impl Iterator<Item = &'h [u8]> {
        let entries = self
            .signatures
            .iter()
            .flat_map(|field| field.split(|byte| *byte == b' '));
        entries.filter_map(|entry| {
            // A second comma ends the signature, as in Clerk's package, because commas join repeated fields.
            let mut parts = entry.split(|byte| *byte == b',');
            (parts.next()? == b"v1").then(|| parts.next()).flatten()
        })
    }
}

/// Returns the non-empty values of a field.
fn present<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Vec<&'h [u8]>, WebhookError> {
    let values = headers
        .get_all(name)
        .iter()
        .map(HeaderValue::as_bytes)
        .map(<[u8]>::trim_ascii);
    let values: Vec<&[u8]> = values.filter(|value| !value.is_empty()).collect();
    match values.is_empty() {
        true => Err(WebhookError::MissingHeader { name }),
        false => Ok(values),
    }
}

/// Returns the ID. Rejects a full stop, with which a client could move the border between ID and timestamp (Standard
/// Webhooks, "Signature scheme").
fn id<'h>(values: &[&'h [u8]]) -> Option<&'h str> {
    let [value] = values else { return None };
    let is_valid = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.';
    let is_id = value.len() <= MAX_ID_BYTES && value.iter().all(is_valid);
    is_id.then(|| str::from_utf8(value).ok()).flatten()
}

fn timestamp(values: &[&[u8]]) -> Option<i64> {
    let [value] = values else { return None };
    let digits = value.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(value).ok().filter(|_| digits)?;
    // A number that does not fit is a time in the far future.
    Some(text.parse().unwrap_or(i64::MAX))
}
