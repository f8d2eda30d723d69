//! Valid and invalid tokens. They are the same in every process, so that an input can name them by a number.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::instances::NOW_SECS;
use crate::keys::{KEY_ID, foreign, instance};
use crate::value::MARKUP;

const ISSUERS: [&str; 2] = ["https://clerk.example.com", "https://foo-bar-13.clerk.accounts.dev"];

/// A session token of the instance's key.
pub struct Genuine {
    /// The token.
    pub text: String,
    /// Claim `exp`.
    pub expires_at_secs: i64,
}

/// Session tokens that the instance's key signed: only these may sign a request in.
pub static GENUINE: LazyLock<Vec<Genuine>> = LazyLock::new(|| {
    let changes = [
        json!({}),
        json!({ "iat": NOW_SECS - 1 }),
        json!({ "sts": "pending", "sid": null }),
        json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }),
        json!({ "o": { "id": "org_1", "slg": "acme", "rol": "admin" } }),
        json!({ "iat": NOW_SECS + 100_000, "exp": NOW_SECS + 200_000, "nbf": NOW_SECS + 100_000 }),
    ];
    let mint = |issuer| {
        changes.iter().map(move |changes| {
            let claims = claims(issuer, changes);
            Genuine {
                text: instance().sign(&header(&json!({})), &claims.to_string()),
                expires_at_secs: claims["exp"].as_i64().expect("every token has a number"),
            }
        })
    };
    ISSUERS.into_iter().flat_map(mint).collect()
});

/// Tokens of the instance's key that are not session tokens. They sign no request in, but Clerk could bring one in a
/// handshake or a renewal, where the category is not checked.
pub static OTHER_KINDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let claims = claims(ISSUERS[0], &json!({})).to_string();
    let machine = self::claims(ISSUERS[0], &json!({ "sub": "mch_1" })).to_string();
    vec![
        instance().sign(&header(&json!({ "cat": "cl_B7d4PD222AAA" })), &claims),
        instance().sign(&header(&json!({})), &machine),
        instance().sign(&header(&json!({ "cat": "x" })), &claims),
    ]
});

/// A session token of another instance's key, of which [`WORTHLESS`] has two parts.
pub static FOREIGN: LazyLock<String> = LazyLock::new(|| {
    let claims = claims(ISSUERS[0], &json!({ "sub": "user_2" }));
    foreign().sign(&header(&json!({})), &claims.to_string())
});

/// Tokens that look like session tokens and never sign a request in.
pub static WORTHLESS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let claims = |changes: Value| claims(ISSUERS[0], &changes).to_string();
    let usual = claims(json!({}));
    let genuine: Vec<&str> = GENUINE[0].text.split('.').collect();
    let parts: Vec<&str> = FOREIGN.split('.').collect();
    vec![
        foreign().sign(&header(&json!({})), &usual),
        foreign().sign(&header(&json!({ "alg": "none" })), &usual),
        foreign().sign(&header(&json!({ "kid": "ins_2" })), &usual),
        foreign().sign(&header(&json!({ "kid": null })), &usual),
        instance().sign(&header(&json!({ "alg": "HS256" })), &usual),
        instance().sign(&header(&json!({ "cat": "cl_B7d4PD333AAA" })), &usual),
        instance().sign(&header(&json!({})), &claims(json!({ "exp": null }))),
        instance().sign(&header(&json!({})), &claims(json!({ "exp": NOW_SECS - 1_000_000 }))),
        instance().sign(&header(&json!({})), &claims(json!({ "sub": null }))),
        foreign().sign(
            &header(&json!({})),
            &claims(json!({ "iss": MARKUP, "azp": MARKUP, "sid": MARKUP })),
        ),
        foreign().sign(&header(&json!({ "typ": MARKUP })), &usual),
        foreign().sign(&header(&json!({ "alg": MARKUP })), &usual),
        foreign().sign(&header(&json!({ "kid": MARKUP })), &usual),
        format!("{}.{}.{}", genuine[0], parts[1], genuine[2]),
        format!("{}.{}.{}", genuine[0], genuine[1], parts[2]),
        format!("{}.{}.", genuine[0], genuine[1]),
        format!("{}.{}", genuine[0], genuine[1]),
        "bnVsbA.bnVsbA.AA".to_owned(),
        "a.b.c".to_owned(),
    ]
});

/// Handshake tokens of the instance's key, which bring one of the tokens above.
pub static HANDSHAKES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let genuine = GENUINE.iter().map(|token| &token.text);
    let brought = genuine.chain(OTHER_KINDS.iter()).chain(WORTHLESS.iter());
    let sign = |token: &String| {
        let claims = json!({ "handshake": [format!("__session={token}; Path=/"), "__client_uat=1"] });
        instance().sign(&header(&json!({})), &claims.to_string())
    };
    brought.map(sign).collect()
});

/// All tokens, in a fixed order.
pub static ALL: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let genuine = GENUINE.iter().map(|token| token.text.as_str());
    let others = OTHER_KINDS.iter().chain(WORTHLESS.iter()).chain(HANDSHAKES.iter());
    genuine.chain(others.map(String::as_str)).collect()
});

/// The token that `number` names, in [`ALL`].
#[must_use]
pub fn token(number: u8) -> &'static str {
    ALL[usize::from(number) % ALL.len()]
}

/// The header of a session token with these changes; `null` removes a field.
#[must_use]
pub fn header(changes: &Value) -> String {
    let header = json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": KEY_ID, "typ": "JWT" });
    merged(header, changes).to_string()
}

/// The claims of a token that was issued five seconds ago, with these changes; `null` removes a claim.
fn claims(issuer: &str, changes: &Value) -> Value {
    let claims = json!({
        "iss": issuer,
        "azp": "https://app.example.com",
        "sub": "user_1",
        "sid": "sess_1",
        "iat": NOW_SECS - 5,
        "nbf": NOW_SECS - 15,
        "exp": NOW_SECS + 55,
    });
    merged(claims, changes)
}

fn merged(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(object.as_object_mut().and_then(|object| object.remove(name))),
            value => object[name] = value.clone(),
        }
    }
    object
}
