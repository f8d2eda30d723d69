//! The program: its options, its files and its first pages.

use std::path::Path;
use std::process::Command;

use portal_example_program::{Program, assert_one_key_is_refused, response};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-notes"));
    for variable in ["CLERK_PUBLISHABLE_KEY", "CLERK_SECRET_KEY", "HTMX_JS"] {
        command.env_remove(variable);
    }
    command.args(arguments);
    command
}

#[test]
fn htmx_is_served_if_its_file_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("htmx.js");
    std::fs::write(&script, "/* the script */").expect("it is written");
    let database = folder.path().join("notes.sqlite");
    let (script, database) = (script.to_str().expect("text"), database.to_str().expect("text"));
    let mut program = Program::start(command(&["--database", database, "--htmx-js", script]));
    let host = program.address("Application");
    for (request, status, part) in [
        ("GET /", "200", "/sign-in?redirect_url="),
        ("GET /notes", "401", "sign_in_url"),
        ("GET /style.css", "200", "color-scheme: light dark"),
        ("GET /htmx.js", "200", "/* the script */"),
    ] {
        let response = response(&host, request, &[]);
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {response}"
        );
        assert!(response.contains(part), "{request}: {response}");
    }
    assert!(Path::new(database).exists());

    let mut without = Program::start(command(&["--database", ":memory:"]));
    let host = without.address("Application");
    assert!(response(&host, "GET /htmx.js", &[]).starts_with("HTTP/1.1 404 "));
}

#[test]
fn unusable_files_are_named() {
    for (option, path) in [
        ("--database", "/nowhere/notes.sqlite"),
        ("--htmx-js", "/nowhere/htmx.js"),
    ] {
        let mut command = command(&["--database", ":memory:"]);
        if option == "--database" {
            command = self::command(&[]);
        }
        let output = command.args([option, path]).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("{option} {path}")), "{said}");
    }
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    assert_one_key_is_refused(command(&["--database", ":memory:"]));
}
