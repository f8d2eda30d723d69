//! Pipes that close, signals, exit codes, and messages that say what to do.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::{Running, program};

/// The program with these arguments, its input empty and its log as users have it.
fn portal_local(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-local"));
    command.args(arguments).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

fn outcome(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = portal_local(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// Runs the program with `stdout` as its output; returns exit code and standard error.
fn outcome_into(arguments: &[&str], stdout: Stdio) -> (Option<i32>, String) {
    let child = portal_local(arguments)
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// The writing end of a pipe that has no reader.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn port_of(running: &Running) -> String {
    running.value("CLERK_API_URL").rsplit(':').next().unwrap().to_owned()
}

#[cfg(unix)]
fn signal(running: &Running, name: &str) {
    let id = running.child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

#[test]
fn closed_output_pipe_ends_the_program_quietly() {
    let running = Running::start(&["--port", "0"]);
    let port = port_of(&running);
    let commands: [&[&str]; 6] = [
        &["--help"],
        &["serve", "--help"],
        &["--version"],
        &["env", "--port", &port],
        &["seed", "--port", &port],
        &["serve", "--port", "0"],
    ];
    for arguments in commands {
        let (code, said) = outcome_into(arguments, closed_pipe());
        assert_eq!((code, said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn full_output_device_is_named() {
    let running = Running::start(&["--port", "0"]);
    let port = port_of(&running);
    let commands: [&[&str]; 4] = [
        &["--help"],
        &["env", "--port", &port],
        &["reset", "--yes", "--port", &port],
        &["serve", "--port", "0"],
    ];
    for arguments in commands {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (code, said) = outcome_into(arguments, full.into());
        assert_eq!(code, Some(1), "{arguments:?}");
        assert!(said.contains("cannot write to standard output"), "{said}");
        assert!(said.contains("free some space"), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
}

#[cfg(unix)]
#[test]
fn closed_error_pipe_changes_no_exit_code() {
    let refused = portal_local(&["reset"]).stderr(closed_pipe()).status().unwrap();
    assert_eq!(refused.code(), Some(2));

    let mut command = program();
    command
        .args(["--port", "0"])
        .env("RUST_LOG", "trace")
        .stderr(closed_pipe());
    let mut running = Running::spawn(command);
    let address = format!("127.0.0.1:{}", port_of(&running));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /v1/health HTTP/1.0\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 400 "), "{answer}");
    signal(&running, "-TERM");
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

#[test]
fn help_is_on_standard_output_and_usage_errors_are_on_standard_error() {
    for arguments in [&["--help"][..], &["env", "--help"], &["--version"]] {
        let (code, printed, said) = outcome(arguments);
        assert_eq!((code, said.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(!printed.is_empty(), "{arguments:?}");
    }
    let mistaken: [&[&str]; 10] = [
        &[],
        &["begin"],
        &["serve", "--prot", "1"],
        &["serve", "--port", "many"],
        &["serve", "--port", "0", "--address", "0.0.0.0"],
        &["serve", "--port", "0", "--token-lifetime", "0"],
        &["serve", "--port", "0", "--redirect-origin", "app.test"],
        &["serve", "--port", "0", "--redirect-origin", "https://*.x.test"],
        &["env", "--address", "192.0.2.1"],
        &["reset"],
    ];
    for arguments in mistaken {
        let (code, printed, said) = outcome(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(!said.is_empty(), "{arguments:?}");
        assert!(!printed.contains("Usage") && !printed.contains("error"), "{printed}");
    }
}

#[test]
fn failure_exits_with_1_and_says_what_to_do() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/portal.sqlite");
    let serve_with = |file: &Path| outcome(&["serve", "--port", "0", "--database", file.to_str().unwrap()]);

    let mut failures = vec![
        (outcome(&["serve", "--port", &port]), "stop it, or choose another port"),
        (serve_with(&missing), "check the disk, the path and its permissions"),
        (serve_with(folder.path()), "choose another path"),
    ];
    drop(taken);
    failures.push((
        outcome(&["env", "--port", &port]),
        "start one with `portal-local serve`",
    ));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let locked = folder.path().join("locked.sqlite");
        std::fs::write(&locked, b"").unwrap();
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o444)).unwrap();
        // Permissions do not hold for root.
        if File::options().write(true).open(&locked).is_err() {
            failures.push((serve_with(&locked), "check the disk, the path and its permissions"));
            assert!(
                std::fs::metadata(&locked).unwrap().permissions().readonly(),
                "left as it was"
            );
        }
    }
    for ((code, _, said), hint) in failures {
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(hint), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn full_disk_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("portal.sqlite");
    // No file may be longer than this many blocks of 512 bytes.
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; exec '{}' serve --port 0 --database '{}'",
        env!("CARGO_BIN_EXE_portal-local"),
        file.display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("check the disk"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
}

#[cfg(unix)]
#[test]
fn sigint_and_sigterm_end_in_order() {
    for name in ["-INT", "-TERM"] {
        let mut running = Running::start(&["--port", "0"]);
        signal(&running, name);
        assert_eq!(running.child.wait().unwrap().code(), Some(0), "{name}");
        let mut rest = String::new();
        running.child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "Shutting down.\n", "{name}");
    }
}

#[cfg(unix)]
#[test]
fn second_signal_ends_a_waiting_shutdown() {
    let mut running = Running::start(&["--port", "0"]);
    let address = format!("127.0.0.1:{}", port_of(&running));
    let fault = r#"{"path": "/v1/health", "delay_ms": 600000}"#;
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(
        stream,
        "POST /__local/faults HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{fault}",
        fault.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 20"), "{answer}");
    let mut waiting = TcpStream::connect(&address).unwrap();
    write!(waiting, "GET /v1/health HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();

    signal(&running, "-TERM");
    let mut rest = [0; "Shutting down.".len()];
    running.child.stdout.as_mut().unwrap().read_exact(&mut rest).unwrap();
    signal(&running, "-TERM");
    assert_eq!(running.child.wait().unwrap().code(), Some(128 + 15));
}

#[test]
fn closed_standard_input_with_its_option_ends_serve() {
    let mut command = program();
    command
        .args(["--port", "0", "--exit-on-stdin-close"])
        .stdin(Stdio::piped());
    let mut running = Running::spawn(command);
    running.child.stdin.as_mut().unwrap().write_all(b"kept open\n").unwrap();
    let address = format!("127.0.0.1:{}", port_of(&running));
    TcpStream::connect(&address).unwrap();
    drop(running.child.stdin.take());
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    assert!(TcpStream::connect(&address).is_err(), "it does not listen any more");
}

#[test]
fn environment_begins_with_both_required_keys() {
    let running = Running::start(&["--port", "0"]);
    let (_, block, _) = outcome(&["env", "--port", &port_of(&running)]);
    let names: Vec<&str> = block.lines().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(
        names[..7],
        [
            "CLERK_PUBLISHABLE_KEY",
            "CLERK_SECRET_KEY",
            "",
            "# For webhooks:",
            "CLERK_WEBHOOK_SIGNING_SECRET",
            "",
            "# For other SDKs:"
        ],
        "{block}"
    );
    #[cfg(unix)]
    {
        let script = format!("set -eu\n{block}\nprintf '%s %s' \"$CLERK_SECRET_KEY\" \"$CLERK_API_URL\"");
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        let read = format!(
            "{} {}",
            running.value("CLERK_SECRET_KEY"),
            running.value("CLERK_API_URL")
        );
        assert_eq!(String::from_utf8(output.stdout).unwrap(), read);
    }
}
