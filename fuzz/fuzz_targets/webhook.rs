//! A delivery of a webhook: the ID, the time, the signatures and the body, one per line. `$s` is the genuine signature.
#![no_main]

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use portal_sdk::clock::UnixTime;
use portal_sdk::webhook::{WebhookDelivery, WebhookError, WebhookVerifier};
use serde_json::Value;

/// 24 bytes; used nowhere else.
const SECRET: &str = "ZnV6ei1mdXp6LWZ1enotZnV6ei1mdXp6";
/// Replaced by the genuine signature, which a mutation cannot compute.
const GENUINE: &[u8] = b"$s";
const NOW_SECS: i64 = 1_800_000_000;

fuzz_target!(|input: &[u8]| {
    let parts: Vec<&[u8]> = input.splitn(4, |byte| *byte == b'\n').collect();
    let [id, timestamp, signatures, body] = parts[..] else {
        return;
    };
    let genuine = genuine_signature(id.trim_ascii(), timestamp.trim_ascii(), body);
    let signatures = replaced(signatures, genuine.as_bytes());
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("svix-id", id),
        ("svix-timestamp", timestamp),
        ("svix-signature", &signatures),
    ] {
        match HeaderValue::from_bytes(value) {
            Ok(value) => drop(headers.insert(name, value)),
            Err(_) => return,
        }
    }
    let verifier = WebhookVerifier::new(&format!("whsec_{SECRET}")).expect("a secret of 24 bytes");
    let verified = verifier.verify(&headers, body, UnixTime::from_secs(NOW_SECS));
    let marked = format!("v1,{genuine}");
    let is_signed = signatures
        .windows(marked.len())
        .any(|window| window == marked.as_bytes());
    match verified {
        Ok(delivery) => {
            assert!(is_signed);
            delivery_is_the_sent_one(&delivery, id.trim_ascii(), body);
        }
        // Only a genuine body is read.
        Err(WebhookError::Payload) => assert!(is_signed),
        Err(error) => assert!(!format!("{error} {error:?}").contains(&genuine)),
    }
});

fn delivery_is_the_sent_one(delivery: &WebhookDelivery, id: &[u8], body: &[u8]) {
    assert_eq!(delivery.id.as_bytes(), id);
    assert!((1..=256).contains(&id.len()) && !delivery.id.contains('.'));
    assert!((delivery.sent_at.as_secs() - NOW_SECS).abs() <= 300);
    assert_eq!(delivery.json().as_bytes(), body);
    // `serde_json` refuses some values that a delivery may hold, such as deep ones.
    if let Ok(payload) = serde_json::from_slice::<Value>(body) {
        assert_eq!(payload["type"], *delivery.event_type);
        if let Ok(data) = delivery.data_as::<Value>() {
            assert_eq!(payload["data"], data);
        }
    }
    assert!(!format!("{delivery:?}").contains(SECRET));
}

/// The signature over ID, time and body, computed in one piece.
fn genuine_signature(id: &[u8], timestamp: &[u8], body: &[u8]) -> String {
    let digits = str::from_utf8(timestamp)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    // Leading zeros are not signed.
    let number = digits
        .and_then(|digits| digits.parse::<i64>().ok())
        .unwrap_or_default()
        .to_string();
    let content = [id, b".", number.as_bytes(), b".", body].concat();
    let secret = STANDARD.decode(SECRET).expect("base64");
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), &content))
}

fn replaced(text: &[u8], genuine: &[u8]) -> Vec<u8> {
    match text.windows(GENUINE.len()).position(|window| window == GENUINE) {
        Some(at) => [&text[..at], genuine, &text[at + GENUINE.len()..]].concat(),
        None => text.to_vec(),
    }
}
