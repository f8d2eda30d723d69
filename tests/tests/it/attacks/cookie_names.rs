//! Names and separators of cookies, as an attacker varies them.

use super::cookies::{check, forged, own};
use super::signing::USER;
use super::victim::{Victim, cookie};

/// A name is one text. Others that look like it, with and without browsers' prefixes, are other cookies.
#[test]
fn cookie_of_a_similar_name_is_another_cookie() {
    let victim = Victim::new();
    let (own, forged) = (&*own(), &*forged());
    for name in [
        "__Host-__session",
        "__Secure-__session",
        "__host-__session",
        "__Http-__session",
        "__Host-Http-__session",
        "__Session",
        "__SESSION",
        "__session_",
        "__session_other",
        "__sessionX",
        "__session__",
        "__session-",
        "__session.",
        "_session",
        "___session",
        "session",
        "x__session",
        "__sess%69on",
        "__%73ession",
        "\"__session\"",
        "__session[0]",
        "__session%00",
        "__session\u{a0}",
        "\u{feff}__session",
        "__\u{17f}ession",
        "__session\u{200b}",
        "$Version=1, __session",
        "__session_naoxfjni",
        "__session_NAOXFJNI",
        "__session_naoXFJn",
        "__session_naoXFJnI_",
        "__session_naoXFJnIx",
        "__session_nx2hSE6I",
        "__Host-__session'",
        "__session'_",
        "__session''",
    ] {
        check(
            &victim,
            &[(name, own), ("__client_uat", "1"), ("__client_uat'", "1")],
            None,
        );
        // Nor does it hide the cookie.
        for token in [forged, "x", ""] {
            check(
                &victim,
                &[(name, token), ("__session'", own), ("__client_uat'", "1")],
                Some(USER),
            );
            check(
                &victim,
                &[(name, token), ("__session", own), ("__client_uat", "1")],
                Some(USER),
            );
        }
    }
    for name in [
        "__Client_uat",
        "__client_uat_other",
        "__Host-__client_uat",
        "client_uat",
        "__client-uat",
        "__client_uat_",
    ] {
        check(&victim, &[("__session", own), (name, "1")], None);
        check(
            &victim,
            &[(name, "0"), ("__session", own), ("__client_uat", "1")],
            Some(USER),
        );
    }
}

/// A cookie's value cannot begin another cookie, and a field's text cannot hide one.
#[test]
fn injected_separator_begins_no_cookie() {
    let victim = Victim::new();
    let own = &*own();
    let session = format!("__session={own}; __client_uat=1");
    for field in [
        format!("a=b%3B%20__session={own}; __client_uat=1"),
        format!("a=b%0d%0aCookie:%20__session={own}; __client_uat=1"),
        format!("a=\"; __session={own}\"; __client_uat=1"),
        format!("a=b, __session={own}; __client_uat=1"),
        format!("a=b __session={own}; __client_uat=1"),
        format!("a=b&__session={own}&__client_uat=1"),
        format!("a __session={own}; __client_uat=1"),
        format!("__client_uat=1; __session=={own}"),
        format!("__client_uat=1; __session:{own}"),
        format!("__client_uat=1; __session {own}"),
        "__client_uat=1; __session".to_owned(),
        format!("__client_uat=1; =__session={own}"),
    ] {
        victim.assert_signed_out(&field, "", &[cookie(&field)]);
    }
    for around in [
        "",
        ";",
        ";;;;",
        "a",
        "=",
        "==",
        "a=\"",
        "\"",
        "a=\u{e9}",
        "\u{ff}",
        "a=b, c=d",
        "$Path=\"/\"",
        "\t",
    ] {
        victim.assert_signed_in(around, &[cookie(format!("{around}; {session}"))], USER);
        victim.assert_signed_in(around, &[cookie(format!("{session}; {around}"))], USER);
        victim.assert_signed_in(around, &[cookie(around), cookie(&session)], USER);
    }
}
