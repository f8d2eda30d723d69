//! `examples/replicas`: two replicas over Redis.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use portal_tests::browser::Browser;
use portal_tests::programs::binaries;

use crate::{JANE, PASSWORD, sign_in_here};

/// The script, with the programs that it started. Dropping it ends them.
struct Replicas {
    script: Child,
    one: String,
    two: String,
    redis: String,
}

impl Replicas {
    fn start() -> Self {
        let built = binaries(&["portal-local", "portal-example-replicas"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/replicas/run.sh");
        let mut script = Command::new(script)
            .args([&built["portal-local"], &built["portal-example-replicas"]])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script starts");
        let mut lines = BufReader::new(script.stdout.take().expect("piped")).lines();
        let mut after = |label: &str| {
            let line = lines.next().expect("another line; is redis-server installed?");
            let line = line.expect("a line in UTF-8");
            let rest = line.strip_prefix(label).map(str::trim);
            rest.unwrap_or_else(|| panic!("expected {label}, found {line}"))
                .to_owned()
        };
        let [one, two] = ["Replica 1", "Replica 2"].map(&mut after);
        after("Account Portal");
        let redis = after("Redis");
        // The last line, so that the script never writes to a closed pipe.
        after("Sign in as");
        Self {
            script,
            one,
            two,
            redis,
        }
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        // Not `Child::kill`, because the script ends its programs itself.
        let _ = Command::new("kill").arg(self.script.id().to_string()).status();
        let _ = self.script.wait();
    }
}

#[tokio::test]
async fn sign_out_at_one_replica_ends_the_stream_at_the_other() {
    let replicas = Replicas::start();
    let browser = Browser::open().await;
    browser.visit(&replicas.one).await;
    sign_in_here(&browser, JANE, PASSWORD).await;
    browser.shows("events", "open").await;

    let page = browser.open_tab().await;
    browser.visit(&replicas.two).await;
    browser.shows("events", "open").await;
    browser.press("sign-out").await;

    browser.go_to_tab(&page).await;
    browser.shows("events", "ended: signed-out").await;
    browser.close().await;

    let redis = replicas.redis.clone();
    drop(replicas);
    let is_gone = std::net::TcpStream::connect(&redis).is_err();
    assert!(is_gone, "the script ends what it started");
}
