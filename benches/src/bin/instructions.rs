//! Counts the instructions of each step of authentication, under callgrind.
//!
//! Each step runs in a process under valgrind. Only one function is counted, so that the creation of keys and the first
//! runs do not count. Unlike times, the counts hardly change from run to run; those of RSA depend on the
//! instruction set that valgrind offers.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use clap::Parser;
use portal_bench::Outcome;
use portal_bench::steps::{Step, steps};
use serde_json::{Map, Value};

/// Runs that are not counted: they fill caches and let allocations settle.
const UNCOUNTED: usize = 4;

/// Count the instructions of each step under callgrind.
#[derive(Debug, Parser)]
struct Options {
    /// Counted runs of each step.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Only steps whose name contains this text.
    #[arg(value_name = "TEXT", default_value = "")]
    filter: String,
    /// Run this step, in the counted process.
    #[arg(long, hide = true)]
    run: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.run {
        Some(name) => run(name, options.runs),
        None => count_all(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The terminal may be closed too; there is no other place to report it.
            let _ = writeln!(io::stderr(), "instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, runs: u32) -> Outcome {
    let mut steps = steps();
    let step = steps.iter_mut().find(|step| step.name == name).ok_or("unknown step")?;
    for _ in 0..UNCOUNTED {
        step.run();
    }
    counted_runs(step, runs);
    Ok(())
}

/// The function that callgrind counts; see [`count`].
#[inline(never)]
fn counted_runs(step: &mut Step, runs: u32) {
    for _ in 0..runs {
        step.run();
    }
}

fn count_all(options: &Options) -> Outcome {
    let mut out = io::stdout();
    let valgrind = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !valgrind.is_ok_and(|status| status.success()) {
        writeln!(
            io::stderr(),
            "Skipped: valgrind is not installed, and callgrind is a part of it."
        )?;
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let mut counts = Map::new();
    for step in steps().iter().filter(|step| step.name.contains(&options.filter)) {
        let instructions = count(step.name, options.runs, &folder.path().join("callgrind.out"))?;
        if options.json {
            counts.insert(step.name.to_owned(), instructions.into());
        } else {
            writeln!(out, "{:<48} {instructions:>9}", step.name)?;
        }
    }
    if options.json {
        writeln!(out, "{:#}", Value::Object(counts))?;
    }
    Ok(())
}

/// Returns the instructions of one run of a step.
fn count(name: &str, runs: u32, file: &Path) -> Outcome<u64> {
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--toggle-collect=*counted_runs*"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe()?)
        .args(["--runs", &runs.to_string(), "--run", name])
        .output()?;
    if !output.status.success() {
        return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let report = std::fs::read_to_string(file)?;
    let total = report
        .lines()
        .find_map(|line| line.strip_prefix("totals:")?.trim().parse::<u64>().ok());
    match total {
        Some(total) if total > 0 => Ok(total / u64::from(runs)),
        _ => Err(format!("{name}: callgrind counted no instructions").into()),
    }
}
