//! Deliveries of webhooks, against the answer of Clerk's own package (`tests/conformance/webhooks.json`). Where we differ, the
//! case carries the number of the difference.

use std::collections::BTreeMap;
use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue};
use portal_sdk::clock::UnixTime;
use portal_sdk::webhook::WebhookVerifier;
use serde::Deserialize;

#[derive(Deserialize)]
struct Recorded {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    secret: String,
    now: i64,
    headers: Vec<(String, String)>,
    /// Each character is one byte.
    body: String,
    outcome: Outcome,
    expected: Option<Outcome>,
    #[serde(default)]
    gap: Vec<String>,
    #[serde(default)]
    refused: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Outcome {
    Refused {
        reason: String,
    },
    Accepted {
        #[serde(rename = "type")]
        event_type: serde_json::Value,
        timestamp: Option<i64>,
        instance: Option<String>,
    },
}

fn cases() -> Vec<Case> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/webhooks.json");
    let text = std::fs::read_to_string(file).expect("the recorded deliveries");
    serde_json::from_str::<Recorded>(&text)
        .expect("the form of the recorder")
        .cases
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).expect("a byte")).collect()
}

/// Returns our outcome; `None` if the secret is refused at start-up.
fn ours(case: &Case) -> Option<Outcome> {
    let verifier = WebhookVerifier::new(&case.secret).ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in &case.headers {
        let value = HeaderValue::from_bytes(&bytes(value)).expect("a value of a header");
        headers.append(HeaderName::try_from(name).expect("a name of a header"), value);
    }
    let verified = verifier.verify(&headers, &bytes(&case.body), UnixTime::from_millis(case.now));
    Some(match verified {
        Err(error) => Outcome::Refused {
            reason: error.as_str().to_owned(),
        },
        Ok(delivery) => Outcome::Accepted {
            event_type: delivery.event_type.into(),
            timestamp: delivery.occurred_at.map(UnixTime::as_millis),
            instance: delivery.instance_id,
        },
    })
}

fn assert_as_recorded(case: &Case) {
    let wanted = (!case.refused).then(|| case.expected.as_ref().unwrap_or(&case.outcome));
    assert_eq!(ours(case).as_ref(), wanted, "{} {:?}", case.id, case.gap);
}

#[test]
fn every_delivery_is_verified_as_recorded() {
    let cases = cases();
    assert!(cases.len() > 140, "{} cases", cases.len());
    cases.iter().for_each(assert_as_recorded);
    let accepted = |case: &&Case| matches!(ours(case), Some(Outcome::Accepted { .. }));
    assert!(cases.iter().filter(accepted).count() > 40);
}

/// Replays the cases that a difference explains. In each of them ours must differ from the package.
fn replay(gap: &str) -> BTreeMap<String, Option<Outcome>> {
    let cases: Vec<Case> = cases()
        .into_iter()
        .filter(|case| case.gap.iter().any(|name| name == gap))
        .collect();
    assert!(!cases.is_empty(), "no recorded delivery is explained by {gap}");
    cases
        .into_iter()
        .map(|case| {
            assert_as_recorded(&case);
            let ours = ours(&case);
            assert_ne!(ours.as_ref(), Some(&case.outcome), "{} is not a difference", case.id);
            (case.id, ours)
        })
        .collect()
}

fn is_accepted(outcome: &Option<Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Accepted { .. }))
}

#[test]
fn w1_standard_field_names_are_read_too() {
    let found = replay("W1");
    assert!(is_accepted(&found["webhook/genuine"]) && !is_accepted(&found["webhook/another-secret"]));
}

#[test]
fn w2_malformed_secret_is_refused_at_start_up() {
    let found = replay("W2");
    for id in ["secret/no-prefix", "secret/23-bytes", "secret/character-left-over"] {
        assert_eq!(found[id], None, "{id}");
    }
    assert!(is_accepted(&found["secret/list"]) && !is_accepted(&found["secret/list-without-the-right-one"]));
}

#[test]
fn w3_odd_id_or_timestamp_is_refused() {
    let found = replay("W3");
    assert!(found.contains_key("id/moved-border"));
    assert!(!found.values().any(is_accepted));
}

#[test]
fn w4_bytes_are_verified_as_they_were_sent() {
    assert!(!replay("W4").values().any(is_accepted));
}

#[test]
fn w5_payload_without_a_type_is_refused() {
    assert!(!replay("W5").values().any(is_accepted));
}
