//! The guide about limits: its numbers are those of the code, and what it says about servers holds.

use std::fs;
use std::path::Path;

use axum::Router;
use axum::routing::get;
use portal_axum::{Auth, AuthenticateLayer, RequireAuthLayer};
use portal_sdk::testing::TestInstance;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The start of a row, the file and the name of its constant, and the size of the row's unit.
const CONSTANTS: [(&str, &str, &str, u64); 33] = [
    (
        "session token, handshake token",
        "portal-sdk/src/limits.rs",
        "MAX_TOKEN_BYTES",
        1024,
    ),
    (
        "refresh token, development",
        "portal-sdk/src/limits.rs",
        "MAX_OPAQUE_TOKEN_BYTES",
        1024,
    ),
    ("handshake nonce", "portal-sdk/src/limits.rs", "MAX_NONCE_BYTES", 1),
    (
        "any other header field",
        "portal-sdk/src/limits.rs",
        "MAX_HEADER_BYTES",
        1024,
    ),
    (
        "body of a refused request",
        "portal-tower/src/drain.rs",
        "MAX_BYTES",
        1024 * 1024,
    ),
    (
        "return-back URL",
        "portal-sdk/src/portal/return_back.rs",
        "MAX_BYTES",
        1,
    ),
    (
        "handshake redirects",
        "portal-sdk/src/request/redirect_count.rs",
        "MAX_REDIRECTS",
        1,
    ),
    (
        "redirects to sign-in",
        "portal-tower/src/require/redirect_loop.rs",
        "MAX_REDIRECTS",
        1,
    ),
    (
        "renewals after visits",
        "portal-tower/src/require/visits.rs",
        "MAX_RENEWALS",
        1,
    ),
    (
        "cookies that a handshake",
        "portal-sdk/src/limits.rs",
        "MAX_SET_COOKIES",
        1,
    ),
    (
        "one of these cookies",
        "portal-sdk/src/limits.rs",
        "MAX_SET_COOKIE_BYTES",
        1024,
    ),
    (
        "session cookie with",
        "portal-sdk/src/limits.rs",
        "SESSION_COOKIE_WARNING_BYTES",
        1,
    ),
    ("session cookie with", "portal-sdk/src/limits.rs", "MAX_COOKIE_BYTES", 1),
    (
        "permissions that are kept",
        "portal-sdk/src/token/claims.rs",
        "MAX_KEPT_RIGHTS_BYTES",
        1,
    ),
    ("keys of a key set", "portal-sdk/src/limits.rs", "MAX_KEYS", 1),
    ("organization patterns", "portal-sdk/src/limits.rs", "MAX_PATTERNS", 1),
    (
        "size of a compiled pattern",
        "portal-sdk/src/limits.rs",
        "MAX_PATTERN_BYTES",
        1024,
    ),
    (
        "body of a response of Clerk",
        "portal-sdk/src/backend/http/mod.rs",
        "MAX_BODY_BYTES",
        1024 * 1024,
    ),
    (
        "error code",
        "portal-sdk/src/backend/http/answer.rs",
        "MAX_CODE_BYTES",
        1,
    ),
    (
        "handshake payloads and renewals",
        "portal-sdk/src/backend/look_ups/gate.rs",
        "MAX_RUNNING",
        1,
    ),
    (
        "the same, running and waiting",
        "portal-sdk/src/backend/look_ups/gate.rs",
        "MAX_TAKEN_ON",
        1,
    ),
    (
        "results of renewals",
        "portal-sdk/src/backend/look_ups/answers.rs",
        "MAX_KEPT",
        1,
    ),
    (
        "unknown key IDs",
        "portal-sdk/src/backend/keys/rule.rs",
        "MAX_UNKNOWN_KEY_IDS",
        1,
    ),
    (
        "users in memory",
        "portal-sdk/src/backend/user_cache.rs",
        "MAX_USERS",
        1,
    ),
    ("ended sessions", "portal-sdk/src/limits.rs", "MAX_ENDED_SESSIONS", 1),
    // As many, by their constants.
    (
        "events that wait for [Redis][replicas]",
        "portal-sdk/src/limits.rs",
        "MAX_ENDED_SESSIONS",
        1,
    ),
    (
        "events that Redis keeps",
        "portal-sdk/src/limits.rs",
        "MAX_ENDED_SESSIONS",
        1,
    ),
    (
        "look-ups of leases at once",
        "portal-sdk/src/lease/gate.rs",
        "MAX_RUNNING",
        1,
    ),
    (
        "proxy: body of a request",
        "portal-tower/src/proxy/service.rs",
        "DEFAULT_MAX_REQUEST_BYTES",
        1024 * 1024,
    ),
    (
        "log lines at `debug`",
        "portal-tower/tests/it/log_flood.rs",
        "MAX_LINES",
        1,
    ),
    ("client's text", "portal-sdk/src/excerpt.rs", "MAX_EXCERPT_CHARS", 1),
    (
        "passwords that are hashed",
        "portal-local/src/slow_work.rs",
        "MOST_WAITING",
        1,
    ),
    (
        "requests in its log",
        "portal-local/src/request_log.rs",
        "MOST_RECORDS",
        1,
    ),
];

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The value of a constant: a sum of products of numbers and other constants of its file.
fn constant(source: &str, name: &str) -> u64 {
    let (_, rest) = source
        .split_once(&format!("const {name}: "))
        .unwrap_or_else(|| panic!("no constant {name}"));
    let expression = rest
        .split_once(" = ")
        .and_then(|(_, rest)| rest.split_once(';'))
        .expect("a value")
        .0;
    let factor = |text: &str| text.replace('_', "").parse().unwrap_or_else(|_| constant(source, text));
    let term = |text: &str| -> u64 {
        let mut words = text.split(' ');
        let first = factor(words.next().expect("a number"));
        let rest: Vec<&str> = words.collect();
        rest.chunks(2).fold(first, |value, pair| match pair {
            ["*", by] => value * factor(by),
            ["/", by] => value / factor(by),
            other => panic!("{name}: {other:?}"),
        })
    };
    expression.split(" + ").map(term).sum()
}

