//! Likely mistakes fail to compile, with a message that says what to write.
//!
//! Each `tests/ui/*.rs` is given to the compiler as an application of this workspace's build, so nothing is built twice.
//! `RECORD_MESSAGES=1 cargo test -p portal-axum --test ui` writes the messages again.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The compiler that the messages in `tests/ui` were recorded with. Other versions word them differently.
const RECORDED_WITH: &str = "rustc 1.95.";

#[test]
fn likely_mistakes_get_the_recorded_messages() {
    let version = rustc().arg("--version").output().expect("rustc runs");
    let version = String::from_utf8_lossy(&version.stdout);
    if !version.starts_with(RECORDED_WITH) {
        eprintln!("skipped: the messages were recorded with {RECORDED_WITH}, this is {version}");
        return;
    }
    let libraries = libraries();
    let folder = std::fs::read_dir("tests/ui").expect("the folder of mistakes");
    let files = folder.map(|entry| entry.expect("readable").path());
    let mut mistakes: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|is| is == "rs"))
        .collect();
    mistakes.sort();
    assert!(!mistakes.is_empty());
    let mut differences = Vec::new();
    for mistake in &mistakes {
        let (said, record) = (messages(mistake, &libraries), mistake.with_extension("stderr"));
        if std::env::var_os("RECORD_MESSAGES").is_some() {
            std::fs::write(&record, &said).expect("writable");
        }
        let expected = std::fs::read_to_string(&record).unwrap_or_default();
        if said != expected {
            differences.push(format!("{}\nexpected:\n{expected}\nfound:\n{said}", mistake.display()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// The libraries that a mistake names, as `--extern` takes them.
///
/// With `--workspace --examples` Cargo selects the features of `cargo test --workspace`, so that both share what they build.
fn libraries() -> Vec<(&'static str, PathBuf)> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Build scripts see what Cargo sets for a test, and run again where it differs.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_this_test(name)) {
        cargo.env_remove(name);
    }
    let built = cargo
        .args([
            "build",
            "--locked",
            "--workspace",
            "--lib",
            "--examples",
            "--message-format",
            "json-render-diagnostics",
        ])
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "the workspace does not build");
    let built = String::from_utf8_lossy(&built.stdout);
    let artifacts: Vec<Value> = built
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let library = |name: &'static str| {
        let is_it = |artifact: &&Value| artifact["target"]["name"] == name && artifact["target"]["kind"][0] == "lib";
        let artifact = artifacts.iter().find(is_it).expect("cargo names the library");
        let mut files = artifact["filenames"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        let metadata = files.find(|file| file.ends_with(".rmeta"));
        (name, metadata.expect("a library has metadata").into())
    };
    ["axum", "portal_axum"].map(library).into()
}

fn is_of_this_test(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// The compiler's messages about a mistake, without the parts that differ between machines.
fn messages(mistake: &Path, libraries: &[(&str, PathBuf)]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut compiler = rustc();
    compiler.args([
        "--edition",
        "2024",
        "--emit",
        "metadata",
        "--color",
        "never",
        "-A",
        "warnings",
        "--out-dir",
    ]);
    compiler.arg(folder.path()).arg(mistake);
    for (name, file) in libraries {
        let dependencies = file.parent().expect("a file has a folder").display();
        compiler.args(["--extern", &format!("{name}={}", file.display())]);
        compiler.args(["-L", &format!("dependency={dependencies}")]);
    }
    let Output { status, stderr, .. } = compiler.output().expect("rustc runs");
    assert!(!status.success(), "{} compiles", mistake.display());
    normalized(&String::from_utf8_lossy(&stderr), mistake)
}

/// Leaves out what changes with the machine and with every dependency: indentation, quotes from other files, long lists.
fn normalized(said: &str, mistake: &Path) -> String {
    const ABOUT_THE_COMPILER: [&str; 4] = [
        "error: aborting",
        "For more information",
        "= note: the full name for the type has been written to",
        "= note: consider using `--verbose`",
    ];
    let (mut kept, mut is_elsewhere) = (Vec::<&str>::new(), false);
    for line in said.lines().map(str::trim_start) {
        let is_quote = line.starts_with(['|', ':', '.']) || line.starts_with(|c: char| c.is_ascii_digit());
        if let Some(place) = line.strip_prefix("--> ").or_else(|| line.strip_prefix("::: ")) {
            is_elsewhere = !place.starts_with(&mistake.display().to_string());
            let path = place.split(':').next().unwrap_or_default();
            let file = path.rsplit('/').next().unwrap_or_default();
            kept.push(if is_elsewhere { file } else { line });
        } else if line.starts_with("and ") && line.ends_with(" others") {
            // Only the trait of another crate has that many.
            while kept
                .last()
                .is_some_and(|line| !line.contains("the following other types"))
            {
                kept.pop();
            }
        } else if !(is_quote && is_elsewhere || ABOUT_THE_COMPILER.iter().any(|start| line.starts_with(start))) {
            is_elsewhere = false;
            kept.push(line);
        }
    }
    kept.join("\n").trim_end().to_owned() + "\n"
}
