//! The claims of a signed token: any JSON, header and claims separated by a line end.
#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use portal_fuzz::instances::{INSTANCES, NOW_SECS, now};
use portal_fuzz::{keys, tokens};
use portal_sdk::authorization::{Permission, Requirement, Role};
use portal_sdk::token::{SessionClaims, UnverifiedToken, VerifyRules, verify_session_token};
use serde_json::{Map, Value};

/// The most bytes of header and claims: signing is the slow part.
const MAX_BYTES: usize = 4_096;

fuzz_target!(|text: &str| {
    if text.len() > MAX_BYTES {
        return;
    }
    let usual = tokens::header(&Value::Object(Map::new()));
    let (header, claims) = text.split_once('\n').unwrap_or((&usual, text));
    let header = if header.is_empty() { &usual } else { header };
    // The last of several members with one name counts.
    let Ok(json) = serde_json::from_str::<Map<String, Value>>(claims.trim_start_matches('\u{feff}')) else {
        return;
    };
    let text = keys::instance().sign(header, claims);
    let Ok(token) = UnverifiedToken::decode(&text) else {
        return;
    };
    let rules = VerifyRules::of(&INSTANCES[0]);
    let Ok(claims) = verify_session_token(&token, keys::verifying_key(), rules, now()) else {
        return;
    };

    verified_claims_are_those_of_the_json(&claims, &json);
    rights_are_read(&claims);
    let signature = text.rsplit('.').next().unwrap_or_default();
    assert!(!format!("{claims:?}").contains(signature));
});

fn verified_claims_are_those_of_the_json(claims: &SessionClaims, json: &Map<String, Value>) {
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    assert_eq!(Some(claims.user_id().as_str()), text("sub"));
    assert_eq!(claims.session_id().map(AsRef::as_ref), text("sid"));
    assert_eq!(claims.issuer(), text("iss"));
    assert_eq!(claims.authorized_party(), text("azp"));
    assert_eq!(claims.is_pending(), text("sts") == Some("pending"));
    assert_eq!(claims.as_json(), json);
    assert_eq!(claims.custom::<Map<String, Value>>().ok().as_ref(), Some(json));
    let numbers: Option<HashMap<String, f64>> = serde_json::from_value(Value::Object(json.clone())).ok();
    assert_eq!(claims.custom::<HashMap<String, f64>>().ok(), numbers);

    // Five seconds of difference between clocks are tolerated.
    let seconds = |name: &str| {
        json.get(name)
            .map(|claim| claim.as_f64().expect("a time that is not a number passed"))
    };
    let now = NOW_SECS as f64;
    assert!(seconds("exp").is_some(), "a token without exp passed");
    // Times outside of JavaScript's dates compare with nothing.
    let date = |name: &str| seconds(name).filter(|secs| (secs.trunc() * 1_000.0).abs() <= 8.64e15);
    assert!(date("exp").is_none_or(|secs| secs.trunc() > now - 5.0));
    for name in ["nbf", "iat"] {
        assert!(date(name).is_none_or(|secs| secs.trunc() <= now + 5.0), "{name}");
    }
}

/// Rights come from the claims, and a requirement is met by nothing else.
fn rights_are_read(claims: &SessionClaims) {
    let json = claims.as_json();
    let list = json.get("fea").and_then(Value::as_str).unwrap_or_default();
    for name in claims.organization_features().chain(claims.user_features()) {
        assert!(list.contains(name));
    }
    let is_met = |requirement: &dyn Requirement| requirement.verdict(claims).is_met();
    let organization = claims.organization();
    let permissions: Vec<&str> = organization.iter().flat_map(|known| known.permissions()).collect();
    for wanted in ["org:a:b", "org:invoices:read"] {
        let is_granted = permissions.contains(&wanted) && claims.has_user() && !claims.is_pending();
        assert!(is_granted || !is_met(&Permission::new(wanted)), "{wanted} is met");
    }
    let role = organization.and_then(|known| known.role()).unwrap_or_default();
    assert!(
        role.ends_with("admin") || !is_met(&Role::new("org:admin")),
        "org:admin is met by {role:?}"
    );
    if organization.is_none() {
        assert!(!is_met(&Role::new(role)) && permissions.is_empty());
    }
}
