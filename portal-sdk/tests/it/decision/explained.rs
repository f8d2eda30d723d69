//! The facts and the likely cause that an explanation names, by the requests of the tables.

use std::sync::Arc;

use portal_sdk::decide::explain;
use portal_sdk::effect::{BackendError, Known, KnownKeys, MissingKey, RefreshedSession};
use portal_sdk::key::KeySet;
use portal_sdk::request::AuthenticateContext;
use portal_sdk::state::{Explanation, LikelyCause};
use portal_sdk::token::TokenError;

use super::request::request;
use super::words::{LIVE_FRONTEND_API, Setting};
use crate::common::tokens::{KEY_ID, foreign_key, jwks, session_token};
use crate::common::{down, handshake_payload, now};

fn in_memory() -> Known {
    with_keys(KnownKeys::InMemory(Some(Arc::new(jwks()))))
}

fn with_keys(keys: KnownKeys) -> Known {
    Known {
        keys,
        ..Known::default()
    }
}

fn explained(instance: &str, words: &str, known: &Known) -> Explanation {
    let setting = Setting::named(instance);
    let parts = request(&setting, words);
    explain(
        &AuthenticateContext::new(&parts, &setting.instance, now()),
        known,
        now(),
    )
}

/// Checks one fact of rows of instance, request and the fact's text; `-` if there is no such fact.
fn check(name: &str, known: &Known, rows: &[(&str, &str, &str)]) {
    for (instance, words, expected) in rows {
        let explanation = explained(instance, words, known);
        let found = explanation.get(name).unwrap_or("-");
        assert_eq!(found, *expected, "{name} of {instance}: {words}");
    }
}

fn cause(instance: &str, words: &str, known: &Known) -> Option<LikelyCause> {
    explained(instance, words, known).likely_cause().cloned()
}

#[test]
fn instance_is_named_with_its_type_and_domain() {
    check(
        "instance",
        &in_memory(),
        &[
            ("live", "document", "production, clerk.example.com"),
            ("test", "document", "development, foo-bar-13.clerk.accounts.dev"),
            (
                "live+satellite",
                "document",
                "production, clerk.example.com, on a satellite domain",
            ),
        ],
    );
}

#[test]
fn handshake_is_named_by_its_transport_and_result() {
    let payload = |handshake| Known {
        handshake,
        ..in_memory()
    };
    let nonce = "document nonce=n1";
    check(
        "handshake",
        &in_memory(),
        &[
            ("live", nonce, "a nonce came back; its payload was not fetched"),
            ("live", "document handshake=hs:valid", "a token came back"),
            ("live", "document", "-"),
            ("live", "document nonce=n1 bearer=valid", "-"),
        ],
    );
    let cookies = ["a=1".to_owned(), "b=2".to_owned()];
    let delivered = payload(Some(Ok(handshake_payload(cookies.to_vec()))));
    check(
        "handshake",
        &delivered,
        &[("live", nonce, "a nonce came back; its payload sets 2 cookies")],
    );
    let explanation = explained("live", nonce, &payload(Some(Err(down()))));
    let found = explanation.get("handshake").unwrap();
    assert!(
        found.starts_with("a nonce came back; its payload was not delivered: "),
        "{found}"
    );
}

#[test]
fn browser_and_client_are_named_unless_a_header_decides() {
    let known = in_memory();
    check(
        "development browser",
        &known,
        &[
            ("test", "document dev=d", "known"),
            ("test", "document", "missing, so a handshake fetches one"),
            ("test", "document bearer=valid", "-"),
            ("live", "document", "-"),
        ],
    );
    let signed_out = "signed out (__client_uat is missing, 0 or not a number)";
    check(
        "client",
        &known,
        &[
            ("live", "document", signed_out),
            ("live", "document uat=0", signed_out),
            ("live", "document uat=x", signed_out),
            (
                "live",
                "document uat={recent} bearer=valid",
                "not read, because the Authorization header has a token",
            ),
        ],
    );
    let explanation = explained("live", "document uat={recent}", &known);
    let client = explanation.get("client").unwrap();
    assert!(
        client.starts_with("last changed ") && client.contains("5 s ago"),
        "{client}"
    );
}

#[test]
fn keys_are_named_with_their_source() {
    let asked = |keys, missing| with_keys(KnownKeys::Asked { keys, missing });
    let known: fn() -> Arc<KeySet> = || Arc::new(jwks());
    for (known, expected) in [
        (with_keys(KnownKeys::InMemory(None)), "none in memory".to_owned()),
        (in_memory(), format!("{KEY_ID} in memory")),
        (asked(known(), MissingKey::Unknown), format!("{KEY_ID} at Clerk")),
        (asked(Arc::default(), MissingKey::Unknown), "none at Clerk".to_owned()),
        (
            asked(known(), MissingKey::TooSoon),
            format!("{KEY_ID}; fetched too recently to fetch them again"),
        ),
    ] {
        check("keys", &known, &[("live", "api bearer=valid", &expected)]);
    }
    check(
        "keys",
        &in_memory(),
        &[("live+pem", "api bearer=valid", "CLERK_JWT_KEY")],
    );
}

#[test]
fn problem_names_the_accepted_values() {
    for (instance, accepted) in [
        ("live+parties", "https://admin.example.com"),
        ("live+issuer", "https://clerk.other.example"),
    ] {
        let explanation = explained(instance, "api bearer=valid", &in_memory());
        let problem = explanation.get("problem").unwrap();
        assert!(
            problem.ends_with(&format!("; expected one of {accepted}")),
            "{instance}: {problem}"
        );
    }
}

