//! Programs of this workspace, run as a user runs them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command as BlockingCommand, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A running program that ends with its owner.
#[derive(Debug)]
pub struct Program {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts `command` with its standard output readable. `CLERK_*` variables of this process are not passed on.
    ///
    /// # Panics
    ///
    /// If the program cannot be started.
    #[must_use]
    pub fn start(command: Command) -> Self {
        Self::start_with(command, [])
    }

    /// [`start`](Self::start) with these variables, whatever their names.
    ///
    /// # Panics
    ///
    /// If the program cannot be started.
    #[must_use]
    pub fn start_with(mut command: Command, variables: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CLERK_")) {
            command.env_remove(name);
        }
        command.envs(variables);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        let output = child.stdout.take().expect("standard output is piped");
        Self {
            child,
            output: BufReader::new(output).lines(),
        }
    }

    /// Reads lines up to the first in which `find` finds something.
    ///
    /// # Panics
    ///
    /// If the program ends before that.
    pub async fn line<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> T {
        match self.try_line(find).await {
            Ok(found) => found,
            Err(seen) => panic!("the program ended without saying what was waited for; it said {seen:#?}"),
        }
    }

    /// [`line`](Self::line) of a program that may end before that.
    ///
    /// # Errors
    ///
    /// What it said until its end.
    pub async fn try_line<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Result<T, Vec<String>> {
        let mut seen = Vec::new();
        while let Ok(Some(line)) = self.output.next_line().await {
            if let Some(found) = find(&line) {
                return Ok(found);
            }
            seen.push(line);
        }
        Err(seen)
    }

    /// Asks the program to end (SIGTERM) and waits until it has.
    ///
    /// # Panics
    ///
    /// If it cannot be signalled or does not end well.
    pub async fn stop(mut self) {
        let id = self.child.id().expect("it has not been waited for");
        let signalled = BlockingCommand::new("kill")
            .arg(id.to_string())
            .status()
            .expect("kill is there");
        assert!(signalled.success(), "the program cannot be signalled");
        let status = self.child.wait().await.expect("it can be waited for");
        assert!(status.success(), "the program ended with {status}");
    }
}

/// The demo application with its local portal.
#[derive(Debug)]
pub struct Demo {
    program: Program,
    /// The application's origin, `http://localhost:…`.
    pub app: String,
    /// The portal's origin, `http://127.0.0.1:…`.
    pub portal: String,
}

impl Demo {
    /// Starts the demo on free ports unless `arguments` say otherwise, and waits until it serves.
    pub async fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(demo_binary());
        for (option, value) in [("--port", "0"), ("--portal-port", "0")] {
            if !arguments.contains(&option) {
                command.args([option, value]);
            }
        }
        command.args(arguments);
        let mut program = Program::start(command);
        let app = program.line(|line| address_after(line, "Application")).await;
        let portal = program.line(|line| address_after(line, "Account Portal")).await;
        program.line(|line| line.starts_with("Open ").then_some(())).await;
        Self { program, app, portal }
    }

    /// Ends it in order.
    pub async fn stop(self) {
        self.program.stop().await;
    }
}

/// A program of `examples/`, with the local portal that it starts. Dropping it ends it.
#[derive(Debug)]
pub struct Example {
    _program: Program,
    /// The application's origin, `http://localhost:…`.
    pub app: String,
    /// The portal's origin, `http://127.0.0.1:…`.
    pub portal: String,
}

impl Example {
    /// Starts `portal-example-{name}`, and waits until it has printed its addresses.
    pub async fn start(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(example_binary(name));
        command.args(arguments);
        let mut program = Program::start(command);
        let app = program.line(|line| address_after(line, "Application")).await;
        let portal = program.line(|line| address_after(line, "Account Portal")).await;
        Self {
            _program: program,
            app,
            portal,
        }
    }
}

fn address_after(line: &str, label: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix(label)?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// The demo's executable, built if it is not yet.
#[must_use]
pub fn demo_binary() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build_one("portal-demo")).clone()
}

/// The local portal's executable, built if it is not yet.
#[must_use]
pub fn portal_binary() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build_one("portal-local")).clone()
}

/// The executable of `portal-example-{name}`, built if it is not yet.
#[must_use]
pub fn example_binary(name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let build = || build_one(&format!("portal-example-{name}"));
    built.entry(name.to_owned()).or_insert_with(build).clone()
}

fn build_one(binary: &str) -> PathBuf {
    binaries(&[binary])
        .remove(binary)
        .expect("the executable that was asked for")
}

/// The executable of `examples/actix`, which is a workspace apart, built if it is not yet.
///
/// # Panics
///
/// If it does not build.
#[must_use]
pub fn actix_binary() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let manifest = root.join("examples/actix/Cargo.toml");
    let name = "portal-example-actix";
    // With `--tests` Cargo selects the features of the example's own tests, so that both share what they build.
    let selection = ["--tests".as_ref(), "--manifest-path".as_ref(), manifest.as_os_str()];
    let selection = selection
        .into_iter()
        .chain(["--target-dir".as_ref(), target.as_os_str()]);
    build(selection, &[name])
        .remove(name)
        .expect("the executable that was asked for")
}

/// The executables of these programs of the workspace, built in one call of Cargo if they are not yet.
///
/// With `--workspace --examples` Cargo selects the features of `cargo test --workspace`, so that both share what they build.
///
/// # Panics
///
/// If one does not build.
#[must_use]
pub fn binaries(names: &[&str]) -> BTreeMap<String, PathBuf> {
    let binaries = names.iter().flat_map(|name| ["--bin", name]);
    build(
        ["--workspace", "--examples"]
            .into_iter()
            .chain(binaries)
            .map(OsStr::new),
        names,
    )
}

/// Builds what `selection` selects, and returns the executables with these names.
fn build<'s>(selection: impl IntoIterator<Item = &'s OsStr>, names: &[&str]) -> BTreeMap<String, PathBuf> {
    let mut cargo = BlockingCommand::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Build scripts see what Cargo sets for a test, and run again where it differs: ring's, and with it half the workspace.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_this_test(name)) {
        cargo.env_remove(name);
    }
    let output = cargo
        .arg("build")
        .args(selection)
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo is there");
    assert!(output.status.success(), "{names:?} do not build");
    let built: BTreeMap<String, PathBuf> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["profile"]["test"] == false)
        .filter_map(|message| {
            let name = message["target"]["name"].as_str()?;
            let path = message["executable"].as_str()?;
            names.contains(&name).then(|| (name.to_owned(), PathBuf::from(path)))
        })
        .collect();
    assert_eq!(built.len(), names.len(), "cargo names each executable: {built:?}");
    built
}

fn is_of_this_test(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}
