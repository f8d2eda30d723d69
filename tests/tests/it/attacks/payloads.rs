//! JSON that two parsers may read differently: RFC 8725 section 2.7, RFC 8259 sections 4, 8 and 9, RFC 7519 section 4.
//!
//! The instance signs each payload here, so that only the rule of the payload decides. Each payload is refused with a
//! forged signature.

use serde_json::json;

use super::signing::{SigningKey, USER, header, message, payload};
use super::transport::Via;
use super::victim::{NOW_SECS, Route, Victim};

fn token(payload: impl AsRef<[u8]>) -> String {
    SigningKey::of_instance().token(header(&json!({})), payload)
}

fn assert_forged_is_refused(victim: &Victim, label: &str, payload: &[u8]) {
    let forged = SigningKey::foreign().token(header(&json!({})), payload);
    victim.assert_refused_via(label, Via::Bearer, forged.as_bytes());
    victim.assert_refused_via(label, Via::Cookie, forged.as_bytes());
}

fn check(victim: &Victim, label: &str, payload: &[u8], is_accepted: bool) {
    match is_accepted {
        true => victim.assert_accepted(label, token(payload)),
        false => victim.assert_refused(label, token(payload)),
    }
    assert_forged_is_refused(victim, label, payload);
}

/// A payload with these members in front of and behind those of a valid session.
fn around(front: &str, behind: &str) -> String {
    let valid = payload(&json!({}));
    let members = &valid[1..valid.len() - 1];
    let text: Vec<&str> = [front, members, behind]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    format!("{{{}}}", text.join(","))
}

/// Of several claims with one name the last counts, as in JavaScript (RFC 7519 section 4 allows that), however it is
/// spelled. Verification and the application read the same one.
#[test]
fn last_of_several_claims_counts() {
    let victim = Victim::new();
    let (past, future) = (NOW_SECS - 600, NOW_SECS + 600);
    for member in [
        format!("\"exp\":{past}"),
        format!("\"\\u0065xp\":{past}"),
        format!("\"nbf\":{future}"),
        format!("\"iat\":{future}"),
        "\"exp\":\"x\"".to_owned(),
        "\"sub\":\"mch_1\"".to_owned(),
        "\"sub\":null".to_owned(),
    ] {
        check(
            &victim,
            &format!("{member} in front"),
            around(&member, "").as_bytes(),
            true,
        );
        check(
            &victim,
            &format!("{member} behind"),
            around("", &member).as_bytes(),
            false,
        );
    }
    for spelling in ["sub", "\\u0073ub", "s\\u0075b", "\\u0073\\u0075\\u0062"] {
        let text = around("", &format!("\"{spelling}\":\"user_second\""));
        for via in Via::ALL {
            victim.assert_signed_in(spelling, &[via.field(token(&text).as_bytes()).unwrap()], "user_second");
        }
        let text = around(&format!("\"{spelling}\":\"user_second\""), "");
        victim.assert_accepted(spelling, token(text));
    }
}

/// A claim has one case and no spaces.
#[test]
fn claim_in_another_case_is_not_the_claim() {
    let victim = Victim::new();
    let future = NOW_SECS + 60;
    for name in [
        "EXP",
        "Exp",
        "eXp",
        "exp ",
        " exp",
        "exp\\u0000",
        "\\ufeffexp",
        "e\\u0445p",
        "exp\\u200b",
        "expiry",
    ] {
        let without = payload(&json!({ "exp": null }));
        let text = format!("{},\"{name}\":{future}}}", &without[..without.len() - 1]);
        check(&victim, name, text.as_bytes(), false);
        // And it does not hide the claim.
        check(&victim, name, around("", &format!("\"{name}\":1")).as_bytes(), true);
    }
    for name in ["SUB", "Sub", "sub ", "user_id", "uid", "__proto__"] {
        let without = payload(&json!({ "sub": null }));
        let text = format!("{},\"{name}\":\"{USER}\"}}", &without[..without.len() - 1]);
        check(&victim, name, text.as_bytes(), false);
        check(
            &victim,
            name,
            around("", &format!("\"{name}\":\"user_attacker\"")).as_bytes(),
            true,
        );
    }
    // Members of a nested object are not the token's.
    let nested = format!("{{\"claims\":{}}}", payload(&json!({})));
    check(&victim, "nested", nested.as_bytes(), false);
    let prototype = format!("{{\"__proto__\":{}}}", payload(&json!({})));
    check(&victim, "prototype", prototype.as_bytes(), false);
}

