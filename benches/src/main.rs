//! Compares authentication with its limit and its peers. See the crate `portal_bench` for all programs.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use portal_bench::compare::{self, Options, Report};
use portal_bench::simulate::Scale;
use portal_bench::{Outcome, simulate};

/// Measure what authentication costs.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure authentication beside its limit, clerk-rs and Clerk's own packages. Takes some minutes.
    Compare(Options),
    /// Write the README's speed table from the JSON of `compare --json` on standard input.
    Readme,
    /// Simulate 10,000 replicas: fetches of signing keys, a million live connections, sign-out storms, an outage.
    ///
    /// Fails if a bound is exceeded, such as a peak of three times the average.
    Simulate,
    /// Serve one page, as a part of `compare`.
    #[command(hide = true)]
    Serve {
        /// The parts around the page.
        kind: compare::ServerKind,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of standard output has closed the pipe, which is not an error.
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // The terminal may be closed too; there is no other place to report it.
            let _ = writeln!(io::stderr(), "portal-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Outcome {
    match command {
        Command::Compare(options) => {
            let report = compare::compare(*options)?;
            let json = format!("{}\n", serde_json::to_string_pretty(&report)?);
            if options.readme {
                std::fs::write(workspace().join("benches/compare.json"), &json)?;
                write_readme(&report)?;
            }
            let mut out = io::stdout();
            match options.json {
                true => out.write_all(json.as_bytes())?,
                false => write!(out, "{report}")?,
            }
            Ok(())
        }
        Command::Readme => {
            let mut json = String::new();
            io::stdin().read_to_string(&mut json)?;
            write_readme(&serde_json::from_str(&json)?)
        }
        Command::Simulate => {
            let report = simulate::simulate(Scale::LARGE);
            write!(io::stdout(), "{report}")?;
            report.check()
        }
        Command::Serve { kind } => compare::serve(*kind),
    }
}

fn write_readme(report: &Report) -> Outcome {
    let file = workspace().join("README.md");
    let readme = compare::rewrite(&std::fs::read_to_string(&file)?, report)?;
    Ok(std::fs::write(file, readme)?)
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn is_closed_pipe(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
