//! Texts of another kind in the place of a session token: RFC 8725 sections 2.8 and 3.11 to 3.12.
//!
//! The instance signs most of these with the key of its session tokens.

use http::HeaderValue;
use serde_json::{Value, json};

use super::signing::{KEY_ID, SigningKey, USER, header, message, payload, with_signature};
use super::transport::Via;
use super::victim::{NOW_SECS, Route, SUFFIX, Victim, cookie};

/// Sends the token with and without padding, which must not hide its kind (G39).
fn assert_refused(victim: &Victim, label: &str, token: &str) {
    victim.assert_refused(label, token);
    victim.assert_refused(label, format!("{token}="));
    victim.assert_refused(label, format!("{token}=="));
}

#[test]
fn genuine_token_of_another_category_or_type_is_signed_out() {
    let victim = Victim::new();
    let of_template = json!("cl_B7d4PD222AAA");
    let of_machine = json!("cl_B7d4PD333AAA");
    let malformed = [
        json!(""),
        json!("session"),
        json!("CL_B7D4PD111AAA"),
        json!("cl_B7d4PD111AAA "),
        json!(111),
        json!([]),
        json!(["cl_B7d4PD111AAA"]),
        json!({}),
        json!(true),
        json!(false),
    ];
    for category in malformed.into_iter().chain([of_template, of_machine, Value::Null]) {
        let header = header(&json!({ "cat": "PLACE" })).replace("\"PLACE\"", &category.to_string());
        assert_refused(
            &victim,
            &header,
            &SigningKey::of_instance().token(&header, payload(&json!({}))),
        );
    }
    let types = [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "jwt",
        "Jwt",
        "JWT ",
        "",
        "JWE",
        "JOSE",
        "JOSE+JSON",
        "application/jwt",
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "sd+jwt",
        "client-authentication+jwt",
        "m2m",
        "session",
    ];
    let types = types.into_iter().map(Value::from);
    for token_type in types.chain([Value::Null, json!(1), json!([]), json!(["JWT"]), json!({}), json!(true)]) {
        let header = header(&json!({ "typ": "PLACE" })).replace("\"PLACE\"", &token_type.to_string());
        assert_refused(
            &victim,
            &header,
            &SigningKey::of_instance().token(&header, payload(&json!({}))),
        );
    }
    // A token without category or type may be of an older instance. The ignored category is Clerk's own.
    for changes in [
        json!({ "cat": null }),
        json!({ "typ": null }),
        json!({ "cat": "cl_I7d4PD111III" }),
    ] {
        let token = SigningKey::of_instance().token(header(&changes), payload(&json!({})));
        victim.assert_accepted(&changes.to_string(), token);
    }
}

#[test]
fn genuine_token_of_no_user_is_signed_out() {
    let victim = Victim::new();
    for subject in [
        json!("mch_1"),
        json!("mch_"),
        json!(""),
        json!(5),
        json!([USER]),
        json!({ "id": USER }),
        json!(true),
        json!(false),
    ] {
        assert_refused(
            &victim,
            &subject.to_string(),
            &SigningKey::of_instance().session(&json!({ "sub": subject })),
        );
    }
    let null = payload(&json!({ "sub": "PLACE" })).replace("\"PLACE\"", "null");
    assert_refused(
        &victim,
        "null",
        &SigningKey::of_instance().token(header(&json!({})), null),
    );
    assert_refused(
        &victim,
        "missing",
        &SigningKey::of_instance().session(&json!({ "sub": null })),
    );
}

