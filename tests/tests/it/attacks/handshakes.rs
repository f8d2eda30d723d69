//! Handshakes that Clerk did not make, and links and cookies that carry one into another browser.

use http::HeaderValue;
use serde_json::{Value, json};

use super::signing::{KEY_ID, SigningKey, USER, header, message, payload, with_signature};
use super::transport::Via;
use super::victim::{Route, SUFFIX, Victim, cookie};

/// A valid session of the attacker, at the same instance.
fn of_attacker() -> String {
    SigningKey::of_instance().session(&json!({ "sub": "user_attacker", "sid": "sess_attacker" }))
}

/// A payload that signs the attacker in.
pub(super) fn directives() -> Value {
    let token = of_attacker();
    let names = ["__session".to_owned(), format!("__session_{SUFFIX}")];
    let mut list: Vec<String> = names
        .iter()
        .map(|name| format!("{name}={token}; Path=/; Secure"))
        .collect();
    list.push("__client_uat=1; Path=/".to_owned());
    json!({ "handshake": list })
}

/// Handshake tokens that the instance did not sign, or signed for another purpose.
pub(super) fn forgeries() -> Vec<(&'static str, String)> {
    let (instance, foreign) = (SigningKey::of_instance(), SigningKey::foreign());
    let directives = directives().to_string();
    let own = instance.sign(b"another");
    let mut forgeries = vec![
        ("another key", foreign.token(header(&json!({})), &directives)),
        (
            "another key, embedded",
            foreign.token(header(&json!({ "jwk": foreign.jwk(KEY_ID) })), &directives),
        ),
        (
            "another signature",
            with_signature(&message(header(&json!({})), &directives), &own),
        ),
        (
            "no signature",
            with_signature(&message(header(&json!({})), &directives), &[]),
        ),
        (
            "zeros as signature",
            with_signature(&message(header(&json!({})), &directives), &[0; 256]),
        ),
        ("JSON", directives.clone()),
        ("garbage", "abc".to_owned()),
    ];
    for alg in ["none", "HS256", "RS384", "PS256", ""] {
        let header = header(&json!({ "alg": alg }));
        forgeries.push(("an algorithm", with_signature(&message(&header, &directives), &[])));
        forgeries.push((
            "an algorithm, with a genuine signature",
            instance.token(&header, &directives),
        ));
    }
    for category in ["cl_B7d4PD222AAA", "cl_B7d4PD333AAA", "", "handshake"] {
        forgeries.push((
            "another category",
            instance.token(header(&json!({ "cat": category })), &directives),
        ));
    }
    for token_type in ["at+jwt", "handshake", ""] {
        forgeries.push((
            "another type",
            instance.token(header(&json!({ "typ": token_type })), &directives),
        ));
    }
    let session = &instance.session(&json!({}));
    let (message, _) = session.rsplit_once('.').unwrap();
    forgeries.push(("the signature of a session", with_signature(message, &own)));
    forgeries
}

/// The attacker may set cookies from a sibling subdomain. Without the instance's signature they change nothing.
#[test]
fn forged_handshake_cookie_changes_nothing() {
    let victim = Victim::new();
    let own = SigningKey::of_instance().session(&json!({}));
    for (label, token) in forgeries() {
        let alone = cookie(format!("__clerk_handshake={token}"));
        victim.assert_signed_out(label, "", std::slice::from_ref(&alone));
        // The user's own cookies decide, in front or behind.
        for jar in [
            format!("__clerk_handshake={token}; __session={own}; __client_uat=1"),
            format!("__session={own}; __client_uat=1; __clerk_handshake={token}"),
        ] {
            for route in Route::ALL {
                let answer = victim.ask(route, "", &[cookie(&jar)]);
                assert_eq!((answer.status, answer.body.as_str()), (200, USER), "{label}");
                assert!(!answer.headers.contains_key("set-cookie"), "{label}");
            }
        }
        // And a header token is not touched by it.
        let bearer = Via::Bearer.field(own.as_bytes()).unwrap();
        victim.assert_signed_in(label, &[alone, bearer], USER);
    }
}

