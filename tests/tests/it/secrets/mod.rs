//! No program of this workspace prints a secret: not under load, not at the level `trace`, not when it fails or is ended.
//!
//! A run collects every secret that is sent or received, and searches everything that the programs print for it and for
//! texts that look like a secret. Two programs print secrets on purpose, and only in these lines:
//!
//! | Program | Line | Why |
//! |---|---|---|
//! | `portal-local serve` and `env` | `CLERK_SECRET_KEY=…` and `CLERK_WEBHOOK_SIGNING_SECRET=…` of the block for `.env`, once | the application needs them |
//! | `portal-example-tonic` | `cargo run -p portal-example-tonic -- call …`, twice | a token to copy, of a portal that ends with the program |

mod client;
mod drive;
mod recorded;
mod seen;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portal_tests::programs::{actix_binary, binaries};
use portal_tests::redis::{Redis, free_port};

use self::client::Client;
use self::drive::{Site, drive, hostile_requests, random};
use self::recorded::{End, Recorded};
use self::seen::Secrets;

const PROGRAMS: [&str; 12] = [
    "portal-demo",
    "portal-local",
    "portal-example-hyper",
    "portal-example-instances",
    "portal-example-metrics",
    "portal-example-notes",
    "portal-example-replicas",
    "portal-example-satellites",
    "portal-example-spa",
    "portal-example-streams",
    "portal-example-tonic",
    "portal-example-users",
];

/// Programs with pages, their arguments, a page for signed-in users, and how they end.
const SITES: [(&str, &[&str], &str, End); 10] = [
    (
        "portal-demo",
        &["--port", "0", "--portal-port", "0"],
        "/dashboard",
        End::Asked,
    ),
    ("portal-example-actix", &[], "/account", End::Asked),
    ("portal-example-hyper", &[], "/dashboard", End::Killed),
    ("portal-example-instances", &[], "/dashboard", End::Asked),
    ("portal-example-metrics", &[], "/dashboard", End::Killed),
    (
        "portal-example-notes",
        &["--database", ":memory:"],
        "/notes",
        End::Asked,
    ),
    ("portal-example-satellites", &[], "/dashboard", End::Killed),
    ("portal-example-spa", &[], "/sign-in", End::Asked),
    ("portal-example-streams", &[], "/", End::Killed),
    ("portal-example-users", &[], "/users", End::Asked),
];

/// The most bytes of a printed line, whatever clients send.
const MAX_LINE_BYTES: usize = 6_000;

type Built = BTreeMap<String, PathBuf>;

/// The rest of a line after a label, up to the next space.
fn after<'l>(line: &'l str, label: &str) -> Option<&'l str> {
    line.trim_start().strip_prefix(label)?.split_whitespace().next()
}

fn assert_no_secret(program: &str, lines: &[String], secrets: &Secrets) {
    let found = secrets.found_in(lines);
    assert!(found.is_empty(), "{program} prints secrets: {found:#?}");
    let longest = lines.iter().max_by_key(|line| line.len());
    assert!(
        longest.is_none_or(|line| line.len() < MAX_LINE_BYTES),
        "{program} prints {longest:?}"
    );
}

async fn site(built: &Built, (name, arguments, page, end): (&str, &[&str], &str, End)) {
    let secrets = Arc::new(Secrets::default());
    let program = Recorded::start(&built[name], arguments, &[]);
    let portals = program
        .lines(1, |line| after(line, "Account Portal").map(str::to_owned))
        .await;
    let label = |line: &str| {
        let origin = ["Application", "Primary"].iter().find_map(|label| after(line, label))?;
        Some(origin.trim_end_matches("/dashboard").to_owned())
    };
    let apps = program.lines(1, label).await;
    drive(
        &Site {
            app: &apps[0],
            portal: &portals[0],
            page,
        },
        &secrets,
    )
    .await;
    let lines = program.end(end).await;
    // The others print their addresses only.
    if ["portal-demo", "portal-example-notes", "portal-example-users"].contains(&name) {
        assert!(lines.len() > 300, "{name}: {} lines at the level trace", lines.len());
    }
    assert!(secrets.len() > 100, "{name}: only {} secrets were met", secrets.len());
    assert_no_secret(name, &lines, &secrets);
}

