//! The program as it is started from a terminal.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that helpers are tests too"
)]

mod doctor;
mod manners;
mod webhooks;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use url::form_urlencoded;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-local"));
    command.arg("serve").env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A running program and what it printed until it was ready.
struct Running {
    child: Child,
    printed: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = program();
        command.args(arguments);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.as_mut().unwrap());
        let mut printed = String::new();
        while !printed.contains("Ctrl-C") {
            let read = output.read_line(&mut printed).unwrap();
            assert_ne!(read, 0, "the program says when it is ready: {printed}");
        }
        Self { child, printed }
    }

    /// The value of one line of the environment block.
    fn value(&self, name: &str) -> String {
        let line = self
            .printed
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name} in {}", self.printed)).to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SIGKILL: acknowledged changes must be on disk by now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn refused(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = program().args(arguments).output().unwrap();
    assert!(!status.success());
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    text
}

/// One request; gives status, cookie and body.
async fn ask(origin: &str, path: &str, cookie: &str, form: Option<&[(&str, &str)]>) -> (u16, String, String) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut request = Request::builder()
        .uri(format!("{origin}{path}"))
        .header("cookie", cookie);
    let body = form.map_or_else(String::new, |fields| {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish()
    });
    if form.is_some() {
        request = request
            .method("POST")
            .header("content-type", "application/x-www-form-urlencoded");
    }
    let response = client
        .request(request.body(Full::new(Bytes::from(body))).unwrap())
        .await
        .unwrap();
    let set = response
        .headers()
        .get("set-cookie")
        .map_or("", |value| value.to_str().unwrap());
    let set = set.split(';').next().unwrap().to_owned();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, set, String::from_utf8(body.to_vec()).unwrap())
}

fn form_token(page: &str) -> &str {
    page.split_once("name=\"form_token\" value=\"")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0
}

#[test]
fn program_prints_its_addresses_and_stops_on_a_signal() {
    let mut running = Running::start(&["--port", "0", "--app-name", "Acme Books"]);
    assert!(
        running
            .printed
            .starts_with("Starting the local portal for Acme Books (not Clerk) with data in memory.\n")
    );
    let origin = running.value("CLERK_API_URL");
    assert!(running.printed.contains(&format!("Listening on {origin}.")));
    assert!(running.value("CLERK_PUBLISHABLE_KEY").starts_with("pk_test_"));
    assert_eq!(running.value("CLERK_SECRET_KEY").len(), "sk_test_".len() + 40);
    assert_eq!(running.value("CLERK_SIGN_IN_URL"), format!("{origin}/sign-in"));

    #[cfg(unix)]
    {
        let id = running.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert!(running.child.wait().unwrap().success());
        let mut rest = String::new();
        running
            .child
            .stdout
            .as_mut()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
    }
}

#[test]
fn start_up_error_is_one_line() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(refused(&["--port", &port]).contains(&format!("127.0.0.1:{port} is in use")));
    assert!(refused(&["--port", "0", "--address", "0.0.0.0"]).contains("expected a loopback address"));
    let this_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let text = refused(&["--port", "0", "--database", this_file.to_str().unwrap()]);
    assert!(
        text.contains("Cargo.toml is a file that is not a SQLite database"),
        "{text}"
    );
}

#[test]
fn database_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("portal.sqlite");
    let file = file.to_str().unwrap();
    let _first = Running::start(&["--port", "0", "--database", file]);
    assert!(refused(&["--port", "0", "--database", file]).contains("in use by another portal"));
}

#[tokio::test]
async fn acknowledged_account_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("portal.sqlite");
    let arguments = ["--port", "0", "--database", file.to_str().unwrap()];
    let address = "ada+clerk_test@example.com";

    let running = Running::start(&arguments);
    let origin = running.value("CLERK_API_URL");
    let (_, cookie, page) = ask(&origin, "/sign-up", "", None).await;
    let token = form_token(&page).to_owned();
    let fields = [
        ("form_token", token.as_str()),
        ("emailAddress", address),
        ("password", "correct horse battery"),
    ];
    assert_eq!(ask(&origin, "/sign-up", &cookie, Some(&fields)).await.0, 303);
    let fields = [("form_token", token.as_str()), ("code", "424242")];
    assert_eq!(
        ask(&origin, "/sign-up/verify-email-address", &cookie, Some(&fields))
            .await
            .0,
        303
    );
    let secret = running.value("CLERK_SECRET_KEY");
    drop(running);

    let running = Running::start(&arguments);
    let origin = running.value("CLERK_API_URL");
    assert_eq!(running.value("CLERK_SECRET_KEY"), secret);
    let (status, _, page) = ask(&origin, "/user", &cookie, None).await;
    assert_eq!(status, 200, "still signed in");
    assert!(page.contains(address));
}

