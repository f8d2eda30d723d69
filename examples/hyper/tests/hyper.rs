//! The example responds to each kind of request, and ends on a signal.

use std::process::Command;

use portal_example_program::{Program, assert_one_key_is_refused, response};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-example-hyper");

fn program() -> Program {
    Program::start(Command::new(PROGRAM))
}

#[test]
fn every_route_answers_a_signed_out_request() {
    let mut program = program();
    let host = program.address("Application");
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
        let response = response(&host, request, fields);
        assert!(response.starts_with(expected), "{request} {fields:?}: {response}");
    }
    let home = response(&host, "GET /", &[]);
    assert!(home.contains("/sign-in\" data-testid"), "{home}");
}

#[cfg(unix)]
#[test]
fn signal_ends_the_program_while_a_connection_is_open() {
    let mut program = program();
    let _idle = std::net::TcpStream::connect(program.address("Application")).expect("the program listens");
    assert!(program.terminate().success());
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    assert_one_key_is_refused(Command::new(PROGRAM));
}
