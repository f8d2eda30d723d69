//! The program: its options, its first lines and pages.

use std::process::{Command, Output};

use portal_example_program::{Program, assert_one_key_is_refused, response};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-users"));
    for variable in [
        "CLERK_PUBLISHABLE_KEY",
        "CLERK_SECRET_KEY",
        "CLERK_WEBHOOK_SIGNING_SECRET",
        "DATABASE_URL",
    ] {
        command.env_remove(variable);
    }
    command.args(arguments);
    command
}

/// The error of a program that does not start.
fn error(mut command: Command) -> String {
    let Output { status, stderr, .. } = command.output().expect("it starts");
    let error = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(1), "{error}");
    error
}

#[test]
fn pages_and_webhooks_are_served() {
    let mut program = Program::start(command(&[]));
    let host = program.address("Application");
    program.url("Account Portal");
    assert!(program.url("Sent webhooks").ends_with("/__local/webhooks"));
    for (request, status, part) in [
        ("GET /", "200", "/sign-in?redirect_url="),
        ("GET /users", "401", "sign_in_url"),
        ("GET /style.css", "200", "color-scheme: light dark"),
        ("POST /webhooks/clerk", "400", "webhook"),
    ] {
        let response = response(&host, request, &[]);
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")) && response.contains(part),
            "{request}: {response}"
        );
    }
}

#[test]
fn unusable_database_is_named() {
    let error = error(command(&["--database", "/nowhere/users.sqlite"]));
    assert!(error.contains("--database /nowhere/users.sqlite"), "{error}");
}

#[cfg(feature = "postgres")]
#[test]
fn unreachable_server_is_printed_with_the_cause_and_without_the_password() {
    let error = error(command(&["--postgres", "postgres://users:hunter2@127.0.0.1:1/users"]));
    assert!(
        error.contains("--postgres") && error.to_lowercase().contains("connection refused"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn clerk_application_needs_the_signing_secret() {
    let mut command = command(&[]);
    command.env(
        "CLERK_PUBLISHABLE_KEY",
        "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk",
    );
    command.env("CLERK_SECRET_KEY", "sk_test_x");
    let error = error(command);
    assert!(error.contains("CLERK_WEBHOOK_SIGNING_SECRET"), "{error}");
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    assert_one_key_is_refused(command(&[]));
}
