//! The example responds to each kind of request, and ends on a signal.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
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

impl Example {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-hyper"));
        command
            .env_remove("CLERK_PUBLISHABLE_KEY")
            .env_remove("CLERK_SECRET_KEY");
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it prints its URL");
        let (_, address) = line.trim().split_once("http://").expect("a URL");
        let address = address.to_owned();
        Self { child, address }
    }

    /// The response to a request with these extra fields.
    fn response(&self, request: &str, fields: &[&str]) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the example listens");
        let host = format!("host: {}", self.address);
        let fields = [&[host.as_str(), "connection: close"], fields].concat().join("\r\n");
        write!(stream, "{request} HTTP/1.1\r\n{fields}\r\n\r\n").expect("the request is sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        response
    }
}

#[test]
fn every_route_answers_a_signed_out_request() {
    let example = Example::start();
    for (request, fields, expected) in [
        ("GET /", &[][..], "HTTP/1.1 200 "),
        // A development browser's first page makes a handshake.
        ("GET /", &["sec-fetch-dest: document"], "HTTP/1.1 307 "),
        ("GET /dashboard", &[], "HTTP/1.1 401 "),
        ("GET /account", &[], "HTTP/1.1 303 "),
        ("GET /sign-out", &[], "HTTP/1.1 405 "),
        ("POST /sign-out", &["content-length: 0"], "HTTP/1.1 303 "),
        ("GET /unknown", &[], "HTTP/1.1 404 "),
    ] {
        let response = example.response(request, fields);
        assert!(response.starts_with(expected), "{request} {fields:?}: {response}");
    }
    let home = example.response("GET /", &[]);
    assert!(home.contains("/sign-in\" data-testid"), "{home}");
}

#[cfg(unix)]
#[test]
fn signal_ends_the_program_while_a_connection_is_open() {
    let mut example = Example::start();
    let _idle = TcpStream::connect(&example.address).expect("the example listens");
    let id = example.child.id().to_string();
    let signalled = Command::new("kill").arg(id).status().expect("kill is there");
    assert!(signalled.success());
    assert!(example.child.wait().expect("it ends").success());
}