async fn local_portal(built: &Built) {
    let secrets = Arc::new(Secrets::default());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("portal.db");
    let database = ["--database", file.to_str().expect("text")];
    let serve = [&["serve", "--port", "0", "--demo-data"][..], &database].concat();
    let program = Recorded::start(&built["portal-local"], &serve, &[]);
    let origins = program.lines(1, |line| {
        after(line, "Listening on").map(|origin| origin.trim_end_matches('.').to_owned())
    });
    let origin = &origins.await[0];
    let key = &program
        .lines(1, |line| after(line, "CLERK_SECRET_KEY=").map(str::to_owned))
        .await[0];
    let publishable = &program
        .lines(1, |line| after(line, "CLERK_PUBLISHABLE_KEY=").map(str::to_owned))
        .await[0];
    // No application: its return-back URLs lead to the portal's own pages.
    drive(
        &Site {
            app: origin,
            portal: origin,
            page: "/user",
        },
        &secrets,
    )
    .await;
    let keys = [
        ("CLERK_PUBLISHABLE_KEY", publishable.as_str()),
        ("CLERK_SECRET_KEY", key.as_str()),
    ];
    let doctor = Recorded::start(&built["portal-local"], &["doctor"], &keys)
        .end(End::Awaited)
        .await;
    assert!(doctor.iter().any(|line| line.contains("key")), "{doctor:?}");
    let lines = program.end(End::Killed).await;
    secrets.add(key);
    let is_for_env = |line: &&String| {
        ["CLERK_SECRET_KEY=", "CLERK_WEBHOOK_SIGNING_SECRET="]
            .iter()
            .any(|name| line.starts_with(name))
    };
    assert_eq!(lines.iter().filter(is_for_env).count(), 2);
    let others: Vec<String> = lines.iter().filter(|line| !is_for_env(line)).cloned().collect();
    assert!(others.len() > 500, "{} lines at the level trace", others.len());
    assert_no_secret("portal-local serve", &others, &secrets);
    assert_no_secret("portal-local doctor", &doctor, &secrets);
    // After the kill, with the same accounts.
    let seed = [&["seed"][..], &database].concat();
    let seeded = Recorded::start(&built["portal-local"], &seed, &[])
        .end(End::Awaited)
        .await;
    assert_no_secret("portal-local seed", &seeded, &secrets);
}

/// The script of `examples/replicas`, with both replicas and their portal. It loses a Redis that has a password.
async fn replicas(built: &Built) {
    let secrets = Arc::new(Secrets::default());
    let password = random();
    secrets.add(&password);
    let redis = Redis::start_with_password(&password).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/replicas/run.sh");
    let programs = ["portal-local", "portal-example-replicas"].map(|name| built[name].to_str().expect("text"));
    let (url, port) = (redis.url(), free_port().to_string());
    let program = Recorded::start(&script, &programs, &[("PORTAL_REDIS_URL", &url), ("PORT", &port)]);
    let addresses = |label: &'static str| program.lines(1, move |line| after(line, label).map(str::to_owned));
    // The one that receives the webhooks.
    let app = &addresses("Replica 1").await[0];
    let portal = &addresses("Account Portal").await[0];
    let page = "/";
    drive(&Site { app, portal, page }, &secrets).await;
    drop(redis);
    let is_lost = |line: &str| line.contains("Redis is out of reach").then_some(());
    program.lines(2, is_lost).await;
    let lines = program.end(End::Asked).await;
    assert!(lines.len() > 500, "{} lines at the level trace", lines.len());
    assert_no_secret("examples/replicas/run.sh", &lines, &secrets);
}

