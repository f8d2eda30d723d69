//! The demo's error if it cannot start: one line with the setting, the found and the expected value.

use std::net::TcpListener;
use std::process::Command;

use portal_tests::programs::demo_binary;
use tempfile::TempDir;

const LIVE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
const TEST_KEY: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";

/// Runs the demo with these variables and arguments; it must fail with one line, which is returned.
fn complaint(variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let mut command = Command::new(demo_binary());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CLERK_")) {
        command.env_remove(name);
    }
    let output = command
        .envs(variables.iter().copied())
        .args(["--port", "0"])
        .args(arguments)
        .output()
        .expect("the demo can be started");
    assert!(!output.status.success(), "it started");
    let said = String::from_utf8(output.stderr).expect("text");
    let lines: Vec<&str> = said.lines().collect();
    let [line] = lines.as_slice() else {
        panic!("not one line: {said}")
    };
    (*line).to_owned()
}

#[test]
fn invalid_keys_are_named_without_their_secrets() {
    for (variables, expected) in [
        (
            vec![("CLERK_PUBLISHABLE_KEY", TEST_KEY)],
            "error: CLERK_PUBLISHABLE_KEY is set but CLERK_SECRET_KEY is not; \
             set both to use a Clerk application, or neither for a local portal",
        ),
        (
            vec![("CLERK_SECRET_KEY", "sk_test_hunter2")],
            "error: CLERK_SECRET_KEY is set but CLERK_PUBLISHABLE_KEY is not; \
             set both to use a Clerk application, or neither for a local portal",
        ),
        (
            vec![
                ("CLERK_PUBLISHABLE_KEY", "pk_tset_x"),
                ("CLERK_SECRET_KEY", "sk_test_hunter2"),
            ],
            "error: CLERK_PUBLISHABLE_KEY: expected a publishable key that starts with pk_test_ or pk_live_, found \"pk_tset_x\"",
        ),
        (
            vec![("CLERK_PUBLISHABLE_KEY", LIVE_KEY), ("CLERK_SECRET_KEY", "hunter2")],
            "error: CLERK_SECRET_KEY: expected a secret key that starts with sk_test_ or sk_live_, \
             found 7 bytes that do not (not shown); copy the key again, without quotes",
        ),
        (
            vec![
                ("CLERK_PUBLISHABLE_KEY", TEST_KEY),
                ("CLERK_SECRET_KEY", "sk_live_hunter2"),
            ],
            "error: CLERK_SECRET_KEY is a production key but CLERK_PUBLISHABLE_KEY is a development key; \
             copy both from the same instance",
        ),
    ] {
        let said = complaint(&variables, &[]);
        assert_eq!(said, expected);
        assert!(!said.contains("hunter2"));
    }
}

#[test]
fn invalid_variable_is_named() {
    for (name, value, expected) in [
        (
            "CLERK_API_URL",
            "api.clerk.com",
            "expected an absolute http(s) URL without query and user information, found \"api.clerk.com\"",
        ),
        (
            "CLERK_PROXY_URL",
            "__clerk",
            "expected an absolute http(s) URL, or a path that starts with one slash, found \"__clerk\"",
        ),
        (
            "CLERK_SIGN_IN_URL",
            "//evil.example",
            "expected an absolute http(s) URL, or a path that starts with one slash, found \"//evil.example\"",
        ),
        (
            "CLERK_DOMAIN",
            "https://a.example",
            "expected a host name without scheme, such as satellite.example, found \"https://a.example\"",
        ),
        ("CLERK_IS_SATELLITE", "yes", "expected true or false, found \"yes\""),
        ("CLERK_JWT_KEY", "nonsense!", "found text that is not base64"),
    ] {
        let variables = [
            ("CLERK_PUBLISHABLE_KEY", TEST_KEY),
            ("CLERK_SECRET_KEY", "sk_test_hunter2"),
            (name, value),
        ];
        let said = complaint(&variables, &[]);
        assert!(said.starts_with(&format!("error: {name}: {expected}")), "{said}");
    }
}

#[test]
fn port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let said = complaint(&[], &["--portal-port", &port]);
    assert!(
        said.contains(&format!("127.0.0.1:{port} is in use")) && said.contains("--portal-port"),
        "{said}"
    );

    let output = Command::new(demo_binary())
        .args(["--port", &port, "--portal-port", "0"])
        .output()
        .expect("it runs");
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(
        said.starts_with(&format!("error: --port {port}: ")) && said.contains("choose another one"),
        "{said}"
    );
}

#[test]
fn foreign_database_file_is_unchanged() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "not a database, but long enough to be looked at by one").expect("the file can be written");
    let path = file.to_str().expect("text");
    let said = complaint(&[], &["--portal-port", "0", "--database", path]);
    assert!(
        said.contains(path) && said.contains("expected a database made by portal-local"),
        "{said}"
    );
    assert!(
        std::fs::read_to_string(&file)
            .expect("it is there")
            .starts_with("not a database")
    );
}

#[test]
fn local_portal_options_require_the_local_portal() {
    let variables = [
        ("CLERK_PUBLISHABLE_KEY", TEST_KEY),
        ("CLERK_SECRET_KEY", "sk_test_hunter2"),
    ];
    let said = complaint(&variables, &["--token-lifetime", "5"]);
    assert!(said.contains("--token-lifetime is for the local portal"), "{said}");
}

#[test]
fn help_lists_every_option_and_variable() {
    let output = Command::new(demo_binary()).arg("--help").output().expect("it runs");
    let help = String::from_utf8(output.stdout).expect("text");
    for option in [
        "--port",
        "--portal-port",
        "--database",
        "--token-lifetime",
        "CLERK_PUBLISHABLE_KEY",
    ] {
        assert!(help.contains(option), "{option} is missing from\n{help}");
    }
}
