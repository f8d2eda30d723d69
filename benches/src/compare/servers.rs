//! The processor time of a server per request, with authentication against without.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::Plan;
use super::load::Load;
use crate::cores::Cores;
use crate::fixture::SetUp;
use crate::programs::Program;
use crate::{Outcome, median, quartiles};

/// The processor time of two servers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Servers {
    /// Microseconds per request without authentication.
    pub(super) plain: f64,
    /// Microseconds per request with it.
    pub(super) authenticated: f64,
    /// The ratio of both medians.
    pub(super) ratio: f64,
    /// The middle half of the ratios of single rounds.
    pub(super) spread: [f64; 2],
    /// All measured requests to one of the two servers.
    pub(super) requests: usize,
}

/// Measures this workspace's axum server: layer, guard and extractor against none of them.
pub(super) fn axum(set_up: &SetUp, cores: Option<&Cores>, plan: Plan) -> Outcome<Servers> {
    let executable = std::env::current_exe()?;
    let start = |arguments: &[&str]| {
        let mut command = command(cores, &executable);
        command.args(arguments);
        Server::start("the axum server", command, set_up)
    };
    measure(
        start(&["serve", "--plain"])?,
        start(&["serve"])?,
        plan.rounds,
        plan.axum_requests,
    )
}

/// Measures an Express server with `clerkMiddleware()` against one without it.
pub(super) fn express(set_up: &SetUp, cores: Option<&Cores>, plan: Plan) -> Outcome<Servers> {
    let start = |arguments: &[&str]| {
        let mut command = command(cores, Path::new("node"));
        command.arg(super::peers::script("express.mjs")).args(arguments);
        Server::start("the Express server", command, set_up)
    };
    measure(start(&["--plain"])?, start(&[])?, plan.rounds, plan.express_requests)
}

fn command(cores: Option<&Cores>, executable: &Path) -> Command {
    cores.map_or_else(|| Command::new(executable), |cores| cores.command(executable))
}

fn measure(mut plain: Server, mut authenticated: Server, rounds: usize, requests: usize) -> Outcome<Servers> {
    for server in [&mut plain, &mut authenticated] {
        // Long enough for the optimizing compiler of Node.
        server.round(requests * 2)?;
    }
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            without.push(plain.round(requests)?);
            with.push(authenticated.round(requests)?);
        } else {
            with.push(authenticated.round(requests)?);
            without.push(plain.round(requests)?);
        }
    }
    let ratios = with
        .iter()
        .zip(&without)
        .map(|(with, without)| with / without)
        .collect();
    let nothing = "nothing was measured";
    let plain = median(without).ok_or(nothing)?;
    let authenticated = median(with).ok_or(nothing)?;
    Ok(Servers {
        plain,
        authenticated,
        ratio: authenticated / plain,
        spread: quartiles(ratios).ok_or(nothing)?,
        requests: rounds * requests,
    })
}

struct Server {
    program: Program,
    load: Load,
}

#[derive(Deserialize)]
struct Address {
    port: u16,
}

#[derive(Deserialize)]
struct Time {
    cpu_ns: Option<u64>,
}

impl Server {
    fn start(name: &str, command: Command, set_up: &SetUp) -> Outcome<Self> {
        let mut program = Program::start(name, command)?;
        let Address { port } = program.ask(set_up)?;
        Ok(Self {
            program,
            load: Load::open(port, set_up)?,
        })
    }

    /// Returns the microseconds per request of the server's process.
    fn round(&mut self, requests: usize) -> Outcome<f64> {
        let start = self.time()?;
        let sent = self.load.send(requests)?;
        Ok((self.time()? - start) as f64 / 1_000.0 / sent as f64)
    }

    fn time(&mut self) -> Outcome<u64> {
        let Time { cpu_ns } = self.program.ask(&"time")?;
        Ok(cpu_ns.ok_or("the system does not report the processor time of a process")?)
    }
}
