//! The processor time of a server per request, with authentication against without.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::Plan;
use super::load::Load;
use super::peers::{prepare_node, script};
use crate::cores::Cores;
use crate::fixture::SetUp;
use crate::programs::Program;
use crate::{Outcome, median, quartiles, rounded};

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
///
/// Also returns two ratios to measure it by: of a server with empty parts, and of another one without any.
pub(super) fn axum(set_up: &SetUp, cores: Option<&Cores>, plan: Plan) -> Outcome<(Servers, [f64; 2])> {
    let executable = std::env::current_exe()?;
    let start = |kind| {
        let mut command = command(cores, &executable);
        command.args(["serve", kind]);
        Server::start("the axum server", command, set_up)
    };
    let servers = [
        start("plain")?,
        start("authenticated")?,
        start("empty")?,
        start("plain")?,
    ];
    let [plain, authenticated, empty, control] = alternate(servers, plan.axum_rounds, plan.axum_requests)?;
    let against_plain = |times: &[f64]| Servers::new(&plain, times, plan.axum_requests);
    let others = [against_plain(&empty)?.ratio, against_plain(&control)?.ratio];
    Ok((against_plain(&authenticated)?, others))
}

/// Measures an Express server with `clerkMiddleware()` against one without it.
pub(super) fn express(set_up: &SetUp, cores: Option<&Cores>, plan: Plan) -> Outcome<Servers> {
    prepare_node()?;
    let start = |arguments: &[&str]| {
        let mut command = command(cores, Path::new("node"));
        command.arg(script("express.mjs")).args(arguments);
        Server::start("the Express server", command, set_up)
    };
    let servers = [start(&["--plain"])?, start(&[])?];
    let [plain, authenticated] = alternate(servers, plan.rounds, plan.express_requests)?;
    Servers::new(&plain, &authenticated, plan.express_requests)
}

impl Servers {
    fn new(plain: &[f64], authenticated: &[f64], requests: usize) -> Outcome<Self> {
        let nothing = "nothing was measured";
        let ratios = authenticated.iter().zip(plain).map(|(with, without)| with / without);
        let spread = quartiles(ratios.collect()).ok_or(nothing)?;
        let rounds = plain.len();
        let plain = median(plain.to_vec()).ok_or(nothing)?;
        let authenticated = median(authenticated.to_vec()).ok_or(nothing)?;
        Ok(Self {
            plain: rounded(plain),
            authenticated: rounded(authenticated),
            ratio: rounded(authenticated / plain),
            spread: spread.map(rounded),
            requests: rounds * requests,
        })
    }
}

/// Returns the microseconds per request of each server in each round. Each round begins with another server.
fn alternate<const N: usize>(mut servers: [Server; N], rounds: usize, requests: usize) -> Outcome<[Vec<f64>; N]> {
    for server in &mut servers {
        // Long enough for the optimizing compiler of Node.
        server.round(requests * 2)?;
    }
    let mut times = [const { Vec::new() }; N];
    for round in 0..rounds {
        for turn in 0..N {
            let index = (round + turn) % N;
            times[index].push(servers[index].round(requests)?);
        }
    }
    Ok(times)
}

fn command(cores: Option<&Cores>, executable: &Path) -> Command {
    cores.map_or_else(|| Command::new(executable), |cores| cores.command(executable))
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
