//! Forwarding of requests and responses.

use std::net::IpAddr;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;

use super::{Upstream, empty, refusal, send, text};
use crate::support::request;

#[tokio::test]
async fn client_address_and_proxy_url_are_sent_to_clerk() {
    let upstream = Upstream::echoing().await;
    let headers = [
        ("host", "app.example.com"),
        ("x-forwarded-proto", "https"),
        ("cookie", "__client=abc"),
        ("authorization", "Bearer x"),
        ("accept-encoding", "gzip"),
        ("clerk-secret-key", "sk_live_forged"),
        ("clerk-proxy-url", "https://evil.example"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
        ("cf-connecting-ip", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("x-client-ip", "203.0.113.9"),
        ("x_real_ip", "203.0.113.9"),
        ("fastly-client-ip", "203.0.113.9"),
        ("x-forwarded-port", "8443"),
        ("clerk_secret_key", "sk_live_forged"),
        ("expect", "100-continue"),
        ("proxy-connection", "keep-alive"),
        ("connection", "close, X-Drop"),
        ("x-drop", "1"),
        ("te", "trailers"),
        ("upgrade", "websocket"),
        ("proxy-authorization", "Basic x"),
    ];
    let mut request = request("POST /__clerk/v1/client/sign_ins?a=%20b&_method=PATCH", &headers);
    *request.body_mut() = Full::from("identifier=ada");
    request.extensions_mut().insert(IpAddr::from([192, 0, 2, 7]));
    let response = send(upstream.proxy(), request).await;
    assert_eq!(
        (response.status().as_u16(), text(response).await),
        (200, "identifier=ada".to_owned())
    );

    let [asked] = &upstream.asked()[..] else {
        panic!("not once")
    };
    assert_eq!(
        (asked.method.as_str(), asked.uri.to_string().as_str()),
        ("POST", "/base/v1/client/sign_ins?a=%20b&_method=PATCH")
    );
    for (name, expected) in [
        ("host", Some(upstream.address.to_string())),
        ("clerk-proxy-url", Some("https://app.example.com/__clerk".to_owned())),
        ("clerk-secret-key", Some("sk_live_x".to_owned())),
        ("x-forwarded-host", Some("app.example.com".to_owned())),
        ("x-forwarded-proto", Some("https".to_owned())),
        ("x-forwarded-for", Some("192.0.2.7".to_owned())),
        ("cookie", Some("__client=abc".to_owned())),
        ("authorization", Some("Bearer x".to_owned())),
        ("accept-encoding", Some("identity".to_owned())),
        ("x-real-ip", None),
        ("cf-connecting-ip", None),
        ("forwarded", None),
        ("x-client-ip", None),
        ("x_real_ip", None),
        ("fastly-client-ip", None),
        ("x-forwarded-port", None),
        ("clerk_secret_key", None),
        ("expect", None),
        ("proxy-connection", None),
        ("x-drop", None),
        ("te", None),
        ("upgrade", None),
        ("proxy-authorization", None),
    ] {
        let found: Vec<&str> = asked
            .headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        assert_eq!(found, expected.as_deref().into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test]
async fn forwarded_address_is_trusted_from_configured_proxies_only() {
    let upstream = Upstream::echoing().await;
    let mine = IpAddr::from([10, 0, 0, 1]);
    for (proxy, peer, expected) in [
        (upstream.proxy(), Some(mine), Some("10.0.0.1")),
        (
            upstream.proxy().with_trusted_proxies([mine]),
            Some(mine),
            Some("203.0.113.9"),
        ),
        (upstream.proxy().with_trusted_proxies([mine]), None, None),
    ] {
        let mut request = request(
            "/__clerk/v1/client",
            &[("host", "app.example.com"), ("x-forwarded-for", "1.1.1.1, 203.0.113.9")],
        );
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        send(proxy, request).await;
        let asked = upstream.asked().pop().unwrap();
        assert_eq!(
            asked
                .headers
                .get("x-forwarded-for")
                .map(|value| value.to_str().unwrap()),
            expected
        );
    }
}

#[tokio::test]
async fn response_is_forwarded_completely() {
    let upstream = Upstream::start(async |request: Request<Incoming>| {
        let response = Response::builder()
            .status(if request.uri().path().ends_with("/redirect") {
                307
            } else {
                200
            })
            .header("set-cookie", "__client=1; Path=/; HttpOnly")
            .header("set-cookie", "__client_uat=2; Path=/")
            .header("location", "/base/v1/next?a=b")
            .header("connection", "X-Once")
            .header("x-once", "1")
            .header("x-kept", "1");
        response.body(Full::from("body").boxed_unsync()).unwrap()
    })
    .await;
    let response = send(
        upstream.proxy(),
        request("/__clerk/v1/redirect", &[("host", "app.example.com")]),
    )
    .await;
    assert_eq!(response.status(), 307, "redirects are not followed");
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["__client=1; Path=/; HttpOnly", "__client_uat=2; Path=/"]);
    assert_eq!(
        response.headers()["location"],
        "http://app.example.com/__clerk/v1/next?a=b"
    );
    assert_eq!(response.headers()["x-kept"], "1");
    assert!(!response.headers().contains_key("x-once"));
    assert_eq!(text(response).await, "body");

    let head = send(
        upstream.proxy(),
        request("HEAD /__clerk/v1/x", &[("host", "app.example.com")]),
    )
    .await;
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-length"]),
        (200, &"4".parse().unwrap())
    );
    assert_eq!(text(head).await, "");
}

#[tokio::test]
async fn request_cannot_reach_another_host() {
    let upstream = Upstream::echoing().await;
    for path in [
        "/other",
        "/__clerkx/v1",
        "/__clerk/../x",
        "/__clerk/%2e%2e/x",
        "http://evil.example/v1",
    ] {
        let refused = refusal(send(upstream.proxy(), request(path, &[("host", "app.example.com")])).await).await;
        assert_eq!(refused, (400, "proxy_path_mismatch".to_owned()), "{path}");
    }
    assert!(upstream.asked().is_empty());
    for path in [
        "/__clerk//evil.example/x",
        "/__clerk/@evil.example/x",
        "http://evil.example/__clerk/x",
    ] {
        send(upstream.proxy(), request(path, &[("host", "app.example.com")])).await;
        assert_eq!(
            upstream.asked().pop().unwrap().headers["host"],
            upstream.address.to_string(),
            "{path}"
        );
    }
}

/// An answer to `TRACE` would repeat the secret key.
#[tokio::test]
async fn hop_by_hop_methods_are_refused() {
    let upstream = Upstream::echoing().await;
    let refused = send(
        upstream.proxy(),
        request("TRACE /__clerk/v1/x", &[("host", "app.example.com")]),
    )
    .await;
    assert_eq!(refusal(refused).await, (405, "proxy_method_not_allowed".to_owned()));
    assert!(upstream.asked().is_empty());
}

#[tokio::test]
async fn response_without_a_body_stays_empty() {
    for status in [204, 304] {
        let upstream = Upstream::start(move |_: Request<Incoming>| async move {
            Response::builder().status(status).body(empty()).unwrap()
        })
        .await;
        let response = send(
            upstream.proxy(),
            request("/__clerk/v1/x", &[("host", "app.example.com")]),
        )
        .await;
        assert_eq!(
            (response.status().as_u16(), text(response).await),
            (status, String::new())
        );
    }
}
