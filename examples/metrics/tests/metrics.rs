//! The example counts a visit.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// The running example. Dropping it ends it.
struct Example(Child);

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the example listens");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nsec-fetch-dest: document\r\nconnection: close\r\n\r\n"
    )
    .expect("the request is sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

#[test]
fn first_visit_is_counted_as_a_handshake() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-metrics"));
    let mut example = Example(command.stdout(Stdio::piped()).spawn().expect("it starts"));
    let mut url = String::new();
    let output = example.0.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut url).expect("it prints its URL");
    let address = url.trim().strip_prefix("http://").expect("a URL");

    assert!(get(address, "/").starts_with("HTTP/1.1 307 "), "to the local portal");
    let metrics = get(address, "/metrics");
    let line = r#"portal_decisions_total{outcome="handshake",reason="dev-browser-missing"} 1"#;
    assert!(metrics.lines().any(|found| found == line), "{metrics}");
}
