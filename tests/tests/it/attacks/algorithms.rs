//! Algorithm confusion: RFC 8725 sections 2.1 and 3.1, RFC 7515 section 10.7, CVE-2015-9235, CVE-2016-10555,
//! CVE-2022-21449, CVE-2022-23540.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
};
use portal_sdk::key::KeySet;
use serde_json::{Value, json};

use super::signing::{KEY_ID, SigningKey, header, message, payload, with_signature};
use super::transport::Via;
use super::victim::{Victim, live, test};

/// Algorithms that a verifier of RS256 must not take for it.
const OTHERS: [&str; 48] = [
    "none",
    "None",
    "NONE",
    "nOnE",
    "none ",
    " none",
    "none\0",
    "\u{feff}none",
    "n\u{f6}ne",
    "non\u{435}",
    "",
    " ",
    "null",
    "undefined",
    "HS256",
    "hs256",
    "HS384",
    "HS512",
    "ES256",
    "ES256K",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
    "PS256",
    "PS384",
    "PS512",
    "RS1",
    "RS224",
    "RS384",
    "RS512",
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "dir",
    "A128KW",
    "ECDH-ES",
    "PBES2-HS256+A128KW",
    "rs256",
    "Rs256",
    "RS256 ",
    " RS256",
    "RS256\0",
    "RS256,none",
    "RS\u{ff12}56",
    "RS0256",
    "RSASSA-PKCS1-v1_5",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
];

/// Values of `alg` that are not a string.
fn malformed() -> [Value; 7] {
    [
        json!([]),
        json!(["RS256"]),
        json!({}),
        json!({ "name": "RS256" }),
        json!(256),
        json!(true),
        json!(false),
    ]
}

fn algorithms() -> impl Iterator<Item = Value> {
    OTHERS.into_iter().map(Value::from).chain(malformed())
}

/// Signatures that an attacker can send with any algorithm.
fn worthless_signatures() -> [Vec<u8>; 7] {
    // An ECDSA signature of r = s = 0, as JWS and as DER (CVE-2022-21449).
    let zero_der = vec![0x30, 6, 2, 1, 0, 2, 1, 0];
    let of_another_token = SigningKey::of_instance().sign(b"another token");
    [
        vec![0],
        vec![0; 64],
        zero_der,
        vec![0; 132],
        vec![0; 256],
        vec![0xff; 256],
        of_another_token,
    ]
}

#[test]
fn token_without_a_signature_is_signed_out() {
    let victim = Victim::new();
    let of_null = header(&json!({})).replace("\"RS256\"", "null");
    let headers = algorithms().chain([json!("RS256"), Value::Null]);
    for header in headers.map(|alg| header(&json!({ "alg": alg }))).chain([of_null]) {
        let message = message(&header, payload(&json!({})));
        victim.assert_refused(&header, with_signature(&message, &[]));
        for signature in worthless_signatures() {
            let token = with_signature(&message, &signature);
            victim.assert_refused_via(&header, Via::Bearer, token.as_bytes());
            victim.assert_refused_via(&header, Via::SuffixedCookie, token.as_bytes());
        }
    }
}

/// The header alone decides: such a token is refused although the instance's key signed it.
#[test]
fn token_of_another_algorithm_is_signed_out_with_a_genuine_signature() {
    let victim = Victim::new();
    let key = SigningKey::of_instance();
    for alg in algorithms() {
        victim.assert_refused(
            &alg.to_string(),
            key.token(header(&json!({ "alg": alg })), payload(&json!({}))),
        );
    }
    victim.assert_refused(
        "without alg",
        key.token(header(&json!({ "alg": null })), payload(&json!({}))),
    );
}

#[test]
fn hmac_with_the_public_key_is_signed_out() {
    let victim = Victim::new();
    let key = SigningKey::of_instance();
    let pem = key.pem();
    let jwk = key.jwk(KEY_ID);
    let base64_of_spki: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let secrets = [
        pem.clone(),
        pem.trim_end().to_owned(),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', ""),
        pem.replace('\n', "\\n"),
        pem.replace("PUBLIC KEY", "RSA PUBLIC KEY"),
        base64_of_spki,
        jwk.to_string(),
        json!({ "keys": [jwk] }).to_string(),
        jwk["n"].as_str().unwrap().to_owned(),
        String::new(),
        KEY_ID.to_owned(),
        "secret".to_owned(),
        "null".to_owned(),
        // The application's own secret is not a signing key either.
        "sk_live_x".to_owned(),
    ];
    let secrets = secrets.map(String::into_bytes).into_iter();
    let modulus = key.modulus();
    let with_sign_byte = [&[0][..], &modulus].concat();
    let secrets = secrets.chain([key.spki(), key.rsa_public_key(), modulus, with_sign_byte, vec![0; 32]]);
    let algorithms = [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ];
    for secret in secrets {
        for (alg, algorithm) in algorithms {
            // Also under the name of the key's own algorithm, for verifiers that choose by the key's shape.
            for claimed in [alg, "RS256"] {
                let message = message(header(&json!({ "alg": claimed })), payload(&json!({})));
                let tag = hmac::sign(&hmac::Key::new(algorithm, &secret), message.as_bytes());
                victim.assert_refused(alg, with_signature(&message, tag.as_ref()));
            }
        }
    }
}

