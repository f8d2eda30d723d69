//! Requests that no well-behaved client sends. Header fields are read as Node reads them: bytes are Latin-1, repeated
//! fields are joined or the first one counts.

use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Version};
use portal_sdk::decide::{Decision, decide};
use portal_sdk::effect::{Known, KnownKeys, MissingKey};
use portal_sdk::instance::{Instance, Satellite};
use portal_sdk::request::{AuthenticateContext, PublicUrl};
use portal_sdk::state::RequestState;
use serde_json::json;

use crate::common::tokens::{instance_key, jwks, session_token};
use crate::common::{LIVE_KEY, LIVE_SUFFIX, NOW_SECS, TEST_KEY, now};

fn request(uri: &str, headers: &[(&str, &[u8])]) -> Parts {
    let mut request = Request::get(uri).body(()).unwrap();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(value).unwrap());
    }
    if uri.starts_with("http") && !request.headers().contains_key("host") {
        *request.version_mut() = Version::HTTP_2;
    }
    request.into_parts().0
}

fn settle(parts: &Parts) -> RequestState {
    let instance = Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap();
    let cx = AuthenticateContext::new(parts, &instance, now());
    // No token here names a key that a fetch would find.
    let known = Known {
        keys: KnownKeys::Asked {
            keys: jwks().into(),
            missing: MissingKey::Unknown,
        },
        ..Known::default()
    };
    match decide(&cx, &known, now()) {
        Decision::Settled(state) => state,
        Decision::Needs(effect) => panic!("{effect:?} is asked for"),
    }
}

fn outcome(headers: &[(&str, &[u8])]) -> String {
    let state = settle(&request("https://app.example.com/path", headers));
    let reason = state.reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    format!("{}{reason}", state.status().unwrap_or("undecided"))
}

fn token() -> String {
    session_token(instance_key(), "https://clerk.example.com", &json!({}))
}

#[test]
fn malformed_cookies_are_signed_out() {
    for cookies in [
        &b"__session"[..],
        b"__session=",
        b"=",
        b";;;;",
        b"; __session=;__client_uat=",
        b"__session==",
        b"__session=%; __client_uat=%",
        b"__session=..; __client_uat=1",
        b"__session=....; __client_uat=1",
        b"__session=e30.e30.; __client_uat=1",
        b"__session=bnVsbA.bnVsbA.AA; __client_uat=1",
        b"__session=W10.W10.AA; __client_uat=1",
        b"__session=\xff\xfe\x80; __client_uat=1",
        b"__session=%FF%FE; __client_uat=1",
        b"__session=%00; __client_uat=1",
        b"__session=\"\"; __client_uat=1",
        b"__client_uat=\xb2",
        b"__client_uat=99999999999999999999999999",
        b"__client_uat=1e3",
        b"__clerk_redirect_count=\xff",
        b"__clerk_handshake=\xff",
        b"__clerk_handshake=e30.bnVsbA.AA",
        b"__clerk_db_jwt=\xff",
    ] {
        let for_script = outcome(&[("cookie", cookies)]);
        assert!(
            for_script.starts_with("signed-out "),
            "{}: {for_script}",
            cookies.escape_ascii()
        );
        let for_page = outcome(&[("cookie", cookies), ("sec-fetch-dest", b"document")]);
        let reason = for_page
            .strip_prefix("signed-out ")
            .or(for_page.strip_prefix("handshake "));
        assert_eq!(
            reason,
            for_script.strip_prefix("signed-out "),
            "{}",
            cookies.escape_ascii()
        );
    }
}

#[test]
fn malformed_cookies_beside_valid_ones_are_ignored() {
    let token = token();
    let good = format!("__session={token}; __client_uat=1");
    for garbage in [
        "",
        "x",
        "=",
        ";;",
        "a=\u{e9}",
        "__session_=x",
        "__session_other=x",
        "__clerk_handshake=x",
        "%=%",
    ] {
        let latin1: Vec<u8> = format!("{garbage}; {good}")
            .chars()
            .map(|c| u8::try_from(c).unwrap())
            .collect();
        assert_eq!(
            outcome(&[("cookie", &latin1), ("sec-fetch-dest", b"document")]),
            "signed-in",
            "{garbage}"
        );
    }
}

#[test]
fn several_cookie_fields_are_joined() {
    let (session, uat) = (format!("__session={}", token()), "__client_uat=1");
    assert_eq!(
        outcome(&[("cookie", session.as_bytes()), ("cookie", uat.as_bytes())]),
        "signed-in"
    );
    assert_eq!(
        outcome(&[
            ("cookie", uat.as_bytes()),
            ("cookie", b"a=b"),
            ("cookie", session.as_bytes())
        ]),
        "signed-in"
    );
    // The first one counts, also across fields.
    let twice = [
        ("cookie", &b"__session=abc; __client_uat=1"[..]),
        ("cookie", session.as_bytes()),
    ];
    assert_eq!(outcome(&twice), "signed-out token-invalid");
}

