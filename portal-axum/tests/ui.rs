//! Likely mistakes fail to compile, with a message that says what to write.

use std::process::Command;

/// The compiler that the messages in `tests/ui` were recorded with. Other versions word them differently.
const RECORDED_WITH: &str = "rustc 1.95.";

#[test]
fn likely_mistakes_get_the_recorded_messages() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().expect("rustc runs");
    let version = String::from_utf8_lossy(&version.stdout);
    if !version.starts_with(RECORDED_WITH) {
        eprintln!("skipped: the messages were recorded with {RECORDED_WITH}, this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
