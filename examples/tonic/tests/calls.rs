//! The printed commands make calls with and without tokens.

use std::process::Command;

use portal_example_program::{Program, assert_one_key_is_refused};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-example-tonic");

/// Runs a client, and returns the results of its two calls.
fn results(arguments: &str) -> [String; 2] {
    let output = Command::new(PROGRAM).args(arguments.split(' ')).output();
    let output = String::from_utf8(output.expect("it runs").stdout).expect("text");
    let mut lines = output
        .lines()
        .map(|line| line.split_once(": ").expect("a result").1.to_owned());
    [(); 2].map(|()| lines.next().expect("two results"))
}

#[test]
fn calls_get_the_status_of_their_user() {
    let mut program = Program::start(Command::new(PROGRAM));
    let _ = program.address("Application");
    let [without_token, member, administrator] = [(); 3].map(|()| {
        let line = program.line();
        line.split_once(" -- ").expect("the arguments of a call").1.to_owned()
    });

    for result in results(&without_token) {
        assert!(result.starts_with("Unauthenticated: "), "{result}");
    }
    let [profile, team] = results(&member);
    assert!(profile.starts_with("user_"), "{profile}");
    assert!(team.starts_with("PermissionDenied: "), "{team}");
    let [profile, team] = results(&administrator);
    assert!(profile.starts_with("user_"), "{profile}");
    assert_eq!(team, profile);

    let forged = format!("{member}x");
    for result in results(&forged) {
        assert!(result.starts_with("Unauthenticated: "), "{result}");
    }
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    assert_one_key_is_refused(Command::new(PROGRAM));
}
