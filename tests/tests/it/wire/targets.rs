//! The host of a request, in every place that names one. Redirects stay on the application's and the portal's origins.

use portal_tests::programs::Demo;
use url::Url;

use super::application::{Application, ORIGIN, Options};
use super::{Answer, answer};

/// Heads with `PATH` in place of their path. Most name another host than the application's, or none.
const HEADS: [&str; 27] = [
    "GET PATH HTTP/1.1\r\nHost: app.example.com",
    "GET PATH HTTP/1.1",
    "GET PATH HTTP/1.0",
    "GET PATH HTTP/1.1\r\nHost:",
    "GET PATH HTTP/1.1\r\nHost: evil.example",
    "GET PATH HTTP/1.1\r\nHost: app.example.com\r\nHost: evil.example",
    "GET PATH HTTP/1.1\r\nHost: evil.example\r\nHost: app.example.com",
    "GET PATH HTTP/1.1\r\nHost: app.example.com, evil.example",
    "GET PATH HTTP/1.1\r\nHost: app.example.com@evil.example",
    "GET PATH HTTP/1.1\r\nHost: app.example.com:443@evil.example",
    "GET PATH HTTP/1.1\r\nHost: evil.example#app.example.com",
    "GET PATH HTTP/1.1\r\nHost: evil.example/app.example.com",
    "GET PATH HTTP/1.1\r\nHost: evil.example\\app.example.com",
    "GET PATH HTTP/1.1\r\nHost: app.example.com.evil.example",
    "GET PATH HTTP/1.1\r\nHost: app.example.com:evil",
    "GET PATH HTTP/1.1\r\nHost: é vil.example",
    "GET PATH HTTP/1.1\r\nHost: [::1",
    "GET http://evil.examplePATH HTTP/1.1\r\nHost: app.example.com",
    "GET http://app.example.comPATH HTTP/1.1\r\nHost: evil.example",
    "GET ftp://evil.examplePATH HTTP/1.1\r\nHost: app.example.com",
    "GET PATH HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-Host: evil.example",
    "GET PATH HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-Host: evil.example, app.example.com",
    "GET PATH HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-Host: app.example.com\r\nX-Forwarded-Host: evil.example",
    "GET PATH HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-Proto: javascript\r\nX-Forwarded-Host: evil.example",
    "GET PATH HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-Prefix: //evil.example\r\nX-Forwarded-Port: 1",
    "GET PATH HTTP/1.1\r\nHost: app.example.com\r\nForwarded: host=evil.example;proto=http\r\nX-Original-Host: evil.example",
    "GET PATH HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-Host: evil.example\r\nConnection: host, x-forwarded-host",
];

/// The URL to which a redirect leads, and the one to which the user returns from there, if it has one.
fn redirect(answer: &Answer) -> (Url, Option<String>) {
    let location = answer.field("location").expect("a redirect");
    let location = Url::parse(location).expect("a URL");
    let back = location.query_pairs().find(|(name, _)| name == "redirect_url");
    let back = back.map(|(_, back)| back.into_owned());
    (location, back)
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[tokio::test]
async fn redirect_to_the_portal_returns_to_the_public_origin() {
    let application = Application::start(Options::default()).await;
    for path in [
        "/private?a=1",
        "//evil.example/?a=1",
        "/%2f%2fevil.example/%0d%0aX:%201",
    ] {
        for head in HEADS {
            let sent = format!("{head}\r\nSec-Fetch-Dest: document\r\n\r\n").replace("PATH", path);
            let answer = answer(&application.host, &sent).await;
            assert_eq!(answer.status, 303, "{sent}");
            let (location, back) = redirect(&answer);
            assert_eq!(origin(&location), "https://accounts.example.com", "{sent}");
            // The portal ignores a return URL with such a path, so the redirect has none.
            let expected = (!path.starts_with("//")).then(|| format!("{ORIGIN}{path}"));
            assert_eq!(back, expected, "{sent}");
        }
    }
}

#[tokio::test]
async fn handshake_returns_to_the_public_origin() {
    let application = Application::start(Options::default()).await;
    for head in HEADS {
        // A session that the browser has lost: only a handshake can tell.
        let fields = "Sec-Fetch-Dest: document\r\nCookie: __client_uat=1";
        let sent = format!("{head}\r\n{fields}\r\n\r\n").replace("PATH", "/private?a=1");
        let answer = answer(&application.host, &sent).await;
        assert_eq!(answer.status, 307, "{sent}");
        let (location, back) = redirect(&answer);
        assert_eq!(origin(&location), ORIGIN, "{sent}");
        assert_eq!(location.path(), "/__clerk/v1/client/handshake", "{sent}");
        assert_eq!(back.as_deref(), Some("https://app.example.com/private?a=1"), "{sent}");
    }
}

#[tokio::test]
async fn proxy_names_the_public_origin_to_clerk() {
    let application = Application::start(Options::default()).await;
    for head in HEADS {
        let sent = format!("{head}\r\n\r\n").replace("PATH", "/__clerk/v1/client?a=1");
        assert_eq!(answer(&application.host, &sent).await.status, 200, "{sent}");
        let asked = application.upstream.take_asked();
        let [(parts, _)] = &asked[..] else {
            panic!("{sent}: {asked:?}");
        };
        assert_eq!(parts.uri, "/v1/client?a=1", "{sent}");
        let host = application
            .upstream
            .origin
            .strip_prefix("http://")
            .expect("a local origin");
        for (name, expected) in [
            ("host", host),
            ("clerk-proxy-url", "https://app.example.com/__clerk"),
            ("x-forwarded-host", "app.example.com"),
            ("x-forwarded-proto", "https"),
            ("clerk-secret-key", "sk_live_x"),
        ] {
            let found: Vec<_> = parts.headers.get_all(name).iter().collect();
            assert_eq!(found, [expected], "{sent}");
        }
        for (name, value) in &parts.headers {
            assert!(
                !value.as_bytes().windows(4).any(|part| part == b"evil"),
                "{sent}: {name}"
            );
        }
    }
}

/// Without a public origin the demo believes `Host`. Its portal redirects to local addresses only.
#[tokio::test]
async fn demo_with_its_portal_redirects_to_this_machine_only() {
    let demo = Demo::start(&[]).await;
    let host = |origin: &str| origin.strip_prefix("http://").expect("a local origin").to_owned();
    let (app, portal) = (host(&demo.app), host(&demo.portal));
    for head in HEADS {
        let sent = format!("{head}\r\nSec-Fetch-Dest: document\r\n\r\n").replace("PATH", "/dashboard");
        let first = answer(&app, &sent).await;
        assert!(matches!(first.status, 303 | 307), "{sent}: {first:?}");
        let location = Url::parse(first.field("location").expect("a redirect")).expect("a URL");
        assert_eq!(origin(&location), demo.portal, "{sent}");

        let path = &location[url::Position::BeforePath..];
        let second = answer(&portal, &format!("GET {path} HTTP/1.1\r\nHost: {portal}\r\n\r\n")).await;
        assert!(second.status < 500, "{sent}: {second:?}");
        let Some(onward) = second.field("location") else {
            continue;
        };
        let onward = Url::parse(&demo.portal).expect("a URL").join(onward).expect("a URL");
        assert!(
            matches!(onward.host_str(), Some("localhost" | "127.0.0.1")),
            "{sent}: {onward}"
        );
    }
}