#[test]
fn payload_that_is_not_one_json_object_is_signed_out() {
    let victim = Victim::new();
    let valid = payload(&json!({}));
    let inner = &valid[1..valid.len() - 1];
    let utf_16: Vec<u8> = valid.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf_16_with_mark = [&[0xff, 0xfe][..], &utf_16].concat();
    let texts: [(&str, Vec<u8>); 24] = [
        ("empty", vec![]),
        ("null", b"null".to_vec()),
        ("number", b"1".to_vec()),
        ("string", valid.replace('"', "'").into_bytes()),
        ("array", format!("[{valid}]").into_bytes()),
        ("string of JSON", serde_json::to_string(&valid).unwrap().into_bytes()),
        ("twice", format!("{valid}{valid}").into_bytes()),
        ("two lines", format!("{valid}\n{valid}").into_bytes()),
        ("trailing brace", format!("{valid}}}").into_bytes()),
        ("trailing text", format!("{valid}x").into_bytes()),
        ("trailing NUL", format!("{valid}\0").into_bytes()),
        ("leading NUL", format!("\0{valid}").into_bytes()),
        ("unclosed", format!("{{{inner}").into_bytes()),
        ("trailing comma", format!("{{{inner},}}").into_bytes()),
        ("leading comma", format!("{{,{inner}}}").into_bytes()),
        ("comment", format!("{{/* x */{inner}}}").into_bytes()),
        ("line comment", format!("{{// x\n{inner}}}").into_bytes()),
        ("unquoted name", valid.replace("\"sub\"", "sub").into_bytes()),
        (
            "raw line end in a string",
            valid.replace(USER, "user\n_victim").into_bytes(),
        ),
        ("raw NUL in a string", valid.replace(USER, "user\0_victim").into_bytes()),
        ("unknown escape", valid.replace(USER, "user\\x5fvictim").into_bytes()),
        ("two byte order marks", format!("\u{feff}\u{feff}{valid}").into_bytes()),
        ("UTF-16", utf_16),
        ("UTF-16 with a mark", utf_16_with_mark),
    ];
    for (label, text) in &texts {
        check(&victim, label, text, false);
        // The same as a header.
        let token = SigningKey::of_instance().token(text, payload(&json!({})));
        victim.assert_refused(label, token);
    }
    // One byte order mark is dropped, and whitespace is insignificant, as in Clerk's decoder.
    check(&victim, "byte order mark", format!("\u{feff}{valid}").as_bytes(), true);
    check(&victim, "whitespace", format!(" \t\r\n{valid}\r\n").as_bytes(), true);
}

#[test]
fn half_of_a_surrogate_pair_is_signed_out() {
    let victim = Victim::new();
    for half in [
        "\\ud800",
        "\\udfff",
        "\\ud800x",
        "\\udc00\\ud800",
        "\\ud800\\ud800",
        "\\uD8",
        "\\u",
        "\\u00zz",
        "\\U0061",
    ] {
        check(
            &victim,
            half,
            around("", &format!("\"x\":\"{half}\"")).as_bytes(),
            false,
        );
        check(&victim, half, around("", &format!("\"{half}\":1")).as_bytes(), false);
        check(&victim, half, payload(&json!({})).replace(USER, half).as_bytes(), false);
    }
    check(
        &victim,
        "a pair",
        around("", "\"x\":\"\\ud83d\\ude00\"").as_bytes(),
        true,
    );
}

/// Invalid UTF-8 becomes replacement characters, as in Clerk's decoder. The signature covers the bytes.
#[test]
fn invalid_utf_8_never_becomes_another_user() {
    let victim = Victim::new();
    let valid = payload(&json!({}));
    let before = valid.find(USER).unwrap() + 4;
    for bytes in [
        &b"\xff"[..],
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\xc0\xa2,\xc0\xa2",
    ] {
        let text = [&valid.as_bytes()[..before], bytes, &valid.as_bytes()[before..]].concat();
        let field = Via::Bearer.field(token(&text).as_bytes()).unwrap();
        let answer = victim.ask(Route::ExtractedByScript, "", &[field]);
        assert_eq!(answer.status, 200);
        assert!(
            answer.body.starts_with("user\u{fffd}") && answer.body.ends_with("_victim"),
            "{}",
            answer.body
        );
        assert_forged_is_refused(&victim, "invalid UTF-8", &text);
        // As a name it is another name.
        let text = [b"{\"s", bytes, b"ub\":\"user_attacker\",", &valid.as_bytes()[1..]].concat();
        if !bytes.contains(&b',') {
            check(&victim, "in a name", &text, true);
        }
    }
}

