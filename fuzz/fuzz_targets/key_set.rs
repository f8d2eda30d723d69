//! Signing keys as Clerk sends them, and as a PEM text: only a set that holds the instance's key signs a token in.
#![no_main]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use portal_fuzz::instances::{INSTANCES, now};
use portal_fuzz::keys::{self, KEY_ID};
use portal_fuzz::{check, tokens};
use portal_sdk::decide::{Decision, decide};
use portal_sdk::effect::{Known, KnownKeys, MissingKey};
use portal_sdk::key::{KeySet, VerifyingKey};
use portal_sdk::request::AuthenticateContext;
use serde_json::Value;

/// Replaced by the instance's modulus, which is too long for a mutation to write.
const MODULUS: &str = "$n";

fuzz_target!(|text: &str| {
    if let Ok(key) = VerifyingKey::from_pem(text) {
        assert!(!text.contains("PRIVATE KEY-----"));
        assert!(format!("{key:?}").len() < 40);
    }
    let modulus = keys::instance().modulus();
    let Ok(json) = serde_json::from_str::<Value>(&text.replace(MODULUS, &modulus)) else {
        return;
    };
    let keys = KeySet::from_json(&json);

    // Written and read again, it is the same.
    let written = keys.to_json();
    assert_eq!(KeySet::from_json(&written).to_json(), written);
    let entries = json.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    assert!(
        written["keys"]
            .as_array()
            .is_some_and(|written| written.len() <= entries.len())
    );
    for key_id in entries.iter().filter_map(|entry| entry.get("kid")?.as_str()) {
        let is_written = written["keys"].to_string().contains(&Value::from(key_id).to_string());
        assert!(!keys.contains(key_id) || is_written, "{key_id} is lost");
    }
    let is_ours = |entry: &Value| is_the_instances_key(entry);
    let may_sign_in = entries.iter().any(is_ours);
    let is_signed_in = signs_in(keys);
    assert!(may_sign_in || !is_signed_in, "signed in with {json}");
});

fn is_the_instances_key(entry: &Value) -> bool {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text(name)?.trim_end_matches('=')).ok()?;
        Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<_>>())
    };
    let modulus = URL_SAFE_NO_PAD.decode(keys::instance().modulus()).ok();
    text("kid") == Some(KEY_ID)
        && text("kty") == Some("RSA")
        && text("use").is_none_or(|usage| usage == "sig")
        && text("alg").is_none_or(|algorithm| algorithm == "RS256")
        && number("n") == modulus
        && number("e") == Some(vec![1, 0, 1])
}

fn signs_in(keys: KeySet) -> bool {
    let mut parts = Request::new(()).into_parts().0;
    let cookies = format!("__session={}; __client_uat=1", tokens::GENUINE[0].text);
    parts
        .headers
        .insert("cookie", HeaderValue::from_str(&cookies).expect("the value is ASCII"));
    let instance = &INSTANCES[0];
    let cx = AuthenticateContext::new(&parts, instance, now());
    let known = Known {
        keys: KnownKeys::Asked {
            keys: Arc::new(keys),
            missing: MissingKey::Unknown,
        },
        ..Known::default()
    };
    let Decision::Settled(state) = decide(&cx, &known, now()) else {
        panic!("the keys were asked for")
    };
    check::no_secret_in(&format!("{state:?} {known:?}"));
    state.claims().is_some()
}
