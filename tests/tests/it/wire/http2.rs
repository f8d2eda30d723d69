//! HTTP/2 with prior knowledge: hosts, divided cookies, streams that are reset, and servers without HTTP/2.

use bytes::Bytes;
use http::{HeaderMap, Request, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use portal_tests::programs::Demo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use super::application::{Application, ORIGIN, Options};
use super::upstream::SILENT;
use super::{connect, soon};

type Client = SendRequest<Full<Bytes>>;

async fn client(host: &str) -> Client {
    let stream = TokioIo::new(connect(host).await);
    let (client, connection) = handshake(TokioExecutor::new(), stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    client
}

fn request(target: &str, fields: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let (method, uri) = target.split_once(' ').expect("a method and a URL");
    let mut request = Request::builder().method(method).uri(uri).version(Version::HTTP_2);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Full::default()).expect("a request")
}

async fn send(client: &mut Client, request: Request<Full<Bytes>>) -> (u16, HeaderMap, String) {
    let response = soon(client.send_request(request)).await.expect("a response");
    let (parts, body) = response.into_parts();
    let body = soon(body.collect()).await.expect("a whole body").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("text");
    (parts.status.as_u16(), parts.headers, body)
}

#[tokio::test]
async fn divided_cookies_over_http2_sign_in_and_reach_clerk_as_one_field() {
    let application = Application::start(Options::default()).await;
    let mut client = client(&application.host).await;
    let cookies = application.cookies();
    let divided: Vec<_> = cookies.split("; ").map(|pair| ("cookie", pair)).collect();
    assert!(divided.len() > 1, "{cookies}");
    let (status, _, user) = send(&mut client, request("GET http://app.example.com/who", &divided)).await;
    assert_eq!((status, user.as_str()), (200, "user_1"));
    let target = "GET http://app.example.com/__clerk/v1/client";
    assert_eq!(send(&mut client, request(target, &divided)).await.0, 200);
    let asked = application.upstream.take_asked();
    let found: Vec<_> = asked[0].0.headers.get_all("cookie").iter().collect();
    assert_eq!(found, [cookies.as_str()]);
}

#[tokio::test]
async fn hostile_authority_over_http2_changes_no_redirect() {
    let application = Application::start(Options::default()).await;
    let mut client = client(&application.host).await;
    for (authority, fields) in [
        ("app.example.com", &[][..]),
        ("evil.example", &[]),
        ("app.example.com", &[("host", "evil.example")]),
        ("evil.example", &[("host", "app.example.com")]),
        ("app.example.com", &[("x-forwarded-host", "evil.example")]),
        (
            "evil.example:443",
            &[("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "ftp")],
        ),
    ] {
        let page = [fields, &[("sec-fetch-dest", "document")]].concat();
        let asked = request(&format!("GET http://{authority}/private"), &page);
        let (status, headers, _) = send(&mut client, asked).await;
        assert_eq!(status, 303, "{authority} {fields:?}");
        let location = Url::parse(headers["location"].to_str().expect("ASCII")).expect("a URL");
        assert_eq!(
            location.host_str(),
            Some("accounts.example.com"),
            "{authority} {fields:?}"
        );
        let back = location
            .query_pairs()
            .find(|(name, _)| name == "redirect_url")
            .expect("a return URL")
            .1;
        assert_eq!(back, format!("{ORIGIN}/private"), "{authority} {fields:?}");

        let asked = request(&format!("GET http://{authority}/__clerk/v1/client"), fields);
        assert_eq!(send(&mut client, asked).await.0, 200);
        let asked = application.upstream.take_asked();
        assert_eq!(asked[0].0.headers["clerk-proxy-url"], "https://app.example.com/__clerk");
        assert_eq!(asked[0].0.headers["x-forwarded-host"], "app.example.com");
    }
}

/// hyper's limit for HTTP/2 is 16 KiB. Far above it, hyper ends the connection.
#[tokio::test]
async fn oversized_head_over_http2_is_a_client_error() {
    let application = Application::start(Options::default()).await;
    let with = |size: usize| request("GET http://app.example.com/who", &[("x", &"a".repeat(size))]);
    let mut connection = client(&application.host).await;
    assert_eq!(send(&mut connection, with(20_000)).await.0, 431);
    let (status, _, user) = send(&mut connection, with(1_000)).await;
    assert_eq!((status, user.as_str()), (200, "signed out"), "the connection is usable");

    let ended = soon(connection.send_request(with(200_000))).await;
    assert!(ended.is_err(), "{ended:?}");
    assert_eq!(send(&mut client(&application.host).await, with(1_000)).await.0, 200);
}

#[tokio::test]
async fn tunnel_over_http2_is_refused() {
    let application = Application::start(Options::default()).await;
    let mut client = client(&application.host).await;
    let mut tunnel = request("CONNECT http://evil.example:443", &[]);
    *tunnel.uri_mut() = "evil.example:443".parse().expect("an authority");
    let response = soon(client.send_request(tunnel)).await.expect("a response");
    assert_eq!(response.status(), 404);
    assert!(application.upstream.take_asked().is_empty());
}

/// Each reset ends the request to Clerk, and the server answers others afterwards.
#[tokio::test]
async fn reset_streams_leave_no_request_to_clerk() {
    const STREAMS: usize = 50;
    let application = Application::start(Options::default()).await;
    let mut client = client(&application.host).await;
    let silent = format!("GET http://app.example.com/__clerk{SILENT}");
    let waiting: Vec<_> = (0..STREAMS)
        .map(|_| tokio::spawn(client.send_request(request(&silent, &[]))))
        .collect();
    soon(application.upstream.in_progress(STREAMS)).await;
    for stream in waiting {
        stream.abort();
    }
    soon(application.upstream.in_progress(0)).await;
    assert_eq!(
        send(&mut client, request("GET http://app.example.com/who", &[]))
            .await
            .0,
        200
    );
}

/// The demo and the local portal have HTTP/1 only. They close such a connection, and answer the next one.
#[tokio::test]
async fn http2_preface_ends_the_connection_of_a_server_without_it() {
    let demo = Demo::start(&[]).await;
    for origin in [&demo.app, &demo.portal] {
        let host = origin.strip_prefix("http://").expect("a local origin");
        let mut stream = connect(host).await;
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        stream.write_all(preface).await.expect("it is sent");
        let mut received = Vec::new();
        soon(stream.read_to_end(&mut received))
            .await
            .expect("it is closed in order");
        assert!(received.is_empty(), "{}", received.escape_ascii());
    }
}