/// The key is for RS256, so a signature by the same key for another algorithm does not count (RFC 8725 section 3.1).
#[test]
fn signature_by_another_scheme_of_the_same_key_is_signed_out() {
    let victim = Victim::new();
    let with_pem = Victim::cold(live().jwt_key(SigningKey::of_instance().pem()));
    let key = SigningKey::of_instance();
    let schemes: [(&str, &'static dyn RsaEncoding); 5] = [
        ("RS384", &RSA_PKCS1_SHA384),
        ("RS512", &RSA_PKCS1_SHA512),
        ("PS256", &RSA_PSS_SHA256),
        ("PS384", &RSA_PSS_SHA384),
        ("PS512", &RSA_PSS_SHA512),
    ];
    for (scheme, padding) in schemes {
        for claimed in [scheme, "RS256"] {
            let message = message(header(&json!({ "alg": claimed })), payload(&json!({})));
            let token = with_signature(&message, &key.sign_as(padding, message.as_bytes()));
            let label = format!("{scheme} as {claimed}");
            victim.assert_refused(&label, &token);
            with_pem.assert_refused(&label, &token);
        }
    }
    assert!(with_pem.clerk.calls().is_empty());
    // The same message with the key's own algorithm is accepted, so that nothing else refuses the tokens above.
    let message = message(header(&json!({})), payload(&json!({})));
    let genuine = with_signature(&message, &key.sign_as(&RSA_PKCS1_SHA256, message.as_bytes()));
    victim.assert_accepted("RS256", &genuine);
    with_pem.assert_accepted("RS256", &genuine);
}

/// Without `alg` in the key set, the token must not choose the algorithm (G41).
#[test]
fn key_without_an_algorithm_verifies_rs256_only() {
    let key = SigningKey::of_instance();
    let mut jwk = key.jwk(KEY_ID);
    jwk.as_object_mut().unwrap().remove("alg");
    let victim = Victim::cold(live());
    victim.clerk.set_jwks(Ok(KeySet::from_json(&json!({ "keys": [jwk] }))));
    victim.warm_up(&key.session(&json!({})));
    for (alg, padding) in [("RS384", &RSA_PKCS1_SHA384), ("RS512", &RSA_PKCS1_SHA512)] {
        let message = message(header(&json!({ "alg": alg })), payload(&json!({})));
        victim.assert_refused(alg, with_signature(&message, &key.sign_as(padding, message.as_bytes())));
    }
}

/// A key of the set for another purpose is not a signing key, whatever algorithm the token names.
#[test]
fn key_for_another_purpose_verifies_nothing() {
    let key = SigningKey::of_instance();
    let foreign = SigningKey::foreign();
    let mut for_encryption = foreign.jwk("for-encryption");
    for_encryption["use"] = "enc".into();
    let mut for_pss = foreign.jwk("for-pss");
    for_pss["alg"] = "PS256".into();
    let mut for_sha_1 = foreign.jwk("for-sha-1");
    for_sha_1["alg"] = "RS1".into();
    let symmetric = json!({ "kid": "symmetric", "kty": "oct", "alg": "HS256", "k": "c2VjcmV0" });
    let elliptic = json!({ "kid": "elliptic", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "alg": "ES256" });
    let keys = json!({ "keys": [key.jwk(KEY_ID), for_encryption, for_pss, for_sha_1, symmetric, elliptic] });
    let victim = Victim::cold(live());
    victim.clerk.set_jwks(Ok(KeySet::from_json(&keys)));
    victim.warm_up(&key.session(&json!({})));
    for kid in ["for-encryption", "for-pss", "for-sha-1", "symmetric", "elliptic"] {
        for alg in ["RS256", "PS256", "RS1", "HS256", "ES256"] {
            let message = message(header(&json!({ "kid": kid, "alg": alg })), payload(&json!({})));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"secret"), message.as_bytes());
            for signature in [foreign.sign(message.as_bytes()), tag.as_ref().to_vec()] {
                victim.assert_refused(&format!("{kid} {alg}"), with_signature(&message, &signature));
            }
        }
    }
}

/// Without keys in memory, a token whose header cannot be right causes no fetch (G47).
#[test]
fn token_of_another_algorithm_fetches_no_key() {
    for settings in [live(), test()] {
        let victim = Victim::cold(settings);
        for alg in algorithms().filter(|alg| !["RS384", "RS512"].map(Value::from).contains(alg)) {
            let message = message(header(&json!({ "alg": alg })), payload(&json!({})));
            victim.assert_refused(&alg.to_string(), with_signature(&message, &[0; 256]));
        }
        // A signature that no key of the accepted sizes can make.
        for len in [0, 1, 64, 128, 255, 1025, 2048] {
            let token = with_signature(&message(header(&json!({})), payload(&json!({}))), &vec![0; len]);
            victim.assert_refused(&len.to_string(), token);
        }
        assert!(victim.clerk.calls().is_empty());
    }
}
