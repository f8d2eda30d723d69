//! Cookie jars as left by an attacker who controls a sibling subdomain or a page of the application's host.
//!
//! RFC 6265 section 8.6: cookies have weak integrity. A server cannot tell which host set one; browsers send those of
//! longer paths and older ones first (section 5.4), and the first of a name counts. No jar makes a token count that the
//! instance did not sign, but an attacker can plant a valid session of the attacker. Clerk's rules decide between two
//! valid sessions; `portal-sdk/tests/it/decision/suffix.rs` numbers them.

use http::HeaderValue;
use serde_json::json;

use super::signing::{SigningKey, USER};
use super::victim::{NOW_SECS, SUFFIX, Victim, cookie};

const ATTACKER: &str = "user_attacker";

pub(crate) fn own() -> String {
    SigningKey::of_instance().session(&json!({}))
}

/// A valid session of the attacker, issued this many seconds ago.
fn of_attacker(age: i64) -> String {
    SigningKey::of_instance().session(&json!({ "sub": ATTACKER, "sid": "sess_attacker", "iat": NOW_SECS - age }))
}

/// A token that names the user, by the attacker's key.
pub(crate) fn forged() -> String {
    SigningKey::foreign().session(&json!({ "iat": NOW_SECS }))
}

/// A `Cookie` field. A `'` in a name is replaced by the instance's suffix.
pub(crate) fn jar(cookies: &[(&str, &str)]) -> (&'static str, HeaderValue) {
    let suffix = format!("_{SUFFIX}");
    let pairs: Vec<String> = cookies
        .iter()
        .map(|(name, value)| format!("{}={value}", name.replace('\'', &suffix)))
        .collect();
    cookie(pairs.join("; "))
}

/// Asserts the user of a jar; `None` is signed out.
pub(crate) fn check(victim: &Victim, cookies: &[(&str, &str)], user: Option<&str>) {
    let label = format!(
        "{:?}",
        cookies
            .iter()
            .map(|(name, value)| (*name, value.len()))
            .collect::<Vec<_>>()
    );
    match user {
        Some(user) => victim.assert_signed_in(&label, &[jar(cookies)], user),
        None => victim.assert_signed_out(&label, "", &[jar(cookies)]),
    }
}

#[test]
fn first_of_two_session_cookies_decides() {
    let victim = Victim::new();
    let (own, other, forged) = (&*own(), &*of_attacker(5), &*forged());
    for name in ["__session", "__session'"] {
        let uat = if name.ends_with('\'') {
            "__client_uat'"
        } else {
            "__client_uat"
        };
        for (first, second, user) in [
            (own, forged, Some(USER)),
            (own, "x", Some(USER)),
            (own, other, Some(USER)),
            (own, "", Some(USER)),
            (forged, own, None),
            ("x", own, None),
            // An empty one is not skipped: another host may have deleted it.
            ("", own, None),
            // A longer path puts a valid session of the attacker first. Clerk's cookies have no `__Host-` prefix, so
            // nothing distinguishes the two.
            (other, own, Some(ATTACKER)),
        ] {
            check(&victim, &[(name, first), (name, second), (uat, "1")], user);
            check(&victim, &[(uat, "1"), (name, first), ("a", "b"), (name, second)], user);
            // In two fields, as HTTP/2 clients may send them.
            let fields = [jar(&[(name, first)]), jar(&[(name, second), (uat, "1")])];
            match user {
                Some(user) => victim.assert_signed_in("two fields", &fields, user),
                None => victim.assert_signed_out("two fields", "", &fields),
            }
        }
    }
}

#[test]
fn first_of_two_client_cookies_decides() {
    let victim = Victim::new();
    let own = &*own();
    let later = &*(NOW_SECS + 1).to_string();
    for (session, uat) in [("__session", "__client_uat"), ("__session'", "__client_uat'")] {
        for (first, second, user) in [
            ("1", "0", Some(USER)),
            ("1", later, Some(USER)),
            ("1", "x", Some(USER)),
            ("0", "1", None),
            ("", "1", None),
            ("x", "1", None),
            (later, "1", None),
        ] {
            check(&victim, &[(session, own), (uat, first), (uat, second)], user);
            check(&victim, &[(uat, first), (session, own), (uat, second)], user);
        }
    }
}

