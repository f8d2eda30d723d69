//! The satellite asks the primary for the browser's session, and the primary responds.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// The running example. Dropping it ends it.
struct Example {
    child: Child,
    primary: String,
    satellite: String,
}

impl Example {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-satellites"));
        // An empty variable is unset.
        command.env("CLERK_PUBLISHABLE_KEY", "").env_remove("CLERK_SECRET_KEY");
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let output = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let [primary, satellite] = ["Primary", "Satellite"].map(|label| {
            let line = lines.next().expect("a line for each domain").expect("text");
            line.strip_prefix(label).expect("a URL").trim().to_owned()
        });
        Self {
            child,
            primary,
            satellite,
        }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the address that a browser without cookies is redirected to.
fn redirect_of(url: &str) -> String {
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .expect("a URL");
    let (_, port) = host.split_once(':').expect("a port");
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the example listens");
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nhost: {host}\r\nsec-fetch-dest: document\r\nconnection: close\r\n\r\n"
    )
    .expect("the request is sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    assert!(response.starts_with("HTTP/1.1 307 "), "{response}");
    let location = response.lines().find_map(|line| line.strip_prefix("location: "));
    location.expect("a redirect").to_owned()
}

#[test]
fn first_visit_of_the_satellite_leads_to_the_primary_and_back() {
    let example = Example::start();
    let to_primary = redirect_of(&format!("{}/", example.satellite));
    let expected = format!("{}/sign-in?__clerk_redirect_url=", example.primary);
    assert!(to_primary.starts_with(&expected), "{to_primary}");
    assert_eq!(
        redirect_of(&to_primary),
        format!("{}/?__clerk_synced=true", example.satellite)
    );
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-satellites"));
    command
        .env_remove("CLERK_PUBLISHABLE_KEY")
        .env("CLERK_SECRET_KEY", "sk_test_x");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let output = child.stdout.as_mut().expect("it is piped");
    BufReader::new(output)
        .read_line(&mut line)
        .expect("it ends, or prints a line");
    let _ = child.kill();
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        line.is_empty() && errors.contains("CLERK_PUBLISHABLE_KEY"),
        "{line} {errors}"
    );
}