/// Login CSRF: a link must not sign another browser in. In production the URL is not read (G11), even with a genuine
/// handshake of the attacker's browser.
#[test]
fn handshake_in_a_link_is_ignored_in_production() {
    let victim = Victim::new();
    let genuine = SigningKey::of_instance().token(header(&json!({})), directives().to_string());
    let own = Via::BothCookies
        .field(SigningKey::of_instance().session(&json!({})).as_bytes())
        .unwrap();
    for query in [
        format!("?__clerk_handshake={genuine}"),
        "?__clerk_handshake_nonce=n1".to_owned(),
    ] {
        for route in Route::ALL {
            let signed_out = victim.ask(route, &query, &[]);
            assert!(
                !signed_out.body.contains("user_attacker")
                    && signed_out
                        .header("location")
                        .is_none_or(|to| !to.contains("Set-Cookie"))
            );
            assert!(!has_session_cookie(&signed_out.headers), "{query}");
            let answer = victim.ask(route, &query, std::slice::from_ref(&own));
            assert_eq!((answer.status, answer.body.as_str()), (200, USER));
            assert!(!has_session_cookie(&answer.headers), "{query}");
        }
    }
    assert_eq!(victim.clerk.calls(), ["jwks"], "no nonce is looked up");
}

pub(super) fn has_session_cookie(headers: &http::HeaderMap) -> bool {
    let mut values = headers.get_all("set-cookie").iter();
    values.any(|value| value.as_bytes().starts_with(b"__session") || value.as_bytes().starts_with(b"__client_uat"))
}

/// In development the URL carries handshakes, as at Clerk. A forged one is a configuration error (500), because the usual
/// cause is a wrong key. The request is not signed in, and no cookie is set.
#[test]
fn forged_handshake_in_a_link_is_rejected_in_development() {
    let victim = Victim::in_development();
    for (label, token) in forgeries() {
        let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
        for beside in [
            "",
            "__clerk_db_jwt=dvb",
            "__session=x; __client_uat=1; __clerk_db_jwt=dvb",
        ] {
            for route in Route::ALL {
                let answer = victim.ask(route, &format!("?__clerk_handshake={token}"), &[cookie(beside)]);
                assert_eq!(answer.status, 500, "{label}, {route:?}");
                assert!(!answer.body.contains("user_"), "{label}: {}", answer.body);
                assert!(!has_session_cookie(&answer.headers), "{label}");
            }
        }
        // As a cookie it is not read (G10).
        let jar = format!("__clerk_handshake={token}; __clerk_db_jwt=dvb");
        victim.assert_signed_out(label, "", &[cookie(jar)]);
    }
    assert_eq!(victim.clerk.calls(), ["jwks"]);
}

/// The page that explains the error names parts of the token, as text.
#[test]
fn markup_in_a_forged_handshake_is_escaped() {
    let markup = "<script>alert(1)</script><!--\"'>";
    for member in ["kid", "alg", "typ", "cat", "x"] {
        let victim = Victim::in_development();
        let token = SigningKey::foreign().token(header(&json!({ member: markup })), directives().to_string());
        for route in Route::ALL {
            let answer = victim.ask_and_wait(route, &format!("?__clerk_handshake={token}"), &[]);
            assert!(matches!(answer.status, 500 | 503), "{member}: {}", answer.status);
            let is_html = answer
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("text/html"));
            assert!(
                !is_html || !answer.body.contains("<script>alert"),
                "{member}: {}",
                answer.body
            );
        }
    }
}

/// A nonce goes into the path of a call to Clerk as a parameter. A malformed one causes no call (G32), and one that Clerk
/// refuses leaves the decision to the user's own cookies (G4).
#[test]
fn invented_nonce_is_signed_out() {
    let victim = Victim::new();
    let own = SigningKey::of_instance().session(&json!({}));
    let malformed = [
        " ".to_owned(),
        "a b".to_owned(),
        "a%0d%0aX-Injected:1".to_owned(),
        "%00".to_owned(),
        "n\u{e9}".to_owned(),
        "%F0%9F%98%80".to_owned(),
        "n".repeat(257),
        "n".repeat(100_000),
    ];
    for nonce in &malformed {
        let jar = format!("__clerk_handshake_nonce={nonce}");
        victim.assert_signed_out(nonce, "", &[cookie(&jar)]);
        let jar = format!("{jar}; __session={own}; __client_uat=1");
        victim.assert_signed_in(nonce, &[cookie(jar)], USER);
    }
    let plausible = [
        "../../users/user_1",
        "n1&nonce=n2",
        "n1#x",
        "?nonce=n1",
        "'",
        "https://evil.example",
        "%2e%2e",
        &"n".repeat(256),
    ];
    for nonce in plausible {
        let calls = victim.clerk.calls().len();
        let jar = format!("__clerk_handshake_nonce={nonce}");
        let answer = victim.ask_and_wait(Route::ExtractedByScript, "", &[cookie(&jar)]);
        assert_eq!(answer.status, 401, "{nonce}");
        let jar = format!("{jar}; __session={own}; __client_uat=1");
        let answer = victim.ask_and_wait(Route::ExtractedByScript, "", &[cookie(jar)]);
        assert_eq!((answer.status, answer.body.as_str()), (200, USER), "{nonce}");
        let decoded = nonce.replace("%2e", ".");
        let made = victim.clerk.calls().split_off(calls);
        assert!(
            !made.is_empty() && made.iter().all(|call| *call == format!("handshake_payload {decoded}")),
            "{made:?}"
        );
    }
}

