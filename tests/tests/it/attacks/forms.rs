//! Texts around the compact serialization: RFC 7515 sections 2, 3 and 7, RFC 7516 section 3, RFC 4648 section 3.5.

use std::iter;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;

use super::signing::{SigningKey, USER, header, message, payload, with_signature};
use super::transport::Via;
use super::victim::{Victim, cookie};

fn genuine() -> String {
    SigningKey::of_instance().session(&json!({}))
}

#[test]
fn token_of_other_than_three_parts_is_signed_out() {
    let victim = Victim::new();
    let genuine = genuine();
    let parts: Vec<&str> = genuine.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        unreachable!()
    };
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "....".to_owned(),
        "A".to_owned(),
        header.to_owned(),
        format!("{header}.{payload}"),
        format!("{payload}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}.{payload}.{signature}."),
        format!(".{header}.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{header}.{payload}.{payload}.{signature}"),
        format!("{header}.{header}.{payload}.{signature}"),
        format!("{genuine}.{genuine}"),
        format!("{genuine},{genuine}"),
        format!("{genuine}~"),
        format!("{genuine}~WyJzIiwibiIsInYiXQ~"),
        format!("{signature}.{payload}.{header}"),
        format!("{payload}.{header}.{signature}"),
        format!("{header}{payload}{signature}"),
    ] {
        victim.assert_refused(&text, &text);
    }
}

#[test]
fn dot_of_another_kind_is_signed_out() {
    let victim = Victim::new();
    for dot in [
        "\u{3002}", "\u{ff0e}", "\u{ff61}", "\u{2024}", "\u{fe52}", "\u{b7}", "\u{0701}", "\u{ad}.", ":", ",", "\\.",
        "%2e%2e",
    ] {
        victim.assert_refused(dot, genuine().replace('.', dot));
        victim.assert_refused(dot, genuine().replacen('.', dot, 1));
    }
}

/// Cookies are percent-decoded, as by Clerk's package; other texts are not. Decoded once, never twice.
#[test]
fn percent_encoded_token_is_read_from_cookies_only() {
    let victim = Victim::new();
    let genuine = genuine();
    for encoded in [
        genuine.replace('.', "%2E"),
        genuine.replace('.', "%2e"),
        genuine.replacen('.', "%2E", 1),
        genuine.replacen('e', "%65", 1),
    ] {
        for via in [Via::Bearer, Via::Bare] {
            victim.assert_refused_via("encoded", via, encoded.as_bytes());
        }
        for via in Via::COOKIES {
            victim.assert_signed_in("encoded", &[via.field(encoded.as_bytes()).unwrap()], USER);
        }
        victim.assert_refused("encoded twice", encoded.replace('%', "%25"));
    }
    for suffix in ["%", "%2", "%00", "%20", "%0a", "%zz", "%u002e", "%ff", "%C0%AE"] {
        victim.assert_refused(suffix, format!("{genuine}{suffix}"));
        victim.assert_refused(suffix, format!("{suffix}{genuine}"));
        victim.assert_refused(suffix, genuine.replacen('.', &format!("{suffix}."), 1));
    }
}

