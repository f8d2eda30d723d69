use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::instance::{Instance, PublishableKey};

const LIVE_PK: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
const TEST_PK: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";

/// The URL, or the name of the violated rule.
fn checked(portal: &Portal, here: Option<&str>, text: &str) -> String {
    let here = here.map(|here| Url::parse(here).unwrap());
    match ReturnBackUrl::parse(text, portal, here.as_ref()) {
        Ok(url) => url.to_string(),
        Err(error) => {
            assert!(error.to_string().contains(&format!("{:?}", redacted(text))), "{error}");
            let name = format!("{error:?}");
            name.split([' ', '{']).next().unwrap().to_owned()
        }
    }
}

#[test]
fn url_on_a_foreign_origin_is_rejected() {
    let instance = Instance::builder(LIVE_PK, "sk_live_x")
        .trusted_origins(["https://app.example.com", "https://other.example.org:8443"])
        .allowed_redirect_origins(["https://partner.example.net", "http://localhost:5173"])
        .build()
        .unwrap();
    let portal = Portal::from(&instance);
    for (text, expected) in [
        ("/a?b=1#c", "https://app.example.com/a?b=1#c"),
        ("a/../b", "https://app.example.com/b"),
        ("?x", "https://app.example.com/dash?x"),
        ("https://APP.example.com/x", "https://app.example.com/x"),
        ("https://example.com/", "https://example.com/"),
        ("https://deep.sub.example.com/", "https://deep.sub.example.com/"),
        ("https://other.example.org:8443/x", "https://other.example.org:8443/x"),
        ("https://partner.example.net/x", "https://partner.example.net/x"),
        ("http://localhost:5173/x", "http://localhost:5173/x"),
        ("/a b", "https://app.example.com/a%20b"),
        ("//evil.example/x", "Origin"),
        ("/\\evil.example/x", "Origin"),
        ("\\\\evil.example/x", "Origin"),
        ("https:evil.example", "https://app.example.com/evil.example"),
        ("http:evil.example", "Origin"),
        ("https:///evil.example/x", "Origin"),
        ("https://evil.example/", "Origin"),
        ("https://app.example.com.evil.example/", "Origin"),
        ("https://evilexample.com/", "Origin"),
        ("https://example.com.:443/", "Origin"),
        ("https://app.example.com./", "Origin"),
        ("http://app.example.com/", "Origin"),
        ("https://app.example.com:8443/", "Origin"),
        ("https://sub.example.com:8443/", "Origin"),
        ("https://sub.partner.example.net/", "Origin"),
        ("https://other.example.org/", "Origin"),
        ("http://localhost:5174/x", "Origin"),
        ("https://app.ex\u{430}mple.com/", "Origin"),
        ("https://app.example.com@evil.example/", "UserInfo"),
        ("https://user:pass@app.example.com/", "UserInfo"),
        ("https://app.example.com//evil.example", "Path"),
        ("/x\n", "Control"),
        ("\t//evil.example", "Control"),
        ("java\tscript:alert(1)", "Control"),
        ("/\0", "Control"),
        ("javascript:alert(1)", "Scheme"),
        ("data:text/html,x", "Scheme"),
        ("ftp://app.example.com/", "Scheme"),
        ("https://[", "Invalid"),
        ("https://", "Invalid"),
    ] {
        assert_eq!(
            checked(&portal, Some("https://app.example.com/dash"), text),
            expected,
            "{text:?}"
        );
    }
}

/// An application at `http://localhost:3000` whose Frontend API is `frontend_api`.
fn portal_of(prefix: &str, frontend_api: &str) -> Portal {
    let key = STANDARD.encode(format!("{frontend_api}$"));
    let instance = Instance::builder(format!("pk_{prefix}_{key}"), format!("sk_{prefix}_x"));
    Portal::from(&instance.build().unwrap())
}