/// Writes a number as the guides do.
fn with_commas(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", with_commas(number / 1_000), number % 1_000),
    }
}

#[test]
fn numbers_in_the_guide_are_those_of_the_code() {
    let guide = read("portal-axum/src/guide/limits.md");
    for (row, file, name, unit) in CONSTANTS {
        let line = guide.lines().find(|line| line.starts_with(&format!("| {row}")));
        let line = line.unwrap_or_else(|| panic!("no row {row:?}"));
        let default = line.split('|').nth(2).expect("a default");
        let value = with_commas(constant(&read(file), name) / unit);
        let unit = match unit {
            1 => "",
            1024 => " KiB",
            _ => " MiB",
        };
        let words: Vec<&str> = default
            .split(|c: char| !c.is_ascii_alphanumeric() && c != ',')
            .collect();
        let has_number = words.iter().any(|word| word.trim_end_matches(',') == value);
        assert!(
            has_number && default.contains(unit),
            "{row}: {value}{unit} of {name}, found{default}"
        );
    }
}

#[test]
fn each_limit_has_a_default() {
    let guide = read("portal-axum/src/guide/limits.md");
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| Limit |");
    let rows: Vec<&str> = guide.lines().filter(is_row).collect();
    assert!(rows.len() >= 40, "the table has another form");
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        // `named_tests` reads the last column.
        let [limit, default, _, _, _] = cells[..] else {
            panic!("{row}")
        };
        assert!(!limit.is_empty() && !default.is_empty(), "{row}");
    }
}

/// The whole response to these bytes.
async fn response(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("the server listens");
    let _ = stream.write_all(request.as_bytes()).await;
    let mut text = Vec::new();
    // A server that refuses a head may reset the connection after its response.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn server_bounds_the_head_and_the_layer_answers_up_to_it() {
    let clerk = TestInstance::new();
    let who = async |auth: Auth| {
        auth.signed_in()
            .map_or("nobody".to_owned(), |user| user.user_id().to_string())
    };
    let app = Router::new()
        .route("/private", get(who).layer(RequireAuthLayer::signed_in()))
        .fallback(get(who))
        .layer(AuthenticateLayer::from_authenticator(clerk.authenticator()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let session = clerk.signed_in("user_1").cookies();
    let others = |bytes: usize| "c=v; ".repeat(bytes / 5);
    let fields = |count: usize| (0..count).map(|n| format!("x-{n}: v\r\n")).collect::<String>();
    let path = |bytes: usize| format!("/{}", "p".repeat(bytes - 1));
    for (path, rest, expected) in [
        // Tens of thousands of cookies before the one that counts.
        (
            "/".to_owned(),
            format!("cookie: {}{session}\r\n", others(300_000)),
            ("200 ", "user_1"),
        ),
        (
            "/private".to_owned(),
            format!("cookie: {}{session}\r\n", others(300_000)),
            ("200 ", "user_1"),
        ),
        ("/".to_owned(), format!("cookie: {}\r\n", others(500_000)), ("431 ", "")),
        ("/".to_owned(), fields(90), ("200 ", "nobody")),
        ("/".to_owned(), fields(101), ("431 ", "")),
        (path(65_000), format!("cookie: {session}\r\n"), ("200 ", "user_1")),
        (path(65_000), String::new(), ("200 ", "nobody")),
        (path(65_535), String::new(), ("414 ", "")),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n{rest}\r\n");
        let answer = response(port, &request).await;
        let (status, body) = expected;
        let start = answer.get(..200).unwrap_or(&answer);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.ends_with(body),
            "{status}: {start}"
        );
    }
}