#[test]
fn repeated_single_field_counts_once_and_two_tokens_are_rejected() {
    let bearer = format!("Bearer {}", token());
    let good_first = [
        ("authorization", bearer.as_bytes()),
        ("authorization", &b"Bearer abc"[..]),
    ];
    assert_eq!(outcome(&good_first), "signed-out token-invalid");
    let bad_first = [
        ("authorization", &b"Bearer abc"[..]),
        ("authorization", bearer.as_bytes()),
    ];
    assert_eq!(outcome(&bad_first), "signed-out token-invalid");
    assert_eq!(
        outcome(&[("authorization", b"Bearer \xff\xff")]),
        "signed-out token-invalid"
    );

    let cookies = format!("__session={}; __client_uat=1", token());
    for (first, second, expected) in [
        ("https://app.example.com/", "https://evil.example/", "signed-in"),
        (
            "https://evil.example/",
            "https://app.example.com/",
            "handshake primary-domain-cross-origin-sync",
        ),
    ] {
        let headers = [
            ("cookie", cookies.as_bytes()),
            ("sec-fetch-dest", &b"document"[..]),
            ("referer", first.as_bytes()),
            ("referer", second.as_bytes()),
        ];
        assert_eq!(outcome(&headers), expected);
    }
    // A repeated destination is ignored.
    let twice = [
        ("sec-fetch-dest", &b"document"[..]),
        ("sec-fetch-dest", b"document"),
        ("cookie", b"__client_uat=1"),
    ];
    assert_eq!(outcome(&twice), "signed-out client-uat-but-no-session-token");
}

#[test]
fn public_url_of_malformed_requests_is_valid() {
    for (uri, headers, expected) in [
        // HTTP/2 has `:authority`, which stands in the target, and need not send `Host`.
        ("https://app.example.com/a", &[][..], "https://app.example.com/a"),
        (
            "http://app.example.com/a",
            &[("x-forwarded-proto", &b"https"[..])],
            "https://app.example.com/a",
        ),
        (
            "http://inner/a",
            &[("x-forwarded-host", b"app.example.com")],
            "http://app.example.com/a",
        ),
        // Repeated: the first one counts.
        (
            "/a",
            &[("host", b"one.example"), ("host", b"two.example")],
            "http://one.example/a",
        ),
        (
            "/a",
            &[
                ("host", b"inner"),
                ("x-forwarded-host", b"one.example"),
                ("x-forwarded-host", b"two.example"),
                ("x-forwarded-proto", b"https"),
                ("x-forwarded-proto", b"http"),
            ],
            "https://one.example/a",
        ),
        (
            "/a",
            &[
                ("host", b"inner"),
                ("x-forwarded-host", b""),
                ("x-forwarded-host", b"two.example"),
            ],
            "http://inner/a",
        ),
        // Bytes above 0x7F are Latin-1.
        (
            "/a",
            &[("host", b"b\xfccher.example")],
            "http://xn--bcher-kva.example/a",
        ),
        (
            "/a",
            &[("host", b"inner"), ("x-forwarded-host", b"b\xfccher.example")],
            "http://xn--bcher-kva.example/a",
        ),
        // A path is a path.
        (
            "//evil.example/a",
            &[("host", b"app.example.com")],
            "http://app.example.com//evil.example/a",
        ),
        ("*", &[("host", b"app.example.com")], "http://app.example.com/*"),
    ] {
        assert_eq!(PublicUrl::of(&request(uri, headers)).to_string(), expected);
    }
}

#[test]
fn oversized_values_are_handled() {
    let long = "a".repeat(200_000);
    let many: String = (0..20_000).map(|n| format!("__session_{n}={n}; ")).collect();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let token = instance_key().sign(
        &json!({ "alg": "RS256", "kid": long.as_str() }),
        &json!({ "iss": deep }),
    );
    for cookies in [
        format!("__session={long}; __client_uat=1"),
        format!("__session=e30.{}.AA; __client_uat=1", base64_of(&deep)),
        format!("__session={token}x; __client_uat=1"),
        format!("__session_{LIVE_SUFFIX}={long}; __client_uat_{LIVE_SUFFIX}={NOW_SECS}"),
        many,
        ";".repeat(200_000),
    ] {
        assert!(outcome(&[("cookie", cookies.as_bytes())]).starts_with("signed-out "));
    }
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

#[test]
fn satellite_sign_in_url_on_itself_is_undecided() {
    use portal_sdk::instance::ConfigError;
    let live = || Instance::builder(LIVE_KEY, "sk_live_x").satellite(Satellite::on_domain("satellite.example"));
    let test = || Instance::builder(TEST_KEY, "sk_test_x").satellite(Satellite::on_domain("localhost:3001"));
    for (builder, is_right) in [
        (live(), true),
        (live().sign_in_url("https://primary.example/sign-in"), true),
        (live().sign_in_url("https://satellite.example/sign-in"), false),
        (
            live()
                .public_origin("https://www.satellite.example")
                .sign_in_url("https://www.satellite.example/"),
            false,
        ),
        (test(), false),
        (test().sign_in_url("/sign-in"), false),
        (test().sign_in_url("http://localhost:3000/sign-in"), true),
        (
            test()
                .public_origin("http://localhost:3001")
                .sign_in_url("http://localhost:3001/sign-in"),
            false,
        ),
    ] {
        let built = builder.build();
        assert_eq!(built.is_ok(), is_right, "{built:?}");
        assert!(
            is_right || matches!(built, Err(ConfigError::SatelliteSignInUrl { .. })),
            "{built:?}"
        );
    }
}
