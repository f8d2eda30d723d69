//! The log lines that clients can cause: few, short, and one line each.

use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;
use portal_tower::RequireAuthLayer;
use portal_tower::portal_sdk::testing::{FakeBackend, TestKey};
use serde_json::{Value, json};
use tower::ServiceBuilder;

use crate::log::Log;
use crate::support::{
    App, LIVE_ISSUER, LIVE_SUFFIX, NOW_SECS, asking_layer, down, error_answer, forged_token, live, send, test,
};

/// The most lines of one request at the level `debug`: the failed calls, the decision and the refusal.
const MAX_LINES: usize = 4;
/// The most bytes of a line.
const MAX_LINE_BYTES: usize = 6_000;
/// The most lines of all requests at `info` and above, of one authenticator within a minute.
const MAX_ALWAYS_LOGGED: usize = 6;

/// Text that breaks lines, colors terminals and reverses text.
const ODD: &str = "\u{1b}[31m\r\nFAKE line\u{9b}2J\u{202e}\u{7f}";

fn signed(header: &Value, claims: &Value) -> String {
    let usual = json!({ "alg": "RS256", "kid": TestKey::ID, "typ": "JWT" });
    let times = json!({ "iat": NOW_SECS - 5, "exp": NOW_SECS + 60, "nbf": NOW_SECS - 5, "iss": LIVE_ISSUER });
    let merged = |base: &Value, changes: &Value| -> Value {
        let members = [base, changes].into_iter().filter_map(Value::as_object).flatten();
        Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    TestKey::of_process().sign(&merged(&usual, header), &merged(&times, claims))
}

/// Requests with large and odd texts wherever a log line could quote them.
fn hostile() -> Vec<Request<Full<bytes::Bytes>>> {
    let long = |piece: &str| piece.repeat(9_000 / piece.len());
    let odd = long(ODD);
    let tokens = [
        signed(&json!({ "kid": odd }), &json!({})),
        signed(&json!({ "typ": odd }), &json!({})),
        signed(&json!({ "alg": odd }), &json!({})),
        signed(&json!({}), &json!({ "azp": odd })),
        signed(&json!({}), &json!({ "iss": odd })),
        signed(&json!({}), &json!({ "sub": odd, "exp": 1 })),
        forged_token(LIVE_ISSUER),
        long("a"),
    ];
    let mut requests = Vec::new();
    for token in &tokens {
        let session = format!("__session={token}; __client_uat=1");
        requests.push((format!("/{}", long("p")), vec![("cookie", session.clone())]));
        requests.push(("/".to_owned(), vec![("authorization", format!("Bearer {token}"))]));
        let refresh = format!("{session}; __refresh_{LIVE_SUFFIX}=r");
        requests.push(("/".to_owned(), vec![("cookie", refresh), ("origin", long("o"))]));
    }
    let names: String = (0..3_000).map(|n| format!("__session_{n}=a; ")).collect();
    requests.push(("/".to_owned(), vec![("cookie", names)]));
    requests.push(("/".to_owned(), vec![("cookie", format!("__session_{}=a", long("n")))]));
    for name in [
        "host",
        "x-forwarded-host",
        "x-forwarded-proto",
        "referer",
        "user-agent",
        "hx-current-url",
    ] {
        for value in [long("h"), format!("http://{}.example", long("h"))] {
            requests.push(("/".to_owned(), vec![(name, value)]));
        }
    }
    for n in 0..20 {
        requests.push((
            "/".to_owned(),
            vec![("cookie", format!("__clerk_handshake_nonce=n{n}"))],
        ));
        requests.push((
            format!("/?__clerk_handshake_nonce=n{n}"),
            vec![("cookie", "__clerk_db_jwt=dvb".to_owned())],
        ));
        requests.push(("/".to_owned(), vec![("host", format!("h{n}.example"))]));
    }
    let built = requests.into_iter().map(|(path, fields)| {
        let mut request = Request::get(path).body(Full::default()).unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-fetch-dest", HeaderValue::from_static("document"));
        for (name, value) in fields {
            let name = HeaderName::from_static(name);
            headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        request
    });
    let mut all: Vec<_> = built.collect();
    let method = long("METHOD").parse().unwrap();
    let mut odd = Request::get("/").body(Full::default()).unwrap();
    *odd.method_mut() = method;
    all.push(odd);
    all
}

#[tokio::test]
async fn client_causes_few_and_short_log_lines() {
    for clerk in [FakeBackend::new(), FakeBackend::new(), FakeBackend::new()]
        .iter()
        .enumerate()
    {
        let (round, clerk) = clerk;
        clerk.set_jwks(Ok(TestKey::of_process().key_set()));
        match round {
            0 => {}
            1 => clerk.set_handshake_payload(Err(error_answer(404, Some("resource_not_found")))),
            _ => {
                clerk.set_handshake_payload(Err(down()));
                clerk.set_refresh_session(Err(down()));
            }
        }
        for instance in [live(), test(), live().authorized_parties(["https://app.example.com"])] {
            let (log, _guard) = Log::keep();
            let service = ServiceBuilder::new()
                .layer(asking_layer(instance, clerk))
                .layer(RequireAuthLayer::signed_in())
                .service(App::default().service());
            let mut always = Vec::new();
            for request in hostile() {
                log.clear();
                let _ = send(service.clone(), request).await;
                let lines = log.lines("");
                assert!(lines.len() <= MAX_LINES, "{} lines: {lines:#?}", lines.len());
                for line in &lines {
                    assert!(line.len() <= MAX_LINE_BYTES, "{} bytes: {line}", line.len());
                    assert!(!line.contains(char::is_control) && !line.contains('\u{202e}'), "{line}");
                    assert!(!line.starts_with("FAKE"), "{line}");
                }
                always.extend(lines.into_iter().filter(|line| !line.starts_with("DEBUG")));
            }
            assert!(always.len() <= MAX_ALWAYS_LOGGED, "{always:#?}");
        }
    }
}