#[test]
fn development_frontend_api_is_an_allowed_origin() {
    const HERE: Option<&str> = Some("http://localhost:3000/x");
    let development = portal_of("test", "foo-bar-13.clerk.accounts.dev");
    let production = portal_of("live", "foo-bar-13.clerk.example.com");
    let local = portal_of("test", "http://127.0.0.1:8787/accounts.dev");
    for (portal, text, is_allowed) in [
        (
            &development,
            "https://foo-bar-13.clerk.accounts.dev/v1/verify?a=1",
            true,
        ),
        (&development, "https://foo-bar-13.clerk.accounts.dev:8443/x", false),
        (&development, "http://foo-bar-13.clerk.accounts.dev/x", false),
        (&development, "https://deep.foo-bar-13.clerk.accounts.dev/x", false),
        (&development, "https://other.clerk.accounts.dev/x", false),
        (&development, "https://clerk.accounts.dev/x", false),
        (&development, "https://deep.foo-bar-13.accounts.dev/x", true),
        (&production, "https://foo-bar-13.clerk.example.com/v1/verify", false),
        (&production, "https://deep.foo-bar-13.example.com/x", true),
        (&local, "http://127.0.0.1:8787/user", true),
        (&local, "http://127.0.0.1:8788/user", false),
        (&local, "https://127.0.0.1:8787/user", false),
    ] {
        let expected = if is_allowed { text } else { "Origin" };
        assert_eq!(checked(portal, HERE, text), expected, "{text}");
    }
    // The key's type decides without an application's settings too.
    let key: PublishableKey = TEST_PK.parse().unwrap();
    let bare = Portal::from(key.frontend_api());
    let text = "https://foo-bar-13.clerk.accounts.dev/v1/verify";
    assert_eq!(checked(&bare, None, text), text);
}

#[test]
fn error_names_the_rule_and_hides_passwords() {
    let portal = portal_of("test", "foo-bar-13.clerk.accounts.dev");
    let here = Url::parse("http://localhost:3000/x").unwrap();
    let error = |text| {
        ReturnBackUrl::parse(text, &portal, Some(&here))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error("https://evil.example/"),
        "return-back URL: expected one on http://localhost:3000, https://foo-bar-13.accounts.dev and its subdomains, \
         https://foo-bar-13.clerk.accounts.dev, found \"https://evil.example/\"; the portal ignores other origins, so \
         add this one to allowed_redirect_origins, here and at Clerk"
    );
    for (text, is_ignored) in [
        ("javascript:alert(1)", true),
        ("http://localhost:3000//x", true),
        // The portal compares origins and would go to these, or cannot parse them.
        ("http://ada:pass@localhost:3000/", false),
        ("/x\n", false),
        ("https://[", false),
    ] {
        let error = error(text);
        assert_eq!(error.contains("the portal ignores"), is_ignored, "{error}");
        assert!(
            error.starts_with("return-back URL: expected ") && !error.contains("pass"),
            "{error}"
        );
    }
}

#[test]
fn overlong_url_is_rejected() {
    let portal = portal_of("test", "foo-bar-13.clerk.accounts.dev");
    let here = Url::parse("http://localhost:3000/x").unwrap();
    let of_length = |length: usize| {
        let path = "a".repeat(length - "http://localhost:3000/".len());
        ReturnBackUrl::parse(&format!("/{path}"), &portal, Some(&here))
    };
    assert!(of_length(8_192).is_ok());
    let error = of_length(8_193).unwrap_err();
    assert_eq!(
        error.to_string(),
        "return-back URL: expected at most 8192 bytes, found 8193; shorten it"
    );
}

#[test]
fn accepted_url_is_returned_unchanged() {
    let portal = Portal::from(&Instance::builder(LIVE_PK, "sk_live_x").build().unwrap());
    let url = ReturnBackUrl::parse("https://app.example.com/x?y", &portal, None).unwrap();
    assert_eq!(
        (url.as_ref(), url.to_string().as_str()),
        ("https://app.example.com/x?y", url.as_url().as_str())
    );
}

#[test]
fn instance_domain_is_allowed_without_a_request() {
    let live = Portal::from(
        Instance::builder(LIVE_PK, "sk_live_x")
            .build()
            .unwrap()
            .publishable_key()
            .frontend_api(),
    );
    let test = Portal::from(
        Instance::builder(TEST_PK, "sk_test_x")
            .build()
            .unwrap()
            .publishable_key()
            .frontend_api(),
    );
    for (portal, text, expected) in [
        (&live, "https://app.example.com/x", "https://app.example.com/x"),
        (&live, "https://evil.example/x", "Origin"),
        (&live, "/x", "Relative"),
        (
            &test,
            "https://foo-bar-13.accounts.dev/user",
            "https://foo-bar-13.accounts.dev/user",
        ),
        (&test, "http://localhost:3000/", "Origin"),
    ] {
        assert_eq!(checked(portal, None, text), expected, "{text}");
    }
    assert_eq!(
        checked(&test, Some("http://localhost:3000/x"), "/y"),
        "http://localhost:3000/y"
    );
}
