//! `Cookie` fields, one for each line of the input: our reader agrees with a simple one.
#![no_main]

use std::collections::HashSet;

use http::{HeaderMap, HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use portal_fuzz::instances::{INSTANCES, LIVE_SUFFIX, TEST_SUFFIX, now};
use portal_fuzz::{check, cookies};
use portal_sdk::instance::Instance;
use portal_sdk::limits::MAX_TOKEN_BYTES;
use portal_sdk::request::{AuthenticateContext, PublicUrl, SetCookie, cookie_values};
use url::Url;

fuzz_target!(|input: &[u8]| {
    let fields: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let mut headers = HeaderMap::new();
    for field in &fields {
        match HeaderValue::from_bytes(field) {
            Ok(value) => drop(headers.append("cookie", value)),
            Err(_) => return,
        }
    }
    let pairs = cookies::pairs(&fields);
    let read: Vec<_> = portal_sdk::request::cookies(&headers).collect();
    assert_eq!(read, pairs);

    let names: HashSet<&[u8]> = pairs.iter().map(|(name, _)| *name).collect();
    for name in names {
        let Ok(name) = std::str::from_utf8(name) else { continue };
        for value in cookie_values(&headers, name) {
            assert!(pairs.contains(&(name.as_bytes(), value.as_bytes())));
            written_cookie_is_read_again(name, value);
        }
    }
    let mut parts = Request::new(()).into_parts().0;
    parts.headers = headers;
    chosen_cookies_are_those_sent(&parts, &INSTANCES[0], LIVE_SUFFIX, &pairs);
    chosen_cookies_are_those_sent(&parts, &INSTANCES[1], TEST_SUFFIX, &pairs);
});

/// The decision reads the first cookie of each name, of one set or the other.
fn chosen_cookies_are_those_sent(
    parts: &http::request::Parts,
    instance: &Instance,
    suffix: &str,
    pairs: &[(&[u8], &[u8])],
) {
    let cx = AuthenticateContext::new(parts, instance, now());
    let sent = |name: &str| cookies::first(pairs, name);
    let chosen = |name: &str| match cx.uses_suffixed_cookies() {
        true => sent(&format!("{name}_{suffix}")),
        false => sent(name),
    };
    let is_bounded = |value: &String| value.len() <= MAX_TOKEN_BYTES / 4;
    // The plain session is dropped if it is unreadable and the other set exists.
    let session = cx.session_cookie();
    assert!(session == chosen("__session").as_deref() || (session.is_none() && !cx.uses_suffixed_cookies()));
    assert_eq!(cx.dev_browser(), chosen("__clerk_db_jwt").filter(is_bounded).as_deref());
    let refresh = sent(&format!("__refresh_{suffix}"));
    assert_eq!(cx.refresh_cookie(), refresh.filter(is_bounded).as_deref());
    let client_uat = chosen("__client_uat").unwrap_or_default();
    let is_number = !client_uat.is_empty() && client_uat.bytes().all(|byte| byte.is_ascii_digit());
    let client_uat = is_number.then(|| client_uat.parse().unwrap_or(u64::MAX));
    assert_eq!(cx.client_uat(), client_uat.unwrap_or(0));
    if !instance.is_development() {
        assert_eq!(cx.handshake_token(), sent("__clerk_handshake").as_deref());
        assert_eq!(cx.handshake_nonce(), sent("__clerk_handshake_nonce").as_deref());
    }
}

/// A cookie that can be written is one cookie with this name and this value.
fn written_cookie_is_read_again(name: &str, value: &str) {
    let url = PublicUrl::from(Url::parse("https://app.example.com/").expect("a constant URL"));
    let Some(written) = SetCookie::new(&url, name, value).to_header() else {
        return;
    };
    let pair = written
        .as_bytes()
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    assert_eq!(cookies::pairs(&[pair]), [(name.as_bytes(), value.as_bytes())]);
    let mut headers = HeaderMap::new();
    headers.insert("set-cookie", written);
    check::headers_carry_no_control_character(&headers);
}
