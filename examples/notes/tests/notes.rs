//! The program: its options, its files and its first pages.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The running example. Dropping it ends it.
struct Example {
    child: Child,
    /// Host and port.
    address: String,
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-notes"));
    for variable in ["CLERK_PUBLISHABLE_KEY", "CLERK_SECRET_KEY", "HTMX_JS"] {
        command.env_remove(variable);
    }
    command.args(arguments);
    command
}

impl Example {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it prints its URL");
        let (_, address) = line.trim().split_once("http://").expect("a URL");
        let address = address.to_owned();
        Self { child, address }
    }

    fn response(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the example listens");
        let host = &self.address;
        write!(
            stream,
            "{request} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        )
        .expect("the request is sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        response
    }
}

#[test]
fn htmx_is_served_if_its_file_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("htmx.js");
    std::fs::write(&script, "/* the script */").expect("it is written");
    let database = folder.path().join("notes.sqlite");
    let (script, database) = (script.to_str().expect("text"), database.to_str().expect("text"));
    let example = Example::start(&["--database", database, "--htmx-js", script]);
    for (request, status, part) in [
        ("GET /", "200", "/sign-in?redirect_url="),
        ("GET /notes", "401", "sign_in_url"),
        ("GET /style.css", "200", "color-scheme: light dark"),
        ("GET /htmx.js", "200", "/* the script */"),
    ] {
        let response = example.response(request);
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {response}"
        );
        assert!(response.contains(part), "{request}: {response}");
    }
    assert!(Path::new(database).exists());

    let without = Example::start(&["--database", ":memory:"]);
    assert!(without.response("GET /htmx.js").starts_with("HTTP/1.1 404 "));
}

#[test]
fn unusable_files_are_named() {
    for (option, path) in [
        ("--database", "/nowhere/notes.sqlite"),
        ("--htmx-js", "/nowhere/htmx.js"),
    ] {
        let mut command = command(&["--database", ":memory:"]);
        if option == "--database" {
            command = self::command(&[]);
        }
        let output = command.args([option, path]).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("{option} {path}")), "{said}");
    }
}
