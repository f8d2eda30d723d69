//! The example refuses streams of signed-out requests. The browser journeys open and end them.

use std::process::Command;

use portal_example_program::{Program, assert_one_key_is_refused, response};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-example-streams");

#[test]
fn signed_out_streams_get_401() {
    let mut program = Program::start(Command::new(PROGRAM));
    let host = program.address("Application");
    let socket = &[
        "connection: upgrade, close",
        "upgrade: websocket",
        "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    ][..];
    let events = &["accept: text/event-stream"][..];
    for (path, fields) in [("/chat", socket), ("/events", events)] {
        let response = response(&host, &format!("GET {path}"), fields);
        assert!(response.starts_with("HTTP/1.1 401 "), "{path}: {response}");
    }
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    assert_one_key_is_refused(Command::new(PROGRAM));
}