/// Claims of other tokens that Clerk signs.
fn other_claims() -> Vec<(&'static str, Value)> {
    let times = json!({ "iat": NOW_SECS - 5, "nbf": NOW_SECS - 15, "exp": NOW_SECS + 600 });
    let set_cookies = [format!(
        "__session={}; Path=/",
        SigningKey::of_instance().session(&json!({}))
    )];
    let claims = [
        ("handshake", json!({ "handshake": set_cookies })),
        ("development browser", json!({ "dev": "dvb_1" })),
        (
            "invitation",
            json!({ "eid": "ema_1", "iid": KEY_ID, "sid": "inv_1", "st": "invitation" }),
        ),
        (
            "organization's invitation",
            json!({ "iid": KEY_ID, "oid": "org_1", "sid": "orginv_1", "st": "organization_invitation" }),
        ),
        (
            "sign-in token",
            json!({ "eid": USER, "iid": KEY_ID, "sid": "sit_1", "st": "sign_in_token" }),
        ),
        (
            "actor token",
            json!({ "act": { "sub": "user_2" }, "eid": USER, "iid": KEY_ID, "sid": "act_1", "st": "actor_token" }),
        ),
        (
            "e-mail link",
            json!({ "eid": "ema_1", "iid": KEY_ID, "sid": "ver_1", "st": "verification", "sia": "sia_1" }),
        ),
        ("client", json!({ "id": "client_1", "rotating_token": "r" })),
        ("waitlist", json!({ "iid": KEY_ID, "st": "waitlist" })),
        ("testing token", json!({ "iid": KEY_ID, "st": "testing_token" })),
    ];
    let with_times = |mut claims: Value| {
        claims
            .as_object_mut()
            .unwrap()
            .extend(times.as_object().unwrap().clone());
        claims
    };
    claims
        .into_iter()
        .map(|(name, claims)| (name, with_times(claims)))
        .collect()
}

/// None of these names a user by `sub`, the claim that only tokens of a user have.
#[test]
fn genuine_token_for_another_purpose_is_signed_out() {
    let victim = Victim::new();
    for (name, claims) in other_claims() {
        let bare = json!({ "alg": "RS256", "kid": KEY_ID, "typ": "JWT" });
        for header in [header(&json!({})), header(&json!({ "cat": null })), bare.to_string()] {
            assert_refused(
                &victim,
                name,
                &SigningKey::of_instance().token(header, claims.to_string()),
            );
        }
    }
}

#[test]
fn opaque_credential_in_the_place_of_a_session_token_is_signed_out() {
    let victim = Victim::new();
    for text in [
        "sk_live_x",
        "sk_test_x",
        "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k",
        "ak_1234567890",
        "mt_1234567890",
        "oat_1234567890",
        "dvb_1234567890",
        "sess_1",
        USER,
        KEY_ID,
        "null",
        "undefined",
        "[object Object]",
        "true",
        "0",
        "deleted",
        "cl_B7d4PD111AAA",
    ] {
        victim.assert_refused(text, text);
    }
}

/// A valid session token counts in its own places only.
#[test]
fn session_token_in_another_place_is_signed_out() {
    let victim = Victim::new();
    let token = SigningKey::of_instance().session(&json!({}));
    for name in [
        "__client".to_owned(),
        "__refresh".to_owned(),
        format!("__refresh_{SUFFIX}"),
        "__clerk_db_jwt".to_owned(),
        format!("__clerk_db_jwt_{SUFFIX}"),
        format!("__clerk_handshake_{SUFFIX}"),
        "__clerk_handshake_nonce".to_owned(),
        "__clerk_redirect_count".to_owned(),
        "__client_uat".to_owned(),
        "session".to_owned(),
        "token".to_owned(),
        "Authorization".to_owned(),
    ] {
        for uat in ["__client_uat=1".to_owned(), format!("__client_uat_{SUFFIX}=1")] {
            victim.assert_signed_out(&name, "", &[cookie(format!("{uat}; {name}={token}"))]);
        }
        victim.assert_signed_out(&name, &format!("?{name}={token}"), &[cookie("__client_uat=1")]);
    }
    for parameter in [
        "__session",
        "__clerk_handshake",
        "__clerk_handshake_nonce",
        "__clerk_db_jwt",
        "access_token",
        "jwt",
    ] {
        victim.assert_signed_out(parameter, &format!("?{parameter}={token}"), &[cookie("__client_uat=1")]);
    }
    for name in [
        "proxy-authorization",
        "x-authorization",
        "x-clerk-auth-token",
        "x-forwarded-authorization",
        "www-authenticate",
        "session",
    ] {
        let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        victim.assert_signed_out(name, "", &[(name, value)]);
    }
}

/// Clerk's debug headers are responses. A client that sends them claims nothing.
#[test]
fn status_headers_of_a_client_are_not_believed() {
    let victim = Victim::new();
    let fields = [
        ("x-clerk-auth-status", "signed-in"),
        ("x-clerk-auth-reason", ""),
        ("x-clerk-auth-token", "x"),
        ("x-clerk-user-id", USER),
        ("x-user-id", USER),
        ("x-middleware-subrequest", "middleware"),
        ("x-original-url", "/public"),
        ("x-rewrite-url", "/public"),
    ];
    let fields = fields.map(|(name, value)| (name, HeaderValue::from_static(value)));
    victim.assert_signed_out("all", "", &fields);
}

