//! [`build`] and [`Program`]: child processes that answer line by line.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Outcome;

/// Builds the executable `name` of `package` with this program's profile, and returns its path.
///
/// It is built together with this package, so that common dependencies are not compiled again with other features.
///
/// # Errors
///
/// Returns an error if cargo cannot be started, or the build fails.
pub fn build(package: &str, name: &str) -> Outcome<PathBuf> {
    let mut command = cargo();
    command
        .args([
            "build",
            "--quiet",
            "--package",
            package,
            "--package",
            env!("CARGO_PKG_NAME"),
            "--bin",
            name,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    if !command.status()?.success() {
        return Err(format!("{name} does not build").into());
    }
    beside(name)
}

/// Returns a command that runs cargo, without the variables that `cargo run` has set for this program.
///
/// Build scripts that read such a variable would run again each time.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&variable);
        }
    }
    command
}

/// Returns the executable `name` beside this program.
///
/// # Errors
///
/// Returns an error if there is no such file.
pub fn beside(name: &str) -> Outcome<PathBuf> {
    let file = std::env::current_exe()?.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if file.is_file() {
        return Ok(file);
    }
    Err(format!(
        "expected {name} beside this program, at {}; found no file",
        file.display()
    )
    .into())
}

/// A child process that reads a line of JSON and answers with one. It ends when this value is dropped.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts `command`. Variables of Clerk in this process's environment are not passed on.
    ///
    /// # Errors
    ///
    /// Returns an error if the process cannot be started.
    pub fn start(name: &str, mut command: Command) -> Outcome<Self> {
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("CLERK_") {
                command.env_remove(variable);
            }
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} cannot be started: {error}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("the program's output cannot be read")?;
        Ok(Self {
            name: name.to_owned(),
            child,
            input,
            output: BufReader::new(output).lines(),
        })
    }

    /// Writes one line, and returns the program's next line.
    ///
    /// # Errors
    ///
    /// Returns an error if the program has ended or answers with something else.
    pub fn ask<Q: Serialize, A: DeserializeOwned>(&mut self, question: &Q) -> Outcome<A> {
        let input = self.input.as_mut().ok_or("the program's input is closed")?;
        let mut line = serde_json::to_string(question)?;
        line.push('\n');
        let ended = |name: &str| format!("{name} ended before it answered");
        input.write_all(line.as_bytes()).map_err(|_| ended(&self.name))?;
        let answer = self.output.next().ok_or_else(|| ended(&self.name))??;
        let answer = serde_json::from_str(&answer);
        Ok(answer.map_err(|error| format!("{}: unexpected answer: {error}", self.name))?)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The programs end when their input closes; the signal is for one that hangs.
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
