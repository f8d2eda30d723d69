//! The printed commands make calls with and without tokens.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-example-tonic");

/// The running server. Dropping it ends it.
struct Example {
    child: Child,
    /// The arguments of the three printed commands.
    commands: [String; 3],
}

impl Example {
    fn start() -> Self {
        let mut command = Command::new(PROGRAM);
        // An empty variable is unset.
        command.env("CLERK_PUBLISHABLE_KEY", "").env_remove("CLERK_SECRET_KEY");
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let output = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines().skip(1);
        let commands = [(); 3].map(|()| {
            let line = lines.next().expect("three commands").expect("text");
            line.split_once(" -- ").expect("arguments").1.to_owned()
        });
        Self { child, commands }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
    let example = Example::start();
    let [without_token, member, administrator] = &example.commands;

    for result in results(without_token) {
        assert!(result.starts_with("Unauthenticated: "), "{result}");
    }
    let [profile, team] = results(member);
    assert!(profile.starts_with("user_"), "{profile}");
    assert!(team.starts_with("PermissionDenied: "), "{team}");
    let [profile, team] = results(administrator);
    assert!(profile.starts_with("user_"), "{profile}");
    assert_eq!(team, profile);

    let forged = format!("{member}x");
    for result in results(&forged) {
        assert!(result.starts_with("Unauthenticated: "), "{result}");
    }
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-tonic"));
    command
        .env_remove("CLERK_PUBLISHABLE_KEY")
        .env("CLERK_SECRET_KEY", "sk_test_x");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let output = child.stdout.as_mut().expect("it is piped");
    BufReader::new(output)
        .read_line(&mut line)
        .expect("it ends, or prints a line");
    let _ = child.kill();
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        line.is_empty() && errors.contains("CLERK_PUBLISHABLE_KEY"),
        "{line} {errors}"
    );
}