/// A part in another alphabet, with a message that is signed as it is sent.
#[test]
fn part_that_is_not_canonical_base64url_is_signed_out() {
    let victim = Victim::new();
    let key = SigningKey::of_instance();
    // A header and payload whose encodings need `-` and `_`.
    let (header, payload) = (
        header(&json!({ "x": "???>>>~~~" })),
        payload(&json!({ "x": "???>>>~~~" })),
    );
    let canonical = message(&header, &payload);
    let [encoded_header, encoded_payload] = [&header, &payload].map(|part| URL_SAFE_NO_PAD.encode(part));
    assert!(canonical.contains(['-', '_']));
    let standard = STANDARD_NO_PAD.encode(&payload);
    let with_trailing_bits = |part: &str| {
        let mut part = part.to_owned();
        let last = part.pop().unwrap();
        part.push(match last {
            'Z' | 'z' | '9' | '_' => '-',
            other => char::from(other as u8 + 1),
        });
        part
    };
    let split = |part: &str, with: &str| format!("{}{with}{}", &part[..8], &part[8..]);
    let mut messages = vec![
        ("standard alphabet", format!("{encoded_header}.{standard}")),
        (
            "standard alphabet in the header",
            format!("{}.{encoded_payload}", STANDARD_NO_PAD.encode(&header)),
        ),
        ("mixed alphabets", canonical.replacen('_', "/", 1)),
        (
            "padding within",
            format!("{encoded_header}.{}", split(&encoded_payload, "=")),
        ),
        ("plain JSON", format!("{header}.{payload}")),
        (
            "hexadecimal",
            format!("{}.{}", hexadecimal(&header), hexadecimal(&payload)),
        ),
        (
            "a part of one character more",
            format!("{encoded_header}A.{encoded_payload}"),
        ),
    ];
    for space in [
        " ", "\t", "\n", "\r\n", "\0", "\u{a0}", "\u{feff}", "\u{200b}", "\u{c}", "*", "!", "\u{ff41}",
    ] {
        messages.push((
            "a foreign character in the header",
            format!("{}.{encoded_payload}", split(&encoded_header, space)),
        ));
        messages.push((
            "a foreign character in the payload",
            format!("{encoded_header}.{}", split(&encoded_payload, space)),
        ));
    }
    for (label, message) in &messages {
        let signature = key.sign(message.as_bytes());
        victim.assert_refused(label, with_signature(message, &signature));
        // Signed canonically, and changed afterwards.
        victim.assert_refused(label, with_signature(message, &key.sign(canonical.as_bytes())));
    }

    let signature = URL_SAFE_NO_PAD.encode(key.sign(canonical.as_bytes()));
    victim.assert_accepted("canonical", format!("{canonical}.{signature}"));
    for (label, changed) in [
        ("trailing bits", with_trailing_bits(&signature)),
        ("one character more", format!("{signature}A")),
        ("two characters more", format!("{signature}AA")),
        ("one character less", signature[..signature.len() - 1].to_owned()),
        ("padding in front", format!("={signature}")),
        ("padding within", split(&signature, "=")),
        ("a space within", split(&signature, " ")),
        ("a tab within", split(&signature, "\t")),
        ("a NUL behind", format!("{signature}\0")),
        (
            "a look-alike letter",
            format!("{}\u{430}", &signature[..signature.len() - 1]),
        ),
    ] {
        victim.assert_refused(label, format!("{canonical}.{changed}"));
    }
    let of_standard_alphabet = signature.replace('-', "+").replace('_', "/");
    if of_standard_alphabet != signature {
        victim.assert_refused(
            "standard alphabet in the signature",
            format!("{canonical}.{of_standard_alphabet}"),
        );
    }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Padding behind a part is dropped, as by Clerk's package, although RFC 7515 section 2 forbids it. It changes neither the
/// signed bytes of header and payload, which include it, nor the signature's value.
#[test]
fn padding_behind_a_part_changes_nothing() {
    let victim = Victim::new();
    let key = SigningKey::of_instance();
    let genuine = genuine();
    for padding in ["=", "==", "==="] {
        victim.assert_accepted("behind the signature", format!("{genuine}{padding}"));
        victim.assert_refused("behind the header", genuine.replacen('.', &format!("{padding}."), 1));
        let (message, signature) = genuine.rsplit_once('.').unwrap();
        victim.assert_refused("behind the payload", format!("{message}{padding}.{signature}"));
        victim.assert_refused(
            "of another key",
            format!("{}{padding}", SigningKey::foreign().session(&json!({}))),
        );
    }
    let padded = format!(
        "{}.{}",
        URL_SAFE.encode(header(&json!({}))),
        URL_SAFE.encode(payload(&json!({})))
    );
    victim.assert_accepted(
        "signed with padding",
        with_signature(&padded, &key.sign(padded.as_bytes())),
    );
}

#[test]
fn encrypted_token_is_signed_out() {
    let victim = Victim::new();
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let genuine = genuine();
    for header in [
        json!({ "alg": "dir", "enc": "A128CBC-HS256" }),
        json!({ "alg": "RSA1_5", "enc": "A128CBC-HS256", "kid": "ins_1" }),
        json!({ "alg": "RSA-OAEP", "enc": "A256GCM", "kid": "ins_1", "cty": "JWT" }),
        json!({ "alg": "A128KW", "enc": "A128GCM", "zip": "DEF" }),
        json!({ "alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2_147_483_647, "p2s": "AA" }),
        json!({ "alg": "ECDH-ES", "enc": "A256GCM", "epk": { "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" } }),
        json!({ "alg": "RS256", "enc": "A256GCM", "kid": "ins_1", "typ": "JWT" }),
    ] {
        let header = encode(&header.to_string());
        for ciphertext in [encode(&payload(&json!({}))), encode(&genuine), genuine.replace('.', "")] {
            victim.assert_refused(
                "five parts",
                format!("{header}..AAAAAAAAAAAAAAAA.{ciphertext}.AAAAAAAAAAAAAAAAAAAAAA"),
            );
            victim.assert_refused(
                "a key",
                format!("{header}.AAAA.AAAAAAAAAAAAAAAA.{ciphertext}.AAAAAAAAAAAAAAAAAAAAAA"),
            );
            victim.assert_refused("three parts", format!("{header}.{ciphertext}.AAAAAAAAAAAAAAAAAAAAAA"));
        }
    }
}

/// RFC 7515 section 7.2: the JSON serializations are not tokens of HTTP.
#[test]
fn json_serialization_is_signed_out() {
    let victim = Victim::new();
    let genuine = genuine();
    let parts: Vec<&str> = genuine.split('.').collect();
    let [protected, payload, signature] = parts[..] else {
        unreachable!()
    };
    let flattened = json!({ "protected": protected, "payload": payload, "signature": signature });
    let general = json!({ "payload": payload, "signatures": [{ "protected": protected, "signature": signature }] });
    let unprotected = json!({ "header": { "alg": "none" }, "payload": payload, "signature": "" });
    for text in [
        flattened,
        general,
        unprotected,
        json!([genuine]),
        json!(genuine),
        json!({ "token": genuine }),
    ] {
        let text = text.to_string();
        victim.assert_refused(&text, &text);
        victim.assert_refused(&text, URL_SAFE_NO_PAD.encode(&text));
        victim.assert_refused(&text, STANDARD.encode(&text));
    }
    // A form of CVE-2022-39227: a compact token within JSON, with another payload in front.
    let mixed = format!("{{\"{genuine}\":1,\"payload\":\"{payload}\"}}");
    victim.assert_refused(&mixed, &mixed);
}

/// A token that the instance signed, as the payload of a token that it did not, and the other way round.
#[test]
fn nested_token_is_signed_out() {
    let victim = Victim::new();
    let genuine = genuine();
    let outer = header(&json!({ "cty": "JWT" }));
    for key in [SigningKey::of_instance(), SigningKey::foreign()] {
        victim.assert_refused("as text", key.token(&outer, &genuine));
        victim.assert_refused("as a string", key.token(&outer, json!(genuine).to_string()));
        victim.assert_refused(
            "as a member",
            key.token(&outer, json!({ "jwt": genuine, "token": genuine }).to_string()),
        );
    }
    let parts: Vec<&str> = genuine.split('.').collect();
    let changes = json!({ "sub": "user_admin" });
    let foreign = SigningKey::foreign().token(header(&json!({ "x": 1 })), payload(&changes));
    let others: Vec<&str> = foreign.split('.').collect();
    // Every mixture of both, and the foreign token.
    for choice in 1..8_usize {
        let part = |index: usize| {
            if choice >> index & 1 == 0 {
                parts[index]
            } else {
                others[index]
            }
        };
        let text = format!("{}.{}.{}", part(0), part(1), part(2));
        victim.assert_refused(&choice.to_string(), text);
    }
}

/// Whitespace around the value of a field or a cookie is not part of it (RFC 9110 section 5.5, RFC 6265 section 5.2).
/// Whitespace within it is.
#[test]
fn token_in_quotes_or_with_text_around_it_is_signed_out() {
    let victim = Victim::new();
    let genuine = genuine();
    let refused = [
        format!("\"{genuine}\""),
        format!("'{genuine}'"),
        format!("<{genuine}>"),
        format!("\"{genuine}"),
        format!("{genuine}\""),
        format!("{genuine} x"),
        format!("\u{a0}{genuine}"),
        format!("{genuine}\u{a0}"),
        format!("\u{feff}{genuine}"),
        format!("{genuine}\u{3000}"),
        format!("{genuine},"),
        format!("={genuine}"),
        format!("Bearer.{genuine}"),
    ];
    for text in &refused {
        for via in Via::COOKIES {
            victim.assert_refused_via(text, via, text.as_bytes());
        }
    }
    for value in [
        format!("\"{genuine}\""),
        format!("Bearer \"{genuine}\""),
        format!("Bearer={genuine}"),
        format!("Bearer:{genuine}"),
        format!("Bearer\t{genuine}"),
        format!("Bearer,{genuine}"),
        format!("Bearer Bearer {genuine}"),
        format!("Bearer token={genuine}"),
        format!("Bearer x, Bearer {genuine}"),
        format!("Basic {genuine}"),
        format!("DPoP {genuine}"),
        format!("Token {genuine}"),
        format!("\u{c0}Bearer {genuine}"),
    ] {
        victim.assert_signed_out(&value, "", &[("authorization", value.parse().unwrap())]);
    }
    for value in [
        format!("Bearer {genuine}"),
        format!("bEARER   {genuine}  "),
        // What follows the token is ignored, as by Clerk's package.
        format!("Bearer {genuine} x"),
        format!("  {genuine}"),
    ] {
        victim.assert_signed_in(&value, &[("authorization", value.parse().unwrap())], USER);
    }
    for value in [
        format!("__session= {genuine} ;__client_uat=1"),
        format!("__session =\t{genuine}; __client_uat = 1 "),
    ] {
        victim.assert_signed_in(&value, &[cookie(value.as_bytes())], USER);
    }
}

/// Two fields are joined as Node joins them, so that a proxy that reads one and the application that reads the other
/// cannot disagree on the user.
#[test]
fn second_authorization_field_invalidates_the_first() {
    let victim = Victim::new();
    let genuine = format!("Bearer {}", genuine());
    for other in ["Bearer x", "Basic dXNlcjpwYXNz", "x", &genuine, ""] {
        for fields in [[genuine.as_str(), other], [other, genuine.as_str()]] {
            let fields = fields.map(|value| ("authorization", value.parse().unwrap()));
            victim.assert_signed_out(other, "", &fields);
        }
    }
    // A header token decides alone: an invalid one is not rescued by a valid cookie.
    let session = Via::BothCookies.field(self::genuine().as_bytes()).unwrap();
    for value in ["Bearer x", "x", "Bearer", "Bearer a.b.c"] {
        victim.assert_signed_out(value, "", &[("authorization", value.parse().unwrap()), session.clone()]);
    }
}

/// A token is a text, not a prefix or a piece of one.
#[test]
fn prefix_or_rotation_of_a_token_is_signed_out() {
    let victim = Victim::new();
    let genuine = genuine();
    let lengths = (0..genuine.len()).step_by(31).chain(genuine.len() - 4..genuine.len());
    for len in lengths.chain(iter::once(1)) {
        victim.assert_refused_via(&len.to_string(), Via::Bearer, &genuine.as_bytes()[..len]);
        victim.assert_refused_via(&len.to_string(), Via::Cookie, &genuine.as_bytes()[..len]);
        if len > 0 {
            let (front, back) = genuine.split_at(len);
            victim.assert_refused_via(
                &len.to_string(),
                Via::SuffixedCookie,
                format!("{back}{front}").as_bytes(),
            );
        }
    }
}
