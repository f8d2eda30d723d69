//! Cookies are read in one pass by their bytes, with the same result as by a plain reader.

use http::HeaderMap;
use portal_sdk::instance::Instance;
use portal_sdk::limits::{MAX_OPAQUE_TOKEN_BYTES, MAX_TOKEN_BYTES};
use portal_sdk::request::{AuthenticateContext, cookies};
use portal_sdk::testing::TestKey;

use super::sent::{Dice, request, tokens};
use crate::common::{LIVE_KEY, LIVE_SUFFIX, now};

const CASES: usize = 5_000;

/// Returns the first cookie of a name, decoded; `None` if it is empty.
fn first(headers: &HeaderMap, name: &str) -> Option<String> {
    let (_, value) = cookies(headers).find(|(found, _)| *found == name.as_bytes())?;
    let latin1: String = value.iter().copied().map(char::from).collect();
    let decoded = decode_uri_component(&latin1).filter(|_| latin1.len() <= MAX_TOKEN_BYTES);
    Some(decoded.unwrap_or(latin1)).filter(|text| !text.is_empty())
}

/// JavaScript's function; `None` where it throws.
fn decode_uri_component(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        bytes.push(u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[test]
fn cookies_are_those_of_a_plain_reader() {
    let instance = Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap();
    let tokens = tokens("https://clerk.example.com", &TestKey::generate());
    let mut dice = Dice::new(0);
    let mut found = [0; 3];
    for case in 0..CASES {
        let parts = request(&mut dice, &tokens, LIVE_SUFFIX);
        let cx = AuthenticateContext::new(&parts, &instance, now());
        let first = |name: &str| first(&parts.headers, name);
        let suffixed = |name: &str| first(&format!("{name}_{LIVE_SUFFIX}"));

        let refresh = suffixed("__refresh").filter(|token| token.len() <= MAX_OPAQUE_TOKEN_BYTES);
        assert_eq!(cx.refresh_cookie(), refresh.as_deref(), "case {case}: {parts:?}");
        let session = match cx.uses_suffixed_cookies() {
            true => suffixed("__session"),
            false => first("__session"),
        };
        // A meaningless session of the plain set is dropped.
        if cx.session_cookie().is_some() || cx.uses_suffixed_cookies() {
            assert_eq!(cx.session_cookie(), session.as_deref(), "case {case}: {parts:?}");
        }
        found[0] += usize::from(refresh.is_some());
        found[1] += usize::from(cx.session_cookie().is_some());
        found[2] += usize::from(cx.uses_suffixed_cookies());
    }
    assert!(found.iter().all(|count| *count > CASES / 50), "{found:?}");
}
