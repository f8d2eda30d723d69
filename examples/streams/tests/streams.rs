//! The example refuses streams of signed-out requests. The browser journeys open and end them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// The running example. Dropping it ends it.
struct Example {
    child: Child,
    address: String,
}

impl Example {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-streams"));
        // An empty variable is unset.
        command.env("CLERK_PUBLISHABLE_KEY", "").env_remove("CLERK_SECRET_KEY");
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it prints its URL");
        let (_, address) = line.trim().split_once("http://").expect("a URL");
        let address = address.to_owned();
        Self { child, address }
    }

    fn get(&self, path: &str, fields: &str) -> String {
        let address = &self.address;
        let mut stream = TcpStream::connect(address).expect("the example listens");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\n{fields}\r\n").expect("the request is sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        response
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn signed_out_streams_get_401() {
    let example = Example::start();
    let socket = "connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                  sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let events = "connection: close\r\naccept: text/event-stream\r\n";
    for (path, fields) in [("/chat", socket), ("/events", events)] {
        let response = example.get(path, fields);
        assert!(response.starts_with("HTTP/1.1 401 "), "{path}: {response}");
    }
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-streams"));
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
