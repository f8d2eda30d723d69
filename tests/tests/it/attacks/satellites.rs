//! Satellites and their primary: links between two domains that neither of them made.

use http::HeaderValue;
use serde_json::json;

use super::handshakes::{directives, forgeries, has_session_cookie};
use super::signing::{SigningKey, USER, header};
use super::transport::Via;
use super::victim::{Route, Victim, cookie};

/// Values of `__clerk_synced`, of which Clerk writes two.
const SYNCED: [&str; 6] = [
    "",
    "?__clerk_synced=true",
    "?__clerk_synced=false",
    "?__clerk_synced=TRUE",
    "?__clerk_synced=false&__clerk_synced=true",
    "?__clerk_synced",
];

fn satellites() -> [Victim; 2] {
    [Victim::satellite(false), Victim::satellite(true)]
}

/// A link may claim that the satellite is synchronized. It then sees a signed-out browser, never a signed-in one.
#[test]
fn forged_session_is_signed_out_at_a_satellite_in_every_state() {
    let foreign = SigningKey::foreign().session(&json!({}));
    for victim in satellites() {
        for synced in SYNCED {
            victim.assert_signed_out(synced, synced, &[]);
            for via in Via::ALL {
                let field = via.field(foreign.as_bytes()).unwrap();
                victim.assert_signed_out(&format!("{synced}, {via:?}"), synced, &[field]);
            }
        }
    }
}

/// Login CSRF across domains: in production only a cookie carries a handshake, and Clerk must have signed it.
#[test]
fn handshake_in_a_link_is_ignored_at_a_satellite() {
    let genuine = SigningKey::of_instance().token(header(&json!({})), directives().to_string());
    let own = SigningKey::of_instance().session(&json!({}));
    let own = Via::BothCookies.field(own.as_bytes()).unwrap();
    for victim in satellites() {
        for synced in ["true", "false"] {
            let query = format!("?__clerk_synced={synced}&__clerk_handshake={genuine}");
            for route in Route::ALL {
                let answer = victim.ask(route, &query, &[]);
                answer.assert_not_signed_in(&query);
                assert!(!has_session_cookie(&answer.headers), "{query}");
            }
            let answer = victim.ask(Route::ExtractedByScript, &query, std::slice::from_ref(&own));
            assert_eq!((answer.status, answer.body.as_str()), (200, USER));
            assert!(!has_session_cookie(&answer.headers), "{query}");
        }
        for (label, token) in forgeries() {
            let jar = cookie(format!("__clerk_handshake={token}"));
            victim.assert_signed_out(label, "?__clerk_synced=true", &[jar]);
        }
        assert_eq!(victim.clerk.calls(), ["jwks"]);
    }
}

/// A satellite synchronizes with its own Frontend API and returns to itself, whatever a link or a client names.
#[test]
fn link_cannot_choose_where_a_satellite_synchronizes() {
    let hostile = "https%3A%2F%2Fevil.example%2F";
    for victim in satellites() {
        for name in [
            "__clerk_redirect_url",
            "redirect_url",
            "__clerk_db_jwt",
            "__clerk_handshake",
        ] {
            for synced in ["true", "false"] {
                let query = format!("?{name}={hostile}&__clerk_synced={synced}");
                victim.assert_signed_out(&query, &query, &[]);
                let referer = ("referer", HeaderValue::from_static("https://evil.example/"));
                victim.assert_signed_out(&query, &query, &[referer]);
            }
        }
    }
}

/// `authorized_parties` decides which origins' tokens count at a satellite; without it, those of the whole instance.
#[test]
fn token_issued_for_another_origin_is_signed_out_at_a_satellite_with_authorized_parties() {
    let issuer = "https://clerk.satellite.example";
    let token = |party: &str| SigningKey::of_instance().session(&json!({ "azp": party, "iss": issuer }));
    let satellite = Victim::satellite_with_authorized_parties(["https://satellite.example"]);
    satellite.assert_accepted("the satellite's", token("https://satellite.example"));
    for party in [
        "https://app.example.com",
        "https://evil.satellite.example",
        "https://satellite.example.evil.example",
        "https://satellite.example:8443",
        "http://satellite.example",
        "HTTPS://SATELLITE.EXAMPLE",
    ] {
        satellite.assert_refused(party, token(party));
    }
}

/// In development the primary sends the browser back to the satellite, with the token of its development browser. An
/// address that only looks like the satellite's gets neither (G15).
#[test]
fn primary_sends_a_development_browser_to_its_satellites_only() {
    let victim = Victim::primary_in_development();
    let asked = |address: &str, route| {
        let address: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
        let query = format!("?__clerk_redirect_url={address}");
        victim.ask(route, &query, &[cookie("__clerk_db_jwt=dvb_secret")])
    };
    let answer = asked("https://satellite.example/page?a=b", Route::PublicPage);
    let location = answer.header("location").unwrap();
    assert!(
        location.starts_with("https://satellite.example/page?a=b&") && location.contains("dvb_secret"),
        "{location}"
    );
    for hostile in [
        "https://evil.example/",
        "https://satellite.example.evil.example/",
        "https://satellite.example@evil.example/",
        "https://satellite.example:8443/",
        "http://satellite.example/",
        "https://sub.satellite.example/",
        "https://s\u{430}tellite.example/",
        "https:satellite.example@evil.example",
        "https:/\\evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert('https://satellite.example')",
        "data:text/html,https://satellite.example",
        "blob:https://satellite.example/x",
        "https://localhost.evil.example/",
        "https://127.0.0.1.evil.example/",
        "https://2130706433.evil.example/",
        "https://[::ffff:203.0.113.1]/",
        " https://evil.example",
        "ht\ntps://evil.example",
        "https://satellite.example\r\n@evil.example/",
        "",
    ] {
        for route in Route::ALL {
            // Every redirect stays on known origins; the victim asserts it.
            let answer = asked(hostile, route);
            answer.assert_not_signed_in(hostile);
            let location = answer.header("location").unwrap_or_default();
            let is_clerks = location.starts_with("https://foo-bar-13.");
            assert!(is_clerks || !location.contains("dvb_secret"), "{hostile}: {location}");
        }
    }
}

/// A link from a foreign page to a signed-in page of the primary causes one handshake, and the next request counts.
#[test]
fn link_from_another_site_to_a_primary_causes_no_loop() {
    let victim = Victim::new();
    let own = SigningKey::of_instance().session(&json!({}));
    let referer = ("referer", HeaderValue::from_static("https://evil.example/"));
    let jar = cookie(format!("__session={own}; __client_uat=1"));
    let first = victim.ask(Route::PublicPage, "", &[jar, referer.clone()]);
    assert_eq!(first.status, 307);
    let jar = cookie(format!("__session={own}; __client_uat=1; __clerk_redirect_count=1"));
    victim.assert_signed_in("after the handshake", &[jar, referer], USER);
}