async fn conformance_server() {
    let secrets = Arc::new(Secrets::default());
    let program = PathBuf::from(env!("CARGO_BIN_EXE_conformance-server"));
    let program = Recorded::start(&program, &[], &[("PORT", "0"), ("CLERK_API_URL", "http://127.0.0.1:1")]);
    let origin = &program
        .lines(1, |line| after(line, "listening on").map(str::to_owned))
        .await[0];
    let key = format!("sk_test_{}", random());
    secrets.add(&key);
    let mut client = Client::new(&secrets);
    let keys = [
        ("x-publishable-key", "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk"),
        ("x-secret-key", key.as_str()),
    ];
    for (path, fields) in hostile_requests(&secrets) {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(keys)
            .collect();
        let _ = client
            .send(http::Method::GET, &format!("{origin}{path}"), &fields, String::new())
            .await;
    }
    let lines = program.end(End::Killed).await;
    assert_no_secret("conformance-server", &lines, &secrets);
}

async fn tonic(built: &Built) {
    const COMMAND: &str = "cargo run -p portal-example-tonic -- call ";
    let secrets = Arc::new(Secrets::default());
    let program = Recorded::start(&built["portal-example-tonic"], &[], &[]);
    let calls = program
        .lines(3, |line| line.strip_prefix(COMMAND).map(str::to_owned))
        .await;
    let url = calls[0].as_str();
    let genuine: Vec<&str> = calls.iter().filter_map(|call| call.split(' ').nth(1)).collect();
    genuine.iter().for_each(|token| secrets.add(token));
    let invented = [random(), format!("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.{}", random())];
    invented.iter().for_each(|token| secrets.add(token));
    let mut printed = Vec::new();
    for token in genuine.into_iter().chain(invented.iter().map(String::as_str)) {
        let call = Recorded::start(&built["portal-example-tonic"], &["call", url, token], &[]);
        printed.extend(call.end(End::Awaited).await);
    }
    let lines = program.end(End::Killed).await;
    printed.extend(lines.into_iter().filter(|line| !line.starts_with(COMMAND)));
    assert_no_secret("portal-example-tonic", &printed, &secrets);
}

/// Starts programs with secrets in the wrong variables. The error names the variable, not the value.
async fn refused_settings(built: &Built) {
    let secrets = Secrets::default();
    let [live, test] = ["sk_live_", "sk_test_"].map(|prefix| format!("{prefix}{}", random()));
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", random());
    let with_password = format!("https://user:{}@example.com", random());
    for secret in [&live, &test, &pem, &with_password] {
        secrets.add(secret);
    }
    let publishable = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";
    for (name, value, secret_key) in [
        ("CLERK_PUBLISHABLE_KEY", test.as_str(), publishable),
        ("CLERK_JWT_KEY", pem.as_str(), test.as_str()),
        ("CLERK_PROXY_URL", with_password.as_str(), test.as_str()),
        ("CLERK_API_URL", live.as_str(), test.as_str()),
        ("PORTAL_PUBLIC_ORIGIN", test.as_str(), test.as_str()),
        ("CLERK_PUBLISHABLE_KEY", publishable, live.as_str()),
    ] {
        let variables = [
            ("CLERK_PUBLISHABLE_KEY", publishable),
            ("CLERK_SECRET_KEY", secret_key),
            (name, value),
        ];
        for (program, arguments) in [("portal-demo", &["--port", "0"][..]), ("portal-local", &["doctor"])] {
            let lines = Recorded::start(&built[program], arguments, &variables)
                .end(End::Awaited)
                .await;
            assert!(
                lines
                    .iter()
                    .any(|line| line.contains("CLERK_") || line.contains("PORTAL_")),
                "{lines:?}"
            );
            assert_no_secret(program, &lines, &secrets);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_print_no_secret() {
    let mut built = binaries(&PROGRAMS);
    built.insert("portal-example-actix".to_owned(), actix_binary());
    let built = &built;
    // Two programs at once, each in turn.
    let applications = async {
        for case in SITES {
            site(built, case).await;
        }
    };
    let others = async {
        local_portal(built).await;
        replicas(built).await;
        conformance_server().await;
        tonic(built).await;
        refused_settings(built).await;
    };
    tokio::join!(applications, others);
}
