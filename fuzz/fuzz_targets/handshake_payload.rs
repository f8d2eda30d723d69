//! The cookies that Clerk brings in a handshake or a renewal: any JSON, any `Set-Cookie` values, signed or fetched.
#![no_main]

use arbitrary::Arbitrary;
use http::{HeaderMap, HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use portal_fuzz::answers::{AnySetCookie, set_cookie};
use portal_fuzz::instances::{INSTANCES, now};
use portal_fuzz::{check, keys, tokens};
use portal_sdk::decide::{Decision, decide};
use portal_sdk::effect::{Effect, HandshakePayload, Known, RefreshedSession};
use portal_sdk::instance::Instance;
use portal_sdk::request::AuthenticateContext;
use serde_json::{Value, json};

const MAX_BYTES: usize = 8_192;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    is_development: bool,
    way: Way,
    payload: Payload<'a>,
}

/// The transport of the payload.
#[derive(Arbitrary, Debug)]
enum Way {
    Signed,
    Fetched,
    Renewed,
}

#[derive(Arbitrary, Debug)]
enum Payload<'a> {
    Json(&'a str),
    SetCookies(Vec<AnySetCookie<'a>>),
    Lines(&'a str),
}

impl Payload<'_> {
    fn set_cookies(&self) -> Vec<Value> {
        match self {
            Self::Json(text) => {
                let read: Result<HandshakePayload, _> = serde_json::from_str(text);
                if let Ok(payload) = read {
                    return payload.set_cookies;
                }
                match serde_json::from_str(text) {
                    Ok(Value::Array(values)) => values,
                    _ => Vec::new(),
                }
            }
            Self::SetCookies(cookies) => cookies.iter().map(|cookie| set_cookie(cookie).into()).collect(),
            Self::Lines(text) => text.split('\n').map(Value::from).collect(),
        }
    }
}

fuzz_target!(|input: Input<'_>| {
    // With the instance's PEM key, so that only the payload is to be fetched.
    let instance = &INSTANCES[if input.is_development { 3 } else { 2 }];
    let set_cookies = input.payload.set_cookies();
    if serde_json::to_string(&set_cookies).map_or(0, |text| text.len()) > MAX_BYTES {
        return;
    }
    let expired = &tokens::GENUINE[if input.is_development { 9 } else { 3 }].text;
    let ((query, cookie), known) = match input.way {
        Way::Signed => {
            let claims = json!({ "handshake": set_cookies }).to_string();
            let token = keys::instance().sign(&tokens::header(&json!({})), &claims);
            (returning(instance, "__clerk_handshake", &token), Known::default())
        }
        Way::Fetched => {
            let payload = HandshakePayload::new(set_cookies.iter().cloned());
            let known = Known {
                handshake: Some(Ok(payload)),
                ..Known::default()
            };
            (returning(instance, "__clerk_handshake_nonce", "n1"), known)
        }
        Way::Renewed => {
            let texts = set_cookies.iter().filter_map(Value::as_str);
            let known = Known {
                refresh: Some(Ok(RefreshedSession::new(texts))),
                ..Known::default()
            };
            let suffix = instance.publishable_key().cookie_suffix();
            let cookies = format!("__session={expired}; __client_uat=1; __clerk_db_jwt=d; __refresh_{suffix}=r");
            ((String::new(), cookies), known)
        }
    };
    let mut parts = Request::get(format!("/{query}"))
        .body(())
        .expect("the query string is encoded")
        .into_parts()
        .0;
    for (name, value) in [
        ("host", "app.example.com"),
        ("sec-fetch-dest", "document"),
        ("cookie", &cookie),
    ] {
        parts
            .headers
            .insert(name, HeaderValue::from_str(value).expect("the value is ASCII"));
    }
    let cx = AuthenticateContext::new(&parts, instance, now());
    let state = match decide(&cx, &known, now()) {
        Decision::Settled(state) => state,
        Decision::Needs(Effect::RefreshSession(_)) => return,
        Decision::Needs(effect) => panic!("the payload is known, and the key too: {effect:?}"),
    };
    check::signed_in_by_a_genuine_token(&state, instance, now());
    check::redirects_stay_on_allowed_origins(&state, instance, &parts);
    check::no_secret_in(&format!("{state:?} {known:?}"));
    let mut headers = HeaderMap::new();
    state.headers.apply(&mut headers);
    check::headers_carry_no_control_character(&headers);
    // Every cookie is one that Clerk has sent, or our own.
    for value in headers.get_all("set-cookie") {
        let sent: String = value.as_bytes().iter().copied().map(char::from).collect();
        let is_brought = set_cookies
            .iter()
            .filter_map(Value::as_str)
            .any(|known| known.trim_matches(['\t', '\n', '\r', ' ']) == sent);
        assert!(is_brought || sent.starts_with("__clerk_redirect_count="), "{sent}");
    }
});

/// The query string and the cookies of a request that returns from a handshake.
fn returning(instance: &Instance, name: &str, value: &str) -> (String, String) {
    match instance.is_development() {
        true => (format!("?{name}={value}"), "__clerk_db_jwt=d".to_owned()),
        false => (String::new(), format!("{name}={value}")),
    }
}
