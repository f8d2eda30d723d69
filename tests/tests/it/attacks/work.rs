//! The work that a request without a session can cause: RFC 8725 section 2.4, RFC 7515 section 10.
//!
//! Nothing is timed. The tests count the calls to Clerk and the allocated bytes, which bound the work of decoding and
//! copying, and the memory that stays in use.

use allocation_counter::{AllocationInfo, measure};
use http::HeaderValue;
use portal_sdk::limits::MAX_TOKEN_BYTES;
use serde_json::json;

use super::signing::{SigningKey, USER, header, message, payload, with_signature};
use super::transport::Via;
use super::victim::{Route, Victim, cookie};

const MAX_TOKEN: u64 = MAX_TOKEN_BYTES as u64;
const MEGABYTE: usize = 1 << 20;
/// A text that is longer than the heads that most servers accept.
const LONG: usize = 1 << 17;

/// An application, and the allocations of a request without a token.
struct Measured {
    victim: Victim,
    baseline: u64,
}

impl Measured {
    fn new() -> Self {
        let victim = Victim::new();
        // The first requests fill caches of addresses.
        victim.assert_signed_out("first", "", &[]);
        let baseline = allocations(&victim, &[]).bytes_total;
        Self { victim, baseline }
    }

    /// Asserts that a request with `fields` is signed out and allocates at most `bytes` more than one without them.
    fn assert_within(&self, label: &str, fields: &[(&str, HeaderValue)], bytes: u64) {
        self.victim.assert_signed_out(label, "", fields);
        let found = allocations(&self.victim, fields)
            .bytes_total
            .saturating_sub(self.baseline);
        let routes = Route::ALL.len() as u64;
        assert!(
            found <= bytes * routes,
            "{label}: {} bytes for each request",
            found / routes
        );
    }

    fn assert_token_within(&self, label: &str, token: &str, bytes: u64) {
        for via in [Via::BothCookies, Via::Bearer] {
            let field = via.field(token.as_bytes()).unwrap();
            self.assert_within(&format!("{label}, {via:?}"), &[field], bytes);
        }
    }
}

fn allocations(victim: &Victim, fields: &[(&str, HeaderValue)]) -> AllocationInfo {
    let requests = Route::ALL.map(|route| victim.request(route, "", fields));
    measure(|| {
        for request in requests {
            victim.ask_at_once(request);
        }
    })
}

/// The signer of a token does not matter, because nothing of the token is decoded (G33).
#[test]
fn token_of_a_megabyte_is_neither_decoded_nor_copied() {
    let measured = Measured::new();
    let large = json!({ "x": "x".repeat(MEGABYTE) });
    let instance = SigningKey::of_instance();
    let own = instance.session(&json!({}));
    for (label, token) in [
        ("large payload", instance.session(&large)),
        ("large payload of another key", SigningKey::foreign().session(&large)),
        ("large header", instance.token(header(&large), payload(&json!({})))),
        (
            "large signature",
            with_signature(&message(header(&json!({})), payload(&json!({}))), &vec![0; MEGABYTE]),
        ),
        ("padding", format!("{own}{}", "=".repeat(MEGABYTE))),
        ("dots", ".".repeat(MEGABYTE)),
        ("letters", "a".repeat(MEGABYTE)),
        ("escapes", "%41".repeat(MEGABYTE / 3)),
        ("one byte beyond the limit", "a".repeat(MAX_TOKEN_BYTES + 1)),
    ] {
        measured.assert_token_within(label, &token, 1_024);
    }
}

/// Decoding Latin-1 copies the text, so that only the start of an oversized one is decoded.
#[test]
fn text_of_a_megabyte_that_is_not_ascii_is_decoded_in_part() {
    let measured = Measured::new();
    let latin_1 = vec![0xe9; MEGABYTE];
    let late = [&vec![b'1'; MEGABYTE][..], &[0xe9]].concat();
    for text in [&latin_1, &late] {
        for via in Via::ALL {
            let field = via.field(text).unwrap();
            measured.assert_within(&format!("{via:?}"), &[field], 20 * MAX_TOKEN);
        }
        for name in [
            "__client_uat",
            "__clerk_handshake",
            "__clerk_handshake_nonce",
            "__clerk_redirect_count",
            "__clerk_db_jwt",
            "__refresh_naoXFJnI",
        ] {
            let field = cookie([format!("{name}=").as_bytes(), text].concat());
            measured.assert_within(name, &[field], 20 * MAX_TOKEN);
        }
        for name in [
            "host",
            "x-forwarded-host",
            "x-forwarded-proto",
            "accept",
            "origin",
            "referer",
            "user-agent",
            "x-other",
        ] {
            measured.assert_within(name, &[(name, HeaderValue::from_bytes(text).unwrap())], 20 * MAX_TOKEN);
        }
    }
}