/// The user has suffixed cookies, as the instance sets them. A sibling subdomain sets plain ones for the parent domain.
#[test]
fn plain_cookies_beside_suffixed_ones_never_make_a_forged_token_count() {
    let victim = Victim::new();
    let own = &*own();
    let without_issuer = &*SigningKey::of_instance().session(&json!({ "iss": null, "sub": ATTACKER, "iat": NOW_SECS }));
    let of_other_issuer = &*SigningKey::of_instance()
        .session(&json!({ "iss": "https://evil.example", "sub": ATTACKER, "iat": NOW_SECS }));
    let numeric_issuer = &*SigningKey::foreign().session(&json!({ "iss": 1, "iat": NOW_SECS }));
    let forged_later = &*forged();
    for (session, uat, user) in [
        // Unreadable, or without an issuer: ignored (G17).
        ("x", "1", Some(USER)),
        ("a.b.c", "1", Some(USER)),
        ("", "1", Some(USER)),
        ("null", "0", Some(USER)),
        (without_issuer, "1", Some(USER)),
        (without_issuer, "0", Some(USER)),
        // Of another issuer: the suffixed cookies count (rule 2).
        (of_other_issuer, "1", Some(USER)),
        (of_other_issuer, "0", Some(USER)),
        (numeric_issuer, "1", Some(USER)),
        // A session of the attacker that is not newer (rule 8), or beside which the client is signed out (rule 4).
        (&of_attacker(5), "1", Some(USER)),
        (&of_attacker(6), "1", Some(USER)),
        (&of_attacker(0), "0", Some(USER)),
        // A newer one counts (rule 4): Clerk's older SDKs write plain cookies only, after a newer sign-in. The attacker
        // gains that the user works in the attacker's session.
        (&of_attacker(4), "1", Some(ATTACKER)),
        // A forged one with a newer time is chosen, and refused. The request is signed out.
        (forged_later, "1", None),
        (forged_later, "0", Some(USER)),
    ] {
        for cookies in [
            [
                ("__session", session),
                ("__client_uat", uat),
                ("__session'", own),
                ("__client_uat'", "1"),
            ],
            [
                ("__session'", own),
                ("__client_uat'", "1"),
                ("__session", session),
                ("__client_uat", uat),
            ],
        ] {
            check(&victim, &cookies, user);
        }
    }
    // A plain `__client_uat` alone changes nothing.
    for uat in ["0", "1", "x", "9999999999999999999999", ""] {
        check(
            &victim,
            &[("__client_uat", uat), ("__session'", own), ("__client_uat'", "1")],
            Some(USER),
        );
    }
}

/// The user has plain cookies, and the attacker adds suffixed ones: the suffix is public.
#[test]
fn suffixed_cookies_beside_plain_ones_never_make_a_forged_token_count() {
    let victim = Victim::new();
    let own = &*own();
    let (newer, forged) = (&*of_attacker(0), &*forged());
    for (session, uat, user) in [
        ("x", "1", Some(USER)),
        ("x", "0", Some(USER)),
        // Only complete suffixed cookies count (rule 7).
        (forged, "", Some(USER)),
        (newer, "", Some(USER)),
        (forged, "1", None),
        (newer, "1", Some(ATTACKER)),
        (&of_attacker(6), "1", Some(USER)),
        (newer, "0", Some(USER)),
    ] {
        check(
            &victim,
            &[
                ("__session'", session),
                ("__client_uat'", uat),
                ("__session", own),
                ("__client_uat", "1"),
            ],
            user,
        );
        check(
            &victim,
            &[
                ("__session", own),
                ("__client_uat", "1"),
                ("__session'", session),
                ("__client_uat'", uat),
            ],
            user,
        );
    }
}

/// The client changed after the token was issued, so the user may have signed out. Scripts get 401, and pages start a
/// handshake.
#[test]
fn session_beside_a_stale_or_malformed_client_cookie_is_signed_out() {
    let victim = Victim::new();
    let own = &*own();
    let issued_at = NOW_SECS - 5;
    for (uat, user) in [
        (&*issued_at.to_string(), Some(USER)),
        ("01", Some(USER)),
        (&(issued_at + 1).to_string(), None),
        ("9999999999", None),
        ("18446744073709551615", None),
        ("18446744073709551616", None),
        ("999999999999999999999999999999999999999999", None),
        // Not an unsigned decimal number is 0 (G30).
        ("-5", None),
        ("+1", None),
        ("1.0", None),
        ("1e3", None),
        ("0x10", None),
        ("1a", None),
        ("1_0", None),
        ("\"1\"", None),
        ("true", None),
        ("%zz", None),
        ("00", None),
        ("0", None),
        ("", None),
    ] {
        check(&victim, &[("__session", own), ("__client_uat", uat)], user);
        check(&victim, &[("__session'", own), ("__client_uat'", uat)], user);
    }
    for bytes in [&b"\xb9"[..], b"\xef\xbc\x91", b"\xd9\xa1", b"1\xff"] {
        let field = cookie([format!("__session={own}; __client_uat=").as_bytes(), bytes].concat());
        victim.assert_signed_out("digits of other scripts", "", &[field]);
    }
}
