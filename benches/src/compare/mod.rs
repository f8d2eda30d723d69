//! `compare`: authentication per request beside its limit and its peers, measured in one run.

mod clock;
mod kinds;
mod load;
mod peers;
mod readme;
mod report;
mod rounds;
mod scaling;
mod serve;
mod servers;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;

pub use self::readme::{TABLE_END, TABLE_START, rewrite};
use self::report::Parts;
pub use self::report::Report;
pub use self::serve::{ServerKind, serve};
use crate::allocations::Allocations;
use crate::cores::Cores;
use crate::fixture::Clerk;
use crate::{Outcome, programs};

/// The options of `compare`.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Options {
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Run a few short rounds without the peers, to check that everything works. The numbers are not reliable.
    #[arg(long)]
    pub smoke: bool,
    /// Keep the result as benches/compare.json, and write the README's speed table from it.
    #[arg(long, conflicts_with = "smoke")]
    pub readme: bool,
}

/// The extent of a run.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// Rounds; each measures every kind once.
    rounds: usize,
    /// The shortest duration of one kind in one round.
    batch: Duration,
    /// Distinct tokens.
    tokens: usize,
    /// Rounds of the axum servers: more and shorter ones, because their ratio is close to 1.
    axum_rounds: usize,
    /// Requests to an axum server in each round.
    axum_requests: usize,
    /// Requests to an Express server in each round.
    express_requests: usize,
}

impl Plan {
    const FULL: Self = Self {
        rounds: 31,
        batch: Duration::from_millis(25),
        tokens: 1_500,
        axum_rounds: 101,
        axum_requests: 2_000,
        express_requests: 800,
    };
    const SMOKE: Self = Self {
        rounds: 3,
        batch: Duration::from_micros(200),
        tokens: 8,
        axum_rounds: 3,
        axum_requests: 40,
        express_requests: 0,
    };
}

/// The reasons for missing measurements, by the names of their fields.
type Skipped = BTreeMap<&'static str, String>;

/// Runs the comparison. Progress is written to standard error.
///
/// # Errors
///
/// Returns an error if this workspace itself cannot be measured. A missing peer is not an error; see
/// [`Report::skipped`].
pub fn compare(options: Options) -> Outcome<Report> {
    let start = Instant::now();
    // Counted before this process leaves one core to the servers.
    let core_count = std::thread::available_parallelism().map_or(1, usize::from);
    let say = |step: &str| {
        // Continue without a terminal.
        let _ = writeln!(io::stderr(), "{:>4} s  {step}", start.elapsed().as_secs());
    };
    let plan = if options.smoke { Plan::SMOKE } else { Plan::FULL };
    let mut skipped = Skipped::new();

    say("building the programs and the peers");
    let counter = match options.smoke {
        true => programs::beside("allocations")?,
        false => programs::build(env!("CARGO_PKG_NAME"), "allocations")?,
    };
    let clerk = Clerk::new();
    let set_up = clerk.set_up(&clerk.token(0));
    let mut peers = match options.smoke {
        true => peers::Peers::without("--smoke runs no peers", &mut skipped),
        false => peers::Peers::start(&set_up, &mut skipped),
    };

    say("signing tokens");
    let mut kinds = kinds::Kinds::new(&clerk, plan.tokens)?;
    say("authentication in this process");
    let times = kinds.measure(plan);
    say("two threads");
    let [scaling, scaling_control] = scaling::measure(&clerk, plan);
    say("allocations");
    let allocations = count_allocations(&counter, plan)?;
    say("clerk-rs and @clerk/backend");
    let peer_times = peers.measure(plan, &mut skipped);

    let cores = Cores::divide();
    if let Some(cores) = &cores {
        cores.leave_to_server()?;
    }
    say("axum servers");
    let (axum, [axum_empty, axum_control]) = servers::axum(&set_up, cores.as_ref(), plan)?;
    say("Express servers");
    let express = match plan.express_requests {
        0 => None,
        _ => servers::express(&set_up, cores.as_ref(), plan)
            .map_err(|reason| skipped.insert("clerk_express_ratio", reason.to_string()))
            .ok(),
    };
    say("done");
    Ok(Report::new(Parts {
        plan,
        core_count,
        times,
        scaling,
        scaling_control,
        allocations,
        peers: peer_times,
        axum,
        axum_empty,
        axum_control,
        express,
        skipped,
    }))
}

/// Counts allocations in another program, because a counting allocator is slower.
fn count_allocations(counter: &std::path::Path, plan: Plan) -> Outcome<Allocations> {
    let tokens = plan.tokens.min(1_000).to_string();
    let output = Command::new(counter).args(["--tokens", &tokens]).output()?;
    if !output.status.success() {
        return Err(format!("{}: {}", counter.display(), String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
