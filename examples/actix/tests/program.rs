//! The program beside a local portal, used by a browser.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use portal_local::{LocalPortal, SeedUser, TestPortal};

/// The running program. Dropping it ends it.
struct Program {
    child: Child,
    origin: String,
}

impl Program {
    fn start(portal: &TestPortal) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_portal-example-actix"))
            .env("CLERK_PUBLISHABLE_KEY", portal.publishable_key().as_str())
            .env("CLERK_SECRET_KEY", portal.secret_key().expose())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("it is piped");
        let mut first = String::new();
        BufReader::new(output).read_line(&mut first).expect("a line");
        let origin = first.strip_prefix("Application").expect("the origin").trim().to_owned();
        Self { child, origin }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn user_signs_in_and_out() {
    let portal = TestPortal::start(LocalPortal::builder().user(SeedUser::new("jane@example.com")));
    let program = Program::start(&portal);
    let account = format!("{}/account", program.origin);
    let browser = portal.browser();

    let asked = browser.visit(&account);
    assert!(
        asked.url().starts_with(&format!("{}/sign-in", portal.origin())),
        "{asked:?}"
    );
    let page = browser.sign_in_as("jane@example.com", &account);
    page.assert_url(&account).assert_text("Hello user_");

    let home = browser.visit(&program.origin).press("Sign out");
    home.assert_url(&program.origin).assert_text("This page is public.");
    let asked = browser.visit(&account);
    assert!(
        asked.url().starts_with(&format!("{}/sign-in", portal.origin())),
        "{asked:?}"
    );
}
