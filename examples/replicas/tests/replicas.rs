//! The example refuses streams of signed-out requests and unsigned webhooks. The browser journeys open and end the streams.

use std::process::{Command, Stdio};

use portal_example_program::{Program, assert_one_key_is_refused, response};

fn replica() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-replicas"));
    command.env("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    command.env_remove("PORTAL_REDIS_URL").env_remove("PORT");
    command
}

/// Returns the program, which calls neither Clerk nor Redis, and its address.
fn start() -> (Program, String) {
    let publishable_key = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";
    let mut program = Program::start_with_keys(replica(), publishable_key, "sk_test_0123456789abcdef");
    let host = program.address("Application");
    (program, host)
}

#[test]
fn signed_out_streams_get_401() {
    let (_program, host) = start();
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
fn unsigned_webhook_gets_400() {
    let (_program, host) = start();
    let response = response(&host, "POST /webhooks/clerk", &["content-length: 0"]);
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    assert_one_key_is_refused(replica());
}

#[test]
fn malformed_port_is_refused_with_its_name() {
    let mut command = replica();
    command.env(
        "CLERK_PUBLISHABLE_KEY",
        "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk",
    );
    command
        .env("CLERK_SECRET_KEY", "sk_test_0123456789abcdef")
        .env("PORT", "many");
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && errors.contains("PORT: expected a number"),
        "{errors}"
    );
}
