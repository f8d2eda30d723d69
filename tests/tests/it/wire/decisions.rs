//! Fields that are repeated, divided, named by `Connection`, or late: none of them signs a request in.

use portal_sdk::testing::TestKey;

use super::answer;
use super::application::{Application, Options};

/// `TOKEN` is a valid session token, `FORGED` one by another key, `COOKIES` are the cookies of the session.
#[tokio::test]
async fn field_tricks_sign_no_request_in() {
    let application = Application::start(Options::default()).await;
    let session = application.clerk.signed_in("user_1");
    let token = session.token();
    let forged = application
        .clerk
        .signed_in("user_2")
        .signed_by(TestKey::generate())
        .token();
    let cookies = application.cookies();
    for (fields, expected) in [
        ("Cookie: COOKIES", "user_1"),
        ("Authorization: Bearer TOKEN", "user_1"),
        // This server is the last hop, so the names concern no field that it reads.
        ("Cookie: COOKIES\r\nConnection: cookie", "user_1"),
        (
            "Authorization: Bearer TOKEN\r\nConnection: close, authorization",
            "user_1",
        ),
        ("Connection: cookie, authorization, x-forwarded-host", "signed out"),
        (
            "Authorization: Bearer FORGED\r\nConnection: authorization",
            "signed out",
        ),
        ("Authorization: Bearer FORGED\r\nCookie: COOKIES", "signed out"),
        (
            "Authorization: Bearer FORGED\r\nAuthorization: Bearer TOKEN",
            "signed out",
        ),
        ("Authorization: Bearer TOKEN, Bearer TOKEN", "signed out"),
        ("Authorization_: Bearer TOKEN", "signed out"),
        ("X-Authorization: Bearer TOKEN", "signed out"),
        ("Proxy-Authorization: Bearer TOKEN", "signed out"),
        ("Cookie2: COOKIES", "signed out"),
        ("Set-Cookie: COOKIES", "signed out"),
        ("X: a\tCookie: COOKIES", "signed out"),
        (
            "X-User-Id: user_1\r\nX-Clerk-Auth-Status: signed-in\r\nX-Clerk-Auth-Token: TOKEN",
            "signed out",
        ),
    ] {
        let sent = format!("GET /who HTTP/1.1\r\nHost: app.example.com\r\n{fields}\r\n\r\n");
        let sent = sent
            .replace("COOKIES", &cookies)
            .replace("TOKEN", &token)
            .replace("FORGED", &forged);
        let answer = answer(&application.host, &sent).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, expected), "{fields}");
    }
}

/// A request is decided by its head.
#[tokio::test]
async fn trailers_sign_no_request_in() {
    let application = Application::start(Options::default()).await;
    for trailer in [
        format!("Cookie: {}", application.cookies()),
        format!(
            "Authorization: Bearer {}",
            application.clerk.signed_in("user_1").token()
        ),
    ] {
        let sent = format!(
            "POST /who HTTP/1.1\r\nHost: app.example.com\r\nTrailer: Cookie, Authorization\r\nTransfer-Encoding: chunked\r\n\r\n\
             0\r\n{trailer}\r\n\r\n"
        );
        let answer = answer(&application.host, &sent).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "signed out"), "{trailer}");
    }
}

/// An application that has no such route does not switch protocols, and a guard refuses before any switch.
#[tokio::test]
async fn upgrade_of_a_signed_out_or_cross_site_request_is_refused() {
    let application = Application::start(Options::default()).await;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let ask = async |path: &str, fields: &str| {
        let sent = format!("GET {path} HTTP/1.1\r\nHost: app.example.com\r\n{upgrade}\r\n{fields}\r\n\r\n");
        answer(&application.host, &sent).await.status
    };
    assert_eq!(ask("/private", "Origin: https://app.example.com").await, 401);
    let cookies = format!("Cookie: {}", application.cookies());
    assert_eq!(
        ask("/private", &format!("{cookies}\r\nOrigin: https://app.example.com")).await,
        200
    );
    // Cookies of the user, but a page of another site opens the connection.
    let foreign = format!("{cookies}\r\nOrigin: https://evil.example\r\nSec-Fetch-Site: cross-site");
    assert_eq!(ask("/private", &foreign).await, 403);

    assert_eq!(ask("/__clerk/v1/client", &cookies).await, 200);
    let asked = application.upstream.take_asked();
    assert!(!asked[0].0.headers.contains_key("upgrade"), "{asked:?}");
}
