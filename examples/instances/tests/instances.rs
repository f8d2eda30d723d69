//! The example authenticates each host for its own Clerk application.

use std::process::Command;

use portal_example_program::{Program, handshake, response};

/// Starts the program, and returns the hosts of its two applications.
fn start() -> (Program, [String; 2]) {
    let mut program = Program::start(Command::new(env!("CARGO_BIN_EXE_portal-example-instances")));
    let hosts = [(); 2].map(|()| {
        let host = program.address("Application");
        let (portal, user) = (program.line(), program.line());
        assert!(portal.starts_with("Account Portal") && user.starts_with("Sign in as"));
        host
    });
    (program, hosts)
}

/// Returns the origin of the portal that a browser's first visit is redirected to.
fn portal_of(host: &str) -> String {
    let location = handshake(host, "/");
    let (origin, _) = location.split_once("/v1/").expect("a handshake");
    origin.to_owned()
}

#[test]
fn each_host_has_its_own_portal() {
    let (_program, [red, blue]) = start();
    assert!(red.starts_with("red.localhost:") && blue.starts_with("blue.localhost:"));
    let portal_of_red = portal_of(&red);
    assert_ne!(portal_of_red, portal_of(&blue));
    assert_eq!(portal_of_red, portal_of(&red));
}

#[test]
fn unknown_host_gets_421() {
    let (_program, [red, _]) = start();
    let unknown = red.replace("red.", "green.");
    let response = response(&unknown, "GET /", &[]);
    assert!(response.starts_with("HTTP/1.1 421 "), "{response}");
}