/// Runs another command than `serve` to its end; gives what it printed, or why it failed.
/// Creates an account through the Backend API; its id, if the portal has said that it exists.
async fn create_account(origin: &str, secret_key: &str, address: &str) -> Option<String> {
    let body = serde_json::json!({ "email_address": [address], "skip_password_requirement": true });
    let request = Request::post(format!("{origin}/v1/users"))
        .header("authorization", format!("Bearer {secret_key}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())));
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let response = client.request(request.unwrap()).await.ok()?;
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.ok()?.to_bytes();
    let user: serde_json::Value = serde_json::from_slice(&body).unwrap();
    Some(user["id"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_lose_no_acknowledged_account() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("portal.sqlite");
    let serve = || Running::start(&["--port", "0", "--database", file.to_str().unwrap()]);
    let (said, mut acknowledged) = tokio::sync::mpsc::unbounded_channel();
    let mut ids = Vec::new();
    for round in 0..50 {
        let running = serve();
        let (origin, secret_key) = (running.value("CLERK_API_URL"), running.value("CLERK_SECRET_KEY"));
        let said = said.clone();
        // Accounts are created one after the other until the portal is gone, in the middle of one.
        let creating = tokio::spawn(async move {
            for n in 0.. {
                let address = format!("user-{round}-{n}@example.com");
                let Some(id) = create_account(&origin, &secret_key, &address).await else {
                    return;
                };
                said.send(id).unwrap();
            }
        });
        for _ in 0..=round % 4 {
            ids.push(acknowledged.recv().await.unwrap());
        }
        drop(running);
        creating.await.unwrap();
        while let Ok(id) = acknowledged.try_recv() {
            ids.push(id);
        }
    }
    assert!(ids.len() >= 120, "{}", ids.len());

    let running = serve();
    let (origin, secret_key) = (running.value("CLERK_API_URL"), running.value("CLERK_SECRET_KEY"));
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    for id in ids {
        let request =
            Request::get(format!("{origin}/v1/users/{id}")).header("authorization", format!("Bearer {secret_key}"));
        let response = client.request(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200, "{id} is lost");
    }
}

fn other(arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-local"));
    let Output { status, stdout, stderr } = command
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if status.success() {
        Ok(text(stdout))
    } else {
        Err(text(stderr))
    }
}

#[tokio::test]
async fn running_portal_is_seeded_reset_and_prints_its_environment() {
    let running = Running::start(&["--port", "0", "--demo-data"]);
    let origin = running.value("CLERK_API_URL");
    let port = origin.rsplit(':').next().unwrap();
    let block = other(&["env", "--port", port]).unwrap();
    assert!(running.printed.contains(&block), "the same as at the start:\n{block}");
    let (status, _, page) = ask(&origin, "/sign-in", "", None).await;
    assert_eq!(status, 200);
    let _ = form_token(&page);

    let refused = other(&["reset", "--port", port]).unwrap_err();
    assert!(refused.contains("add --yes"), "{refused}");
    assert!(other(&["reset", "--port", port, "--yes"]).unwrap().contains("deleted"));
    assert!(
        other(&["seed", "--port", port])
            .unwrap()
            .contains("jane+clerk_test@example.com")
    );
    assert!(other(&["seed", "--port", port]).is_ok(), "twice is once");
    drop(running);
    let gone = other(&["env", "--port", port]).unwrap_err();
    assert_eq!(gone.trim_end().lines().count(), 1, "{gone}");
    assert!(
        gone.contains("no portal answers at") && gone.contains("--database"),
        "{gone}"
    );
}

#[test]
fn reply_of_another_program_is_reported() {
    for answer in ["SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ""] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let answering = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let refused = other(&["env", "--port", &port]).unwrap_err();
        assert!(
            refused.contains("is not a local portal; choose another --port"),
            "{refused}"
        );
        answering.join().unwrap();
    }
}

#[test]
fn database_is_seeded_reset_and_read_without_a_running_portal() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("portal.sqlite");
    let file = file.to_str().unwrap();
    // A port that is free now, as the operating system says.
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let place = ["--port", port.as_str(), "--database", file];
    assert!(other(&[&["seed"][..], &place].concat()).is_ok());
    let before = other(&[&["env"][..], &place].concat()).unwrap();
    assert!(
        before.contains(&format!("CLERK_SIGN_IN_URL=http://127.0.0.1:{port}/sign-in\n")),
        "{before}"
    );
    assert!(other(&[&["reset"][..], &place].concat()).is_err());
    assert!(other(&[&["reset", "--yes"][..], &place].concat()).is_ok());
    assert_eq!(
        other(&[&["env"][..], &place].concat()).unwrap(),
        before,
        "the keys stay"
    );
}

#[test]
fn every_command_and_option_is_explained() {
    for command in ["serve", "seed", "reset", "env"] {
        let help = other(&[command, "--help"]).unwrap();
        for line in help.lines().filter(|line| line.trim_start().starts_with("--")) {
            let words = line.split_whitespace().count();
            assert!(words > 3, "{command}: {line}");
        }
        assert!(help.contains("--port <PORT>"), "{command}");
    }
    assert!(other(&["doctor", "--help"]).unwrap().contains("--json"));
    let help = other(&["--help"]).unwrap();
    assert!(
        help.contains("serve") && help.contains("env") && help.contains("doctor"),
        "{help}"
    );
}
