//! Manners of this workspace's own programs: pipes that close, exit codes, messages that say what to do.

use std::process::{Command, Output, Stdio};

/// The writing end of a pipe that has no reader.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn conformance_server() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance-server"));
    command.env("PORT", "0").env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

fn outcome(mut command: Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.output().expect("the program starts");
    (status.code(), String::from_utf8(stderr).expect("text"))
}

#[test]
fn closed_output_pipe_ends_the_conformance_server_quietly() {
    let child = conformance_server()
        .stdout(closed_pipe())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
    assert_eq!((status.code(), stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn unusable_port_of_the_conformance_server_is_named() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let taken_port = taken.local_addr().expect("bound").port().to_string();
    for (port, hint) in [
        (taken_port.as_str(), "expected a free port"),
        ("many", "expected a whole number"),
    ] {
        let mut command = conformance_server();
        command.env("PORT", port);
        let (code, said) = outcome(command);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with("error: PORT: ") && said.contains(hint), "{said}");
    }
}

#[test]
fn screenshots_without_a_browser_say_what_is_missing() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_screenshots"));
    command.env("PATH", "").stdin(Stdio::null());
    let (code, said) = outcome(command);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("chromium is not on the PATH; install it"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
