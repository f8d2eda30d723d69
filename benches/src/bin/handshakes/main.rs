//! Measures a local portal: handshakes per second, start time and memory.
//!
//! The portal is the program `portal-local` in its own process, on one core if `taskset` exists. This program sends
//! requests from the other cores, over persistent connections on loopback. Numbers are medians of several rounds.
//! Compare them only with others from the same machine.

mod client;
mod portal;
mod report;
mod rounds;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use portal_bench::cores::Cores;
use portal_bench::{Outcome, median, programs};

use crate::portal::Program;
use crate::report::Report;
use crate::rounds::{Plan, Trip, Visitor};

/// Measure a local portal: handshakes per second, start time, resident memory.
#[derive(Debug, Parser)]
struct Options {
    /// Handshakes in each round.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    handshakes: u32,
    /// Rounds; the median counts.
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Concurrent connections, each with one request at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// Executable of portal-local that supports --exit-on-stdin-close [default: built from this workspace].
    #[arg(long, value_name = "FILE")]
    portal: Option<PathBuf>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of standard output has closed the pipe.
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // The terminal may be closed too; there is no other place to report it.
            let _ = writeln!(io::stderr(), "handshakes: {error}");
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<serde_json::Error>() {
        return error.io_error_kind() == Some(io::ErrorKind::BrokenPipe);
    }
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run(options: Options) -> Outcome {
    let executable = match options.portal {
        Some(file) => file,
        None => programs::build("portal-local", "portal-local")?,
    };
    // After the build, which may use every core.
    let cores = Cores::divide();
    if let Some(cores) = &cores {
        cores.leave_to_server()?;
    }
    let program = Program { executable, cores };
    let plan = Plan {
        handshakes: options.handshakes,
        connections: options.connections,
    };
    let rounds = options.rounds;

    let starts = portal::measure_starts(&program, rounds)?;
    let portal = program.start(None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (handshakes, with_payload) = runtime.block_on(async {
        let visitor = Visitor::signed_in(&portal).await?;
        let handshakes = rounds::median_rate(&visitor, plan, Trip::Handshake, rounds).await?;
        let with_payload = rounds::median_rate(&visitor, plan, Trip::WithPayload, rounds).await?;
        Outcome::Ok((handshakes, with_payload))
    })?;
    let report = Report {
        executable: program.executable.display().to_string(),
        pinned_to_core: program.cores.as_ref().map(|cores| cores.server),
        rounds,
        handshakes_per_round: plan.handshakes,
        connections: plan.connections,
        handshakes_per_second: handshakes,
        handshakes_with_payload_per_second: with_payload,
        start_in_memory_ms: starts.in_memory,
        start_with_new_file_ms: starts.new_file,
        start_with_existing_file_ms: starts.existing_file,
        resident_at_rest_kib: starts.resident_kib,
        resident_after_load_kib: portal.resident_kib(),
    };
    portal.stop()?;

    let mut out = io::stdout();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(())
}