#[test]
fn deep_nesting_is_signed_out() {
    let victim = Victim::new();
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    for depth in [200, 3_000] {
        for deep in [
            nested("[", "", "]", depth),
            nested("{\"a\":", "1", "}", depth),
            nested("[{\"a\":", "1", "}]", depth / 2),
        ] {
            let label = format!("{depth} levels");
            for claim in ["x", "sub", "exp"] {
                check(
                    &victim,
                    &label,
                    around("", &format!("\"{claim}\":{deep}")).as_bytes(),
                    false,
                );
            }
            for member in ["x", "kid", "alg"] {
                let header = format!("{{\"{member}\":{deep},{}", &header(&json!({}))[1..]);
                victim.assert_refused(&label, SigningKey::of_instance().token(header, payload(&json!({}))));
            }
            check(&victim, &label, deep.as_bytes(), false);
        }
        check(&victim, "unclosed", "[".repeat(depth).as_bytes(), false);
    }
    // The payload is the first of at most 127 levels (G3).
    for (depth, is_accepted) in [(126, true), (127, false)] {
        let text = around("", &format!("\"x\":{}", nested("[", "", "]", depth)));
        check(
            &victim,
            &format!("{depth} levels in the payload"),
            text.as_bytes(),
            is_accepted,
        );
    }
    // Beyond the limit of a token's size nothing is parsed.
    let deep = nested("[", "", "]", 100_000);
    victim.assert_refused("100,000 levels", token(around("", &format!("\"x\":{deep}"))));
    victim.assert_refused("100,000 levels", token(&deep));
    victim.assert_refused(
        "100,000 levels",
        SigningKey::of_instance().token(&deep, payload(&json!({}))),
    );
}

/// A user ID that could split a header, a log line or a page: no header carries it.
#[test]
fn control_characters_in_claims_reach_no_header() {
    let victim = Victim::new();
    for odd in [
        "\r\nSet-Cookie: a=b",
        "\n",
        "\0",
        "\u{7f}",
        "\u{85}",
        "\u{1b}[2J",
        "\u{2028}",
        "</script>",
        "\u{e9}",
    ] {
        for claims in [
            json!({ "sub": format!("user_{odd}") }),
            json!({ "sid": format!("sess_{odd}") }),
            json!({ "sub": odd, "sts": "pending" }),
            json!({ "iss": odd, "azp": odd }),
            json!({ "exp": NOW_SECS - 600, "sid": odd }),
            json!({ "o": { "id": odd, "slg": odd, "rol": odd } }),
            json!({ "sts": odd, "fea": odd, "pla": odd, "fva": odd, "act": { "sub": odd } }),
        ] {
            for via in Via::ALL {
                let field = via
                    .field(SigningKey::of_instance().session(&claims).as_bytes())
                    .unwrap();
                for route in Route::ALL {
                    // Checks every header.
                    let answer = victim.ask(route, "", std::slice::from_ref(&field));
                    assert!(answer.status < 500, "{claims}: {}", answer.status);
                }
            }
        }
    }
    assert_eq!(victim.clerk.calls(), ["jwks"]);
}

/// A payload of one user under the signature of another's token.
#[test]
fn payload_under_the_signature_of_another_token_is_signed_out() {
    let victim = Victim::new();
    let (header, own) = (
        header(&json!({})),
        SigningKey::of_instance().session(&json!({ "sub": "user_attacker" })),
    );
    victim.assert_signed_in("own", &[Via::Bearer.field(own.as_bytes()).unwrap()], "user_attacker");
    let signature = own.rsplit('.').next().unwrap();
    for changes in [
        json!({}),
        json!({ "sub": "user_attacker", "exp": NOW_SECS + 3_600 }),
        json!({ "sub": "user_attacker " }),
    ] {
        let other = format!("{}.{signature}", message(&header, payload(&changes)));
        // Also after the signature was seen with its own message.
        victim.assert_refused(&changes.to_string(), other);
    }
}