/// Text that tries to leave the parameter of a redirect: the redirect goes to Clerk, and comes back to the application.
#[test]
fn development_parameters_cannot_choose_a_redirect() {
    let victim = Victim::in_development();
    let texts = [
        "x&redirect_url=https://evil.example/",
        "x%26redirect_url%3Dhttps%3A%2F%2Fevil.example",
        "x#@evil.example",
        "x%0d%0aLocation:%20https://evil.example",
        "x%0d%0a%0d%0a<script>",
        "%00",
        "https://evil.example",
        "//evil.example",
        "%2f%2fevil.example",
        "javascript:alert(1)",
        "https:%5c%5cevil.example",
        "http://localhost@evil.example/",
        "http://localhost.evil.example/",
        "http://evil.example/?http://localhost:3000",
        "http://[::ffff:203.0.113.1]/",
        "http://2130706433.evil.example/",
        "data:text/html,x",
        "%ff",
        "\u{e9}",
    ];
    for text in texts {
        for name in [
            "__clerk_db_jwt",
            "__clerk_redirect_url",
            "__clerk_synced",
            "__clerk_handshake_nonce",
            "redirect_url",
            "__clerk_help",
            "__dev_session",
            "__portal_cookie_check",
        ] {
            let query: String = text
                .bytes()
                .map(|byte| match byte {
                    b'!'..=b'~' if !b"#\"<>\\".contains(&byte) => char::from(byte).to_string(),
                    byte => format!("%{byte:02x}"),
                })
                .collect();
            for jar in ["", "__clerk_db_jwt=dvb"] {
                for route in Route::ALL {
                    // Checks the origins of the redirect and of its way back.
                    let answer = victim.ask_and_wait(route, &format!("?{name}={query}"), &[cookie(jar)]);
                    answer.assert_not_signed_in(&format!("{name}={text}"));
                    assert!(answer.status < 500, "{name}={text}: {}", answer.status);
                }
            }
        }
    }
}

/// With a public origin, no host that a client names becomes the origin to which a redirect returns (G1).
#[test]
fn forged_host_cannot_choose_a_redirect() {
    let victim = Victim::at("https://app.example.com");
    for (name, value) in [
        ("host", "evil.example"),
        ("host", "app.example.com.evil.example"),
        ("host", "app.example.com@evil.example"),
        ("host", "app.example.com:443@evil.example"),
        ("host", ""),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-host", "evil.example, app.example.com"),
        ("x-forwarded-host", "app.example.com\t.evil.example"),
        ("x-forwarded-proto", "javascript"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-prefix", "//evil.example"),
        ("x-forwarded-prefix", "/\\evil.example"),
        ("x-forwarded-port", "1"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-host", "evil.example"),
        ("x-original-url", "https://evil.example/"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
    ] {
        for jar in ["", "__client_uat=1", "__session=x; __client_uat=1"] {
            let fields = [(name, HeaderValue::from_static(value)), cookie(jar)];
            victim.assert_signed_out(&format!("{name}: {value}"), "", &fields);
        }
    }
}

/// A payload of Clerk that cannot be header fields: no field carries a control character (G44).
#[test]
fn genuine_handshake_with_control_characters_sets_no_such_cookie() {
    let victim = Victim::new();
    let own = payload(&json!({}));
    let session = format!(
        "__session={}; Path=/",
        SigningKey::of_instance().token(header(&json!({})), own)
    );
    for odd in [
        "a=b\r\nX-Injected: 1",
        "a=\0",
        "a=b\nc",
        "\u{7f}=b",
        "a=\u{1b}[2J",
        "a=\u{2028}",
        "a=\u{100}",
    ] {
        for list in [vec![odd, &session], vec![&session, odd], vec![odd]] {
            let token = SigningKey::of_instance().token(header(&json!({})), json!({ "handshake": list }).to_string());
            for route in Route::ALL {
                let answer = victim.ask(route, "", &[cookie(format!("__clerk_handshake={token}"))]);
                assert!(!answer.headers.contains_key("x-injected"));
                // A signed payload counts as a whole, as at Clerk, so this one is ignored.
                answer.assert_not_signed_in(odd);
                assert!(!has_session_cookie(&answer.headers), "{odd:?}");
            }
        }
    }
}
