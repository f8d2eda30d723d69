//! Tokens of every worth.

use std::sync::LazyLock;

use serde_json::json;

use crate::common::NOW_SECS;
use crate::common::tokens::{KEY_ID, foreign_key, header, instance_key, session_claims, session_token};

const ISSUERS: [&str; 2] = ["https://clerk.example.com", "https://foo-bar-13.clerk.accounts.dev"];

/// Genuine tokens that are valid now: only these may sign a user in. They include those that expired today, because
/// development accepts them from a handshake.
pub(super) static GENUINE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let claims = [
        json!({}),
        json!({ "iat": NOW_SECS - 1 }),
        json!({ "sts": "pending", "sid": null }),
        json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }),
    ];
    let tokens = |issuer| {
        claims
            .iter()
            .map(move |claims| session_token(instance_key(), issuer, claims))
    };
    ISSUERS.into_iter().flat_map(tokens).collect()
});

/// Valid tokens of the instance that are not session tokens. They sign no request in. Only Clerk could put one into a
/// handshake or a renewal, where its category is not checked.
pub(super) static OTHER_KINDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let issuer = ISSUERS[0];
    let claims = session_claims(issuer);
    vec![
        instance_key().sign(&header(&json!({ "cat": "cl_B7d4PD222AAA" })), &claims),
        session_token(instance_key(), issuer, &json!({ "sub": "mch_1" })),
        instance_key().sign(&json!({ "alg": "RS256", "cat": "x", "kid": KEY_ID }), &claims),
    ]
});

/// Tokens that look alike and are worth nothing.
pub(super) static WORTHLESS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let issuer = ISSUERS[0];
    let claims = session_claims(issuer);
    let genuine = &GENUINE[0];
    let parts: Vec<&str> = genuine.split('.').collect();
    let other = session_token(foreign_key(), issuer, &json!({ "sub": "user_2" }));
    let other_parts: Vec<&str> = other.split('.').collect();
    let payload = json!({ "handshake": ["__session=x", format!("__session={genuine}\r\nX: 1"), 5] });
    vec![
        session_token(foreign_key(), issuer, &json!({})),
        foreign_key().sign(&json!({ "alg": "none", "kid": KEY_ID }), &claims),
        instance_key().sign(&json!({ "alg": "HS256", "kid": KEY_ID }), &claims),
        foreign_key().sign(&json!({ "alg": "RS256", "kid": "ins_2" }), &claims),
        session_token(instance_key(), issuer, &json!({ "exp": null })),
        session_token(instance_key(), issuer, &json!({ "exp": NOW_SECS - 200_000 })),
        session_token(instance_key(), issuer, &json!({ "nbf": NOW_SECS + 200_000 })),
        instance_key().sign(&header(&json!({})), &payload),
        foreign_key().sign(
            &header(&json!({})),
            &json!({ "handshake": [format!("__session={genuine}")] }),
        ),
        format!("{}.{}.{}", parts[0], other_parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], other_parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        "bnVsbA.bnVsbA.AA".to_owned(),
        "a.b.c".to_owned(),
    ]
});

/// Handshake tokens of the instance: they bring genuine session tokens, or worthless ones.
pub(super) static HANDSHAKES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tokens = GENUINE.iter().chain(OTHER_KINDS.iter()).chain(WORTHLESS.iter());
    let sign = |token: &String| {
        let directives = json!({ "handshake": [format!("__session={token}; Path=/"), "__client_uat=1"] });
        instance_key().sign(&header(&json!({})), &directives)
    };
    tokens.map(sign).collect()
});