#[test]
fn renewal_is_named_with_its_result() {
    let words = "api session=expired uat=1 refresh'=r";
    let refresh = |refresh| Known { refresh, ..in_memory() };
    check("renewal", &in_memory(), &[("live", words, "-")]);
    let renewed = RefreshedSession::new(Setting::named("live").payload("valid"));
    check(
        "renewal",
        &refresh(Some(Ok(renewed))),
        &[("live", words, "Clerk renewed the session")],
    );
    let explanation = explained("live", words, &refresh(Some(Err(down()))));
    let found = explanation.get("renewal").unwrap();
    assert!(found.starts_with("Clerk did not renew the session: "), "{found}");
}

#[test]
fn organization_and_redirects_are_named() {
    let known = in_memory();
    check(
        "organization",
        &known,
        &[
            ("live+organizations", "api /orgs/acme", "the path names the slug acme"),
            (
                "live+organizations",
                "api /orgs-by-id/org_1",
                "the path names the ID org_1",
            ),
            ("live+organizations", "api /me", "the path names the personal account"),
            ("live+organizations", "api /other", "-"),
        ],
    );
    check(
        "redirects",
        &known,
        &[
            ("live", "document count=1", "1 in a row; 3 are enough"),
            ("live", "document count=0", "-"),
            ("live", "document", "-"),
        ],
    );
}

#[test]
fn outcome_names_another_organization_or_the_missing_call() {
    check(
        "outcome",
        &in_memory(),
        &[
            (
                "live+organizations",
                "api /orgs/acme session=in-acme uat={recent}",
                "signed-in: user_1",
            ),
            (
                "live+organizations",
                "api /orgs/other session=in-acme uat={recent}",
                "signed-in: user_1, with another organization than the path's",
            ),
            (
                "live",
                "document nonce=n1",
                "waits for the handshake's payload from Clerk",
            ),
            (
                "live",
                "api session=expired uat=1 refresh'=r",
                "waits for a renewed session from Clerk",
            ),
        ],
    );
    check(
        "outcome",
        &with_keys(KnownKeys::InMemory(None)),
        &[("live", "api bearer=valid", "waits for the signing keys from Clerk")],
    );
}

#[test]
fn pending_session_is_the_cause_of_a_loop_only() {
    for (count, expected) in [(2, None), (3, Some(LikelyCause::PendingTasks))] {
        let words = format!("document session=pending uat={{recent}} count={count}");
        assert_eq!(cause("live", &words, &in_memory()), expected, "{count}");
    }
}

#[test]
fn unreachable_clerk_is_a_cause_and_a_busy_one_is_not() {
    let out_of_reach = |error| {
        with_keys(KnownKeys::Asked {
            keys: Arc::default(),
            missing: MissingKey::OutOfReach(error),
        })
    };
    let words = "api bearer=valid";
    let found = cause("live", words, &out_of_reach(down()));
    assert!(matches!(found, Some(LikelyCause::ApiOutOfReach { .. })), "{found:?}");
    assert_eq!(cause("live", words, &out_of_reach(BackendError::busy())), None);
}

#[test]
fn refused_secret_key_and_large_token_are_causes() {
    let refused = with_keys(KnownKeys::Asked {
        keys: Arc::default(),
        missing: MissingKey::Refused(TokenError::SecretKeyRefused),
    });
    let found = cause("live", "api bearer=valid", &refused);
    assert!(matches!(found, Some(LikelyCause::SecretKeyRefused { .. })), "{found:?}");

    let words = format!("api authorization=Bearer+{}", "a".repeat(20_000));
    let found = cause("live", &words, &in_memory());
    assert!(
        matches!(found, Some(LikelyCause::TokenTooLarge { found: 20_000, .. })),
        "{found:?}"
    );
}

#[test]
fn undecided_handshake_and_satellite_have_causes() {
    let words = "document /p?__clerk_handshake={hs-of-foreign-key}";
    let found = cause("test", words, &in_memory());
    assert!(matches!(found, Some(LikelyCause::OtherInstance { .. })), "{found:?}");

    // The sign-in page is on the satellite's own origin, or the request says that it is.
    for words in [
        "document http://localhost:3000/",
        "document origin=http://localhost:3000",
    ] {
        let found = cause("test+satellite", words, &in_memory());
        assert!(
            matches!(found, Some(LikelyCause::SignInUrl { .. })),
            "{words}: {found:?}"
        );
    }
}

#[test]
fn forged_token_of_an_accepted_issuer_points_to_the_secret_key() {
    for (issuer, variable, named) in [
        (LIVE_FRONTEND_API, "CLERK_SECRET_KEY", None),
        ("https://clerk.other.example", "CLERK_SECRET_KEY", None),
        (
            "https://clerk.third.example",
            "CLERK_PUBLISHABLE_KEY",
            Some("https://clerk.third.example"),
        ),
    ] {
        let token = session_token(foreign_key(), issuer, &serde_json::json!({}));
        let words = format!("api authorization=Bearer+{token}");
        let expected = LikelyCause::OtherInstance {
            issuer: named.map(Into::into),
            variable,
        };
        assert_eq!(cause("live+issuer", &words, &in_memory()), Some(expected), "{issuer}");
    }
}
