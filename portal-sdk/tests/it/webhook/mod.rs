//! Deliveries of Clerk's webhooks: fields, signatures, times. `tests/conformance` has the answers of Clerk's own package.

mod events;

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Request};
use portal_sdk::clock::UnixTime;
use portal_sdk::testing::TestWebhook;
use portal_sdk::webhook::{WebhookDelivery, WebhookError, WebhookVerifier};
use serde_json::json;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
/// A secret that signs none of these deliveries.
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn verifier() -> WebhookVerifier {
    WebhookVerifier::new(TestWebhook::secret().expose()).unwrap()
}

fn webhook() -> TestWebhook {
    let data = json!({ "id": "user_1", "first_name": "Ada" });
    TestWebhook::new("user.created", data)
        .with_id("msg_1")
        .with_sent_at(NOW)
        .with_occurred_at(NOW)
}

fn request() -> Request<String> {
    webhook().request("/webhooks/clerk")
}

fn verify(request: &Request<String>) -> Result<WebhookDelivery, WebhookError> {
    verifier().verify(request.headers(), request.body().as_bytes(), NOW)
}

/// Verifies the delivery after a change of its fields.
fn with(change: impl FnOnce(&mut HeaderMap)) -> Result<WebhookDelivery, WebhookError> {
    let mut request = request();
    change(request.headers_mut());
    verify(&request)
}

fn set(name: &'static str, value: &str) -> Result<WebhookDelivery, WebhookError> {
    let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
    with(|headers| {
        headers.insert(name, value);
    })
}

/// A delivery of any body, signed by hand.
fn signed(body: &str) -> Request<String> {
    let secret = TestWebhook::secret();
    let secret = STANDARD.decode(secret.expose().trim_start_matches("whsec_")).unwrap();
    let content = format!("msg_1.{}.{body}", NOW.as_secs());
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), content.as_bytes());
    let mut request = request().map(|_| body.to_owned());
    let value = format!("v1,{}", STANDARD.encode(tag)).try_into().unwrap();
    request.headers_mut().insert("svix-signature", value);
    request
}

fn signature() -> String {
    request().headers()["svix-signature"].to_str().unwrap().to_owned()
}

/// The fields under their standard names instead of `svix-…`.
fn renamed(headers: &mut HeaderMap) {
    for (svix, standard) in [
        ("svix-id", "webhook-id"),
        ("svix-timestamp", "webhook-timestamp"),
        ("svix-signature", "webhook-signature"),
    ] {
        let value = headers.remove(svix).unwrap();
        headers.insert(standard, value);
    }
}

#[test]
fn genuine_delivery_is_accepted_with_its_fields() {
    let webhook = webhook().with_occurred_at(NOW - Duration::from_secs(60));
    let delivery = verify(&webhook.request("/webhooks/clerk")).unwrap();
    assert_eq!((delivery.id.as_str(), delivery.sent_at), ("msg_1", NOW));
    assert_eq!(delivery.event_type, "user.created");
    assert_eq!(delivery.occurred_at, Some(NOW - Duration::from_secs(60)));
    assert_eq!(delivery.instance_id.as_deref(), Some("ins_test"));
    assert!(!format!("{delivery:?} {:?}", delivery.event).contains("Ada"));
}

#[test]
fn delivery_with_standard_names_is_accepted() {
    assert_eq!(with(renamed).unwrap().id, "msg_1");
}

#[test]
fn fields_of_the_two_families_are_not_mixed() {
    let mut genuine = request();
    renamed(genuine.headers_mut());
    for name in ["svix-id", "svix-timestamp", "svix-signature"] {
        let mut request = genuine.clone();
        request.headers_mut().insert(name, HeaderValue::from_static("x"));
        assert!(
            matches!(verify(&request), Err(WebhookError::MissingHeader { .. })),
            "{name}"
        );
    }
}

#[test]
fn missing_or_empty_field_is_refused_by_name() {
    for name in ["svix-id", "svix-timestamp", "svix-signature"] {
        let missing = WebhookError::MissingHeader { name };
        let removed = with(|headers| {
            headers.remove(name);
        });
        assert_eq!(removed.unwrap_err(), missing);
        for empty in ["", "  "] {
            assert_eq!(set(name, empty).unwrap_err(), missing);
        }
    }
    // Clerk's name, which is in its documentation.
    let without_any = with(HeaderMap::clear).unwrap_err();
    assert_eq!(without_any, WebhookError::MissingHeader { name: "svix-id" });
    let standard = with(|headers| {
        renamed(headers);
        headers.remove("webhook-timestamp");
    });
    let missing = WebhookError::MissingHeader {
        name: "webhook-timestamp",
    };
    assert_eq!(standard.unwrap_err(), missing);
}

#[test]
fn malformed_or_repeated_id_is_refused() {
    let longest = "m".repeat(256);
    for id in [
        "msg.1",
        "msg 1",
        "msg\t1",
        "msg_é",
        &format!("{longest}m"),
        "msg_1, msg_1",
    ] {
        assert_eq!(set("svix-id", id).unwrap_err(), WebhookError::Id, "{id}");
    }
    let repeated = with(|headers| {
        headers.append("svix-id", HeaderValue::from_static("msg_1"));
    });
    assert_eq!(repeated.unwrap_err(), WebhookError::Id);
    let request = webhook().with_id(&*longest).request("/");
    assert_eq!(verify(&request).unwrap().id, longest);
}

