//! The program beside a local portal, used by a browser.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use portal_local::{LocalPortal, SeedUser, TestPage, TestPortal};

/// The running program. Dropping it ends it.
struct Program {
    child: Child,
    dashboard: String,
    metrics: String,
}

impl Program {
    fn start(portal: &TestPortal) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_portal-example-metrics"))
            .env("CLERK_PUBLISHABLE_KEY", portal.publishable_key().as_str())
            .env("CLERK_SECRET_KEY", portal.secret_key().expose())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut address = |label: &str| {
            let mut line = String::new();
            output.read_line(&mut line).expect("a line");
            line.strip_prefix(label).expect(label).trim().to_owned()
        };
        let (dashboard, metrics) = (address("Application"), address("Metrics"));
        Self {
            child,
            dashboard,
            metrics,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn assert_counted(metrics: &TestPage, expected: &str) {
    let is_counted = metrics.body().lines().any(|line| line == expected);
    assert!(is_counted, "expected {expected}, found {}", metrics.body());
}

#[test]
fn decisions_are_counted_by_outcome_and_reason() {
    let portal = TestPortal::start(LocalPortal::builder().user(SeedUser::new("jane@example.com")));
    let program = Program::start(&portal);
    let browser = portal.browser();

    let sign_in = browser.visit(&program.dashboard);
    assert!(sign_in.url().starts_with(portal.origin()), "{}", sign_in.url());
    let page = browser.sign_in_as("jane@example.com", &program.dashboard);
    page.assert_url(&program.dashboard).assert_text("Hello user_");

    let metrics = browser.visit(&program.metrics);
    assert_counted(
        &metrics,
        r#"portal_decisions_total{outcome="handshake",reason="dev-browser-missing"} 1"#,
    );
    assert_counted(
        &metrics,
        r#"portal_decisions_total{outcome="signed-out",reason="session-token-and-uat-missing"} 1"#,
    );
    let is_signed_in = |line: &str| line.starts_with(r#"portal_decisions_total{outcome="signed-in"} "#);
    assert!(metrics.body().lines().any(is_signed_in), "{}", metrics.body());
}
