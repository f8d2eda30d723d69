//! The satellite asks the primary for the browser's session, and the primary responds.

use std::process::Command;

use portal_example_program::{Program, assert_one_key_is_refused, handshake};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-example-satellites");

#[test]
fn first_visit_of_the_satellite_leads_to_the_primary_and_back() {
    let mut program = Program::start(Command::new(PROGRAM));
    let primary = program.address("Primary");
    let satellite = program.address("Satellite");

    let to_primary = handshake(&satellite, "/");
    let path = to_primary.strip_prefix(&format!("http://{primary}"));
    let path = path.unwrap_or_else(|| panic!("expected a URL of {primary}, found {to_primary}"));
    assert!(path.starts_with("/sign-in?__clerk_redirect_url="), "{path}");
    let back = handshake(&primary, path);
    assert_eq!(back, format!("http://{satellite}/?__clerk_synced=true"));
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    assert_one_key_is_refused(Command::new(PROGRAM));
}