#[test]
fn malformed_or_repeated_timestamp_is_refused() {
    let now = NOW.as_secs();
    for timestamp in [
        &*format!("{now}x"),
        &format!("+{now}"),
        &format!("-{now}"),
        &format!("{now}.0"),
        &format!("{now}, {now}"),
        "1.8e9",
        "soon",
        "０",
    ] {
        let found = set("svix-timestamp", timestamp).unwrap_err();
        assert_eq!(found, WebhookError::Timestamp, "{timestamp}");
    }
    let repeated = with(|headers| {
        headers.append("svix-timestamp", HeaderValue::from(now));
    });
    assert_eq!(repeated.unwrap_err(), WebhookError::Timestamp);
    let endless = set("svix-timestamp", &"9".repeat(400)).unwrap_err();
    assert_eq!(endless, WebhookError::TooNew);
    assert_eq!(set("svix-timestamp", "0").unwrap_err(), WebhookError::TooOld);
    // The signature covers the number.
    assert!(set("svix-timestamp", &format!("00{now}")).is_ok());
    assert_eq!(
        set("svix-timestamp", &(now + 1).to_string()).unwrap_err(),
        WebhookError::Signature
    );
}

#[test]
fn delivery_is_accepted_within_five_minutes_before_and_after() {
    let millis = |millis| UnixTime::from_millis(NOW.as_millis() + millis);
    let request = request();
    for (now, expected) in [
        (millis(0), None),
        (millis(300_999), None),
        (millis(301_000), Some(WebhookError::TooOld)),
        (millis(-300_000), None),
        (millis(-300_001), Some(WebhookError::TooNew)),
        (UnixTime::from_millis(i64::MAX), Some(WebhookError::TooOld)),
        (UnixTime::from_millis(i64::MIN), Some(WebhookError::TooNew)),
    ] {
        let found = verifier().verify(request.headers(), request.body().as_bytes(), now);
        assert_eq!(found.err(), expected, "{now:?}");
    }
}

#[test]
fn forged_delivery_is_refused() {
    let genuine = signature();
    for signature in [
        "v1,",
        "v1",
        ",",
        "x",
        &genuine["v1,".len()..],
        &genuine.replace("v1,", "v1a,"),
        &genuine.replace("v1,", "v2,"),
        &genuine.replace("v1,", "V1,"),
        &genuine.replace("v1,", "v1 "),
        genuine.trim_end_matches('='),
        &format!("{genuine}="),
        &genuine.to_lowercase(),
    ] {
        let found = set("svix-signature", signature).unwrap_err();
        assert_eq!(found, WebhookError::Signature, "{signature}");
    }
    assert_eq!(set("svix-id", "msg_2").unwrap_err(), WebhookError::Signature);
    let changed = request().map(|body| body.replace("user_1", "user_2"));
    assert_eq!(verify(&changed).unwrap_err(), WebhookError::Signature);
    let shortened = request().map(|body| body[..body.len() - 1].to_owned());
    assert_eq!(verify(&shortened).unwrap_err(), WebhookError::Signature);
}

#[test]
fn signature_with_any_changed_character_is_refused() {
    let genuine = signature();
    for at in "v1,".len()..genuine.len() {
        let mut forged = genuine.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let found = set("svix-signature", str::from_utf8(&forged).unwrap()).unwrap_err();
        assert_eq!(found, WebhookError::Signature, "{at}");
    }
}

#[test]
fn one_genuine_signature_among_others_is_enough() {
    let genuine = signature();
    for signatures in [
        format!("v1,AAAA {genuine}"),
        format!("{genuine} v1,AAAA"),
        format!("v1a,AAAA  {genuine}   v2,BBBB"),
        format!("v1,AAAA, {genuine}, v1,BBBB"),
    ] {
        assert!(set("svix-signature", &signatures).is_ok(), "{signatures}");
    }
    let repeated = with(|headers| {
        headers.insert("svix-signature", HeaderValue::from_static("v1,AAAA"));
        headers.append("svix-signature", HeaderValue::try_from(genuine).unwrap());
    });
    assert!(repeated.is_ok());
}

#[test]
fn secret_of_the_verifier_decides() {
    let request = request();
    let own = TestWebhook::secret();
    for (secrets, is_accepted) in [
        (OTHER_SECRET.to_owned(), false),
        (own.expose().to_owned(), true),
        (format!("{},{OTHER_SECRET}", own.expose()), true),
        (format!("{OTHER_SECRET}, {}", own.expose()), true),
    ] {
        let verifier = WebhookVerifier::new(&secrets).unwrap();
        let found = verifier.verify(request.headers(), request.body().as_bytes(), NOW);
        assert_eq!(found.is_ok(), is_accepted);
        assert!(!format!("{verifier:?}").contains(own.expose()));
    }
}

#[test]
fn genuine_body_that_is_not_an_event_is_refused() {
    for body in [
        "",
        "{",
        "null",
        "[]",
        "1",
        "\"user.created\"",
        "{}",
        r#"{"type":null}"#,
        r#"{"type":1,"data":{}}"#,
        "\u{feff}{\"type\":\"user.created\"}",
    ] {
        assert_eq!(verify(&signed(body)).unwrap_err(), WebhookError::Payload, "{body}");
    }
    let smallest = verify(&signed(r#"{"type":"user.created"}"#)).unwrap();
    assert_eq!((smallest.occurred_at, smallest.instance_id), (None, None));
    let odd = verify(&signed(r#"{"type":"x","timestamp":"soon","instance_id":[]}"#)).unwrap();
    assert_eq!((odd.occurred_at, odd.instance_id), (None, None));
}

#[test]
fn test_webhooks_have_different_ids() {
    let id = || TestWebhook::new("user.created", json!({})).id().to_owned();
    assert_ne!(id(), id());
}