/// Another instance's key has the same ID, so the signature decides. In `g48_token_of_another_issuer_is_refused` the key
/// is the same, and the issuer decides.
#[test]
fn token_of_another_instance_is_signed_out() {
    let victim = Victim::new();
    let others = SigningKey::foreign();
    for claims in [
        json!({}),
        json!({ "iss": "https://clerk.other.example", "azp": "https://other.example" }),
        json!({ "iss": "https://foo-bar-13.clerk.accounts.dev", "azp": "http://localhost:3000" }),
    ] {
        victim.assert_refused(&claims.to_string(), others.session(&claims));
    }
    // The cookies of a development instance on the same host.
    let own = SigningKey::of_instance().session(&json!({}));
    victim.assert_signed_out(
        "another suffix",
        "",
        &[cookie(format!("__session_nx2hSE6I={own}; __client_uat_nx2hSE6I=1"))],
    );
    victim.assert_accepted("its own", own);
}

/// A development instance has further cookies and parameters, and the same rules for tokens.
#[test]
fn forged_token_is_signed_out_in_development() {
    let victim = Victim::in_development();
    let claims = json!({ "iss": "https://foo-bar-13.clerk.accounts.dev", "azp": "http://localhost:3000" });
    let payload = payload(&claims);
    let genuine = SigningKey::of_instance().session(&claims);
    let beside = "__client_uat=1; __clerk_db_jwt=dvb";
    victim.assert_signed_in("genuine", &[cookie(format!("__session={genuine}; {beside}"))], USER);
    for (label, token) in [
        ("another key", SigningKey::foreign().session(&claims)),
        (
            "no signature",
            with_signature(&message(header(&json!({})), &payload), &[]),
        ),
        (
            "alg none",
            with_signature(&message(header(&json!({ "alg": "none" })), &payload), &[]),
        ),
        (
            "alg HS256",
            SigningKey::of_instance().token(header(&json!({ "alg": "HS256" })), &payload),
        ),
        (
            "JWT template",
            SigningKey::of_instance().token(header(&json!({ "cat": "cl_B7d4PD222AAA" })), &payload),
        ),
        (
            "expired",
            SigningKey::of_instance().session(&json!({ "exp": NOW_SECS - 600 })),
        ),
        (
            "development browser",
            SigningKey::of_instance().token(header(&json!({})), "{\"dev\":\"dvb_1\"}"),
        ),
        ("garbage", "a.b.c".to_owned()),
    ] {
        victim.assert_signed_out(label, "", &[cookie(format!("__session={token}; {beside}"))]);
        victim.assert_signed_out(label, "", &[Via::Bearer.field(token.as_bytes()).unwrap()]);
        victim.assert_signed_out(label, "", &[cookie(format!("__client_uat=1; __clerk_db_jwt={token}"))]);
        let query = format!("?__clerk_db_jwt={token}");
        victim.assert_signed_out(label, &query, &[cookie(format!("__session={token}; __client_uat=1"))]);
    }
    assert_eq!(victim.clerk.calls(), ["jwks"]);
}

/// A session token is not a handshake. In production it is read as a handshake without cookies, which ends the request
/// signed out, as at Clerk; the user's own cookies are not deleted.
#[test]
fn session_token_as_handshake_is_signed_out() {
    let victim = Victim::new();
    for token in [
        SigningKey::of_instance().session(&json!({})),
        SigningKey::of_instance().session(&json!({ "handshake": "__session=x" })),
        SigningKey::of_instance().session(&json!({ "handshake": { "0": "__session=x" } })),
        SigningKey::of_instance().session(&json!({ "handshake": [] })),
    ] {
        for beside in [String::new(), format!("; __session={token}; __client_uat=1")] {
            let field = cookie(format!("__clerk_handshake={token}{beside}"));
            victim.assert_signed_out("handshake", "", std::slice::from_ref(&field));
            let answer = victim.ask(Route::ExtractedByScript, "", &[field]);
            assert!(!answer.headers.contains_key("set-cookie"));
        }
        // As a query parameter it is not read in production (G11).
        let query = format!("?__clerk_handshake={token}");
        let (name, value) = Via::Cookie
            .field(SigningKey::of_instance().session(&json!({})).as_bytes())
            .unwrap();
        let answer = victim.ask(Route::GuardedPage, &query, &[(name, value)]);
        assert_eq!((answer.status, answer.body.as_str()), (200, USER));
    }
}
