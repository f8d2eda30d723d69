//! The example authenticates each host for its own Clerk application.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// The running example. Dropping it ends it.
struct Example {
    child: Child,
    /// The hosts of the tenants, with the port.
    hosts: [String; 2],
}

impl Example {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-instances"));
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let output = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let hosts = [(); 2].map(|()| {
            let host = lines.find_map(|line| host_of(&line.expect("text")));
            host.expect("a line for each tenant")
        });
        Self { child, hosts }
    }

    /// Returns the head of the response to a browser's first visit.
    fn visit(&self, host: &str) -> String {
        let port = self.hosts[0].rsplit(':').next().expect("a port");
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the example listens");
        write!(
            stream,
            "GET / HTTP/1.1\r\nhost: {host}\r\nsec-fetch-dest: document\r\nconnection: close\r\n\r\n"
        )
        .expect("the request is sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        response
    }

    /// Returns the origin of the portal that a first visit is redirected to.
    fn portal_of(&self, host: &str) -> String {
        let response = self.visit(host);
        assert!(response.starts_with("HTTP/1.1 307 "), "{response}");
        let mut fields = response.lines();
        let location = fields.find_map(|line| line.strip_prefix("location: "));
        let (origin, _) = location.and_then(|url| url.split_once("/v1/")).expect("a handshake");
        origin.to_owned()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn host_of(line: &str) -> Option<String> {
    let url = line.strip_prefix("Application")?.trim_start();
    url.strip_prefix("http://").map(str::to_owned)
}

#[test]
fn each_host_has_its_own_portal() {
    let example = Example::start();
    let [red, blue] = &example.hosts;
    assert!(red.starts_with("red.localhost:") && blue.starts_with("blue.localhost:"));
    let portal_of_red = example.portal_of(red);
    assert_ne!(portal_of_red, example.portal_of(blue));
    assert_eq!(portal_of_red, example.portal_of(red));
}

#[test]
fn unknown_host_gets_421() {
    let example = Example::start();
    let response = example.visit("green.localhost");
    assert!(response.starts_with("HTTP/1.1 421 "), "{response}");
}