/// Repeated fields are joined, up to a limit.
#[test]
fn repeated_fields_of_a_megabyte_are_joined_in_part() {
    let measured = Measured::new();
    for text in [
        "a".repeat(MAX_TOKEN_BYTES),
        "Bearer x".to_owned(),
        "\u{e9}".repeat(MAX_TOKEN_BYTES / 2),
    ] {
        let value = HeaderValue::from_bytes(text.as_bytes()).unwrap();
        for name in [
            "authorization",
            "x-forwarded-host",
            "x-forwarded-proto",
            "accept",
            "origin",
            "sec-fetch-site",
        ] {
            let fields: Vec<_> = (0..MEGABYTE / MAX_TOKEN_BYTES).map(|_| (name, value.clone())).collect();
            measured.assert_within(name, &fields, 40 * MAX_TOKEN);
        }
    }
    let halves = ["a", "b"].map(|letter| ("authorization", HeaderValue::try_from(letter.repeat(MEGABYTE)).unwrap()));
    measured.assert_within("two halves", &halves, 40 * MAX_TOKEN);
}

/// The largest tokens that are decoded. Lists and objects take many times the memory of their text, until the response.
#[test]
fn memory_for_the_largest_token_is_bounded() {
    let measured = Measured::new();
    let foreign = SigningKey::foreign();
    let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
    for claim in ["x", "aud", "exp", "sub"] {
        for (item, count) in [
            ("0", 5_300),
            ("\"\"", 3_700),
            ("[]", 3_500),
            ("{}", 3_500),
            ("{\"\":0}", 1_500),
            ("\"\\u0041\"", 1_100),
        ] {
            let payload = format!(
                "{{\"{claim}\":{},{}",
                list(item, count),
                &payload(&json!({ claim: null }))[1..]
            );
            let token = foreign.token(header(&json!({})), payload);
            assert!((12_000..=MAX_TOKEN_BYTES).contains(&token.len()), "{}", token.len());
            let field = Via::SuffixedCookie.field(token.as_bytes()).unwrap();
            measured.assert_within(&format!("{claim} of {item}"), &[field], 200 * MAX_TOKEN);
        }
    }
    for member in ["x", "alg", "typ", "cat", "kid"] {
        let header = format!(
            "{{\"{member}\":{},{}",
            list("0", 5_200),
            &header(&json!({ member: null }))[1..]
        );
        let field = Via::SuffixedCookie
            .field(foreign.token(header, payload(&json!({}))).as_bytes())
            .unwrap();
        measured.assert_within(member, &[field], 200 * MAX_TOKEN);
    }
    let names: Vec<String> = (0..1_200).map(|n| format!("\"{n}\":0")).collect();
    let members = format!("{{{}}}", names.join(","));
    let field = Via::SuffixedCookie
        .field(foreign.token(header(&json!({})), members).as_bytes())
        .unwrap();
    measured.assert_within("many claims", &[field], 200 * MAX_TOKEN);
}

#[test]
fn thousands_of_cookies_are_read_without_a_copy() {
    let measured = Measured::new();
    let numbered = |name: &str| -> String { (0..4_000).map(|n| format!("{name}{n}={n}; ")).collect() };
    let token = SigningKey::of_instance().session(&json!({}));
    for cookies in [
        numbered("a"),
        numbered("__session_"),
        numbered("__clerk_db_jwt_"),
        "__session=x; ".repeat(4_000),
        "a=b;".repeat(20_000),
        ";".repeat(LONG),
        "=".repeat(LONG),
        "__".repeat(LONG / 2),
        "__session".repeat(LONG / 9),
        " ".repeat(LONG),
        format!("{}=x", "n".repeat(LONG)),
    ] {
        measured.assert_within(&cookies[..20], &[cookie(&cookies)], 1_024);
        // The user's cookies are found among them.
        let has_session = cookies.contains("__session=x");
        let jar = format!("{cookies}; __session_naoXFJnI={token}; __client_uat_naoXFJnI=1");
        if !has_session {
            measured.victim.assert_signed_in(&cookies[..20], &[cookie(jar)], USER);
        }
    }
    let fields: Vec<_> = (0..1_000).map(|n| cookie(format!("__session_{n}=x"))).collect();
    // The fields themselves are kept, by reference.
    measured.assert_within("a thousand fields", &fields, 20 * MAX_TOKEN);
}

/// Only tokens that the instance's key signed are remembered, so that no stream of forgeries fills the cache.
#[test]
fn forged_tokens_leave_nothing_in_memory() {
    let measured = Measured::new();
    let foreign = SigningKey::foreign();
    let tokens: Vec<_> = (0..20)
        .map(|n| foreign.session(&json!({ "sid": format!("sess_{n}") })))
        .collect();
    let fields: Vec<_> = tokens
        .iter()
        .flat_map(|token| Via::ALL.map(|via| via.field(token.as_bytes()).unwrap()))
        .collect();
    let send = || {
        for field in &fields {
            for route in Route::ALL {
                measured.victim.ask(route, "", std::slice::from_ref(field));
            }
        }
    };
    // The first pass may leave something, such as a grown buffer. The second one must leave nothing.
    send();
    let left = measure(send).bytes_current;
    assert_eq!(left, 0);
    assert_eq!(measured.victim.clerk.calls(), ["jwks"]);
}
