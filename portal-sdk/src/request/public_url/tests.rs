use http::Request;

use super::*;
use crate::instance::Instance;

fn url(target: &str, headers: &[(&str, &str)]) -> String {
    let mut request = Request::get(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    PublicUrl::of(&request.body(()).unwrap().into_parts().0).to_string()
}

#[test]
fn forwarded_headers_take_precedence_over_host_and_target() {
    let host = ("host", "app.example.com");
    assert_eq!(url("/a?b=1", &[host]), "http://app.example.com/a?b=1");
    assert_eq!(
        url("/a", &[host, ("x-forwarded-proto", "https")]),
        "https://app.example.com/a"
    );
    assert_eq!(
        url(
            "/a",
            &[
                ("host", "inner:3000"),
                ("x-forwarded-host", "out.example , b"),
                ("x-forwarded-proto", "https,http")
            ]
        ),
        "https://out.example/a"
    );
    assert_eq!(url("https://target.example/a", &[]), "https://target.example/a");
    assert_eq!(url("https://target.example/a", &[host]), "https://app.example.com/a");
    assert_eq!(url("/a", &[]), "http://localhost/a");
}

#[test]
fn invalid_forwarded_host_is_ignored() {
    let host = ("host", "localhost:3000");
    for forwarded in ["", "<bad>", " app.example.com , b", "app example.com", "a@b", "a\\b"] {
        assert_eq!(
            url("/a", &[host, ("x-forwarded-host", forwarded)]),
            "http://localhost:3000/a",
            "{forwarded:?}"
        );
    }
    assert_eq!(
        url("/a", &[host, ("x-forwarded-proto", "javascript")]),
        "http://localhost:3000/a"
    );
    assert_eq!(url("/a", &[host, ("x-forwarded-proto", "")]), "http://localhost:3000/a");
    assert_eq!(url("/a", &[("host", "<bad>")]), "http://localhost/a");
}

#[test]
fn forwarded_websocket_scheme_maps_to_http_scheme() {
    for (proto, expected) in [
        ("wss", "https://app.example.com/a"),
        ("WSS, http", "https://app.example.com/a"),
        ("ws", "http://app.example.com/a"),
    ] {
        let headers = [
            ("host", "inner:3000"),
            ("x-forwarded-host", "app.example.com"),
            ("x-forwarded-proto", proto),
        ];
        assert_eq!(url("/a", &headers), expected, "{proto}");
    }
}

#[test]
fn stripped_path_prefix_is_restored() {
    let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x");
    let instance = instance.public_origin("https://example.com/shop").build().unwrap();
    let within = |target: &str| {
        let request = Request::get(target).header("host", "inner:3000");
        let request = request.header("x-forwarded-prefix", "/evil").body(()).unwrap();
        PublicUrl::within(&request.into_parts().0, instance.public_origins())
    };
    for (target, expected, own_path) in [
        ("/cart?x=1", "https://example.com/shop/cart?x=1", "/cart"),
        ("/", "https://example.com/shop/", "/"),
        ("/../x", "https://example.com/shop/x", "/x"),
        ("/%2e%2e/x", "https://example.com/shop/x", "/x"),
        (
            "//evil.example/x",
            "https://example.com/shop//evil.example/x",
            "//evil.example/x",
        ),
        ("/shop", "https://example.com/shop/shop", "/shop"),
    ] {
        let url = within(target);
        assert_eq!((url.to_string().as_str(), url.application_path()), (expected, own_path));
        assert_eq!(url.base(), "https://example.com/shop");
        assert_eq!(url.root().as_str(), "https://example.com/shop/");
    }
    assert_eq!(within("/a").join("/b").unwrap().as_str(), "https://example.com/shop/b");
    assert_eq!(within("/a").cookie_path(), "/shop");
    for (text, expected) in [
        ("/b?c#d", "/shop/b?c#d"),
        ("/", "/shop/"),
        ("/shop/b", "/shop/b"),
        ("https://other.example/b", "https://other.example/b"),
        ("//other.example/b", "//other.example/b"),
        ("b", "b"),
    ] {
        assert_eq!(within("/a").location(text), expected);
    }
}

#[test]
fn path_with_double_slash_keeps_the_origin() {
    for path in ["//evil.example/x", "/\\evil.example/x", "///evil.example"] {
        let address = url(path, &[("host", "app.example.com")]);
        assert!(address.starts_with("http://app.example.com/"), "{path} → {address}");
    }
}

#[test]
fn configured_origin_replaces_a_claimed_one() {
    let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x");
    let instance = instance.public_origin("https://app.example.com:8443").build().unwrap();
    let request = Request::get("//evil.example/a?b=1")
        .header("host", "evil.example")
        .body(())
        .unwrap();
    let url = PublicUrl::within(&request.into_parts().0, instance.public_origins());
    assert_eq!(url.to_string(), "https://app.example.com:8443//evil.example/a?b=1");
    assert_eq!(url.origin(), "https://app.example.com:8443");
}

#[test]
fn encoded_parameter_name_is_read_and_removed() {
    let url = PublicUrl::from(Url::parse("http://a.example/p?__clerk_db%5Fjwt=x&%5F_dev_session=y&q=1").unwrap());
    assert_eq!(url.query_parameter("__clerk_db_jwt").as_deref(), Some("x"));
    assert_eq!(url.without_dev_browser().as_str(), "http://a.example/p?q=1");
    let url = PublicUrl::from(Url::parse("http://a.example/p?%5f_clerk_handshake_nonce=x").unwrap());
    assert_eq!(url.without_handshake().as_str(), "http://a.example/p");
}

#[test]
fn removed_parameter_reencodes_the_others() {
    let url = PublicUrl::from(Url::parse("http://a.example/p?q=a%20b&__clerk_db_jwt=x&e=~&s=x%2Fy").unwrap());
    assert_eq!(
        url.without_dev_browser().as_str(),
        "http://a.example/p?q=a+b&e=%7E&s=x%2Fy"
    );
    let nothing_removed = PublicUrl::from(Url::parse("http://a.example/p?q=a%20b&&c").unwrap());
    assert_eq!(
        nothing_removed.without_dev_browser().as_str(),
        "http://a.example/p?q=a+b&c="
    );
    let only = PublicUrl::from(Url::parse("http://a.example/p?__clerk_handshake_nonce=1").unwrap());
    assert_eq!(only.without_handshake().as_str(), "http://a.example/p");
}
