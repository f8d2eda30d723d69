//! [`Peers`]: clerk-rs and `@clerk/backend`, each in a separate process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::json;

use super::{Plan, Skipped};
use crate::fixture::SetUp;
use crate::programs::{Program, cargo};
use crate::{Outcome, median, rounded};

/// Medians in microseconds per request, over the peer's own baseline; `None` if it could not be measured.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PeerTimes {
    pub(super) clerk_rs: Option<f64>,
    pub(super) clerk_backend: Option<f64>,
    pub(super) clerk_backend_signed_out: Option<f64>,
}

/// The peers that could be started.
pub(super) struct Peers {
    clerk_rs: Option<Program>,
    clerk_backend: Option<Program>,
}

/// Nanoseconds per request of one round.
#[derive(Deserialize)]
struct Round {
    signed_in_ns: f64,
    signed_out_ns: Option<f64>,
}

#[derive(Deserialize)]
struct Started {
    #[serde(rename = "outcome")]
    _outcome: String,
}

impl Peers {
    pub(super) fn without(reason: &str, skipped: &mut Skipped) -> Self {
        for field in ["clerk_rs_us", "clerk_backend_us", "clerk_express_ratio"] {
            skipped.insert(field, reason.to_owned());
        }
        Self {
            clerk_rs: None,
            clerk_backend: None,
        }
    }

    pub(super) fn start(set_up: &SetUp, skipped: &mut Skipped) -> Self {
        let mut started = |field, program: Outcome<Program>| {
            let mut program = program
                .map_err(|reason| skipped.insert(field, reason.to_string()))
                .ok()?;
            let answer: Outcome<Started> = program.ask(set_up);
            answer
                .map_err(|reason| skipped.insert(field, reason.to_string()))
                .ok()?;
            Some(program)
        };
        Self {
            clerk_rs: started("clerk_rs_us", clerk_rs()),
            clerk_backend: started("clerk_backend_us", clerk_backend()),
        }
    }

    /// Measures the peers in alternating rounds.
    pub(super) fn measure(&mut self, plan: Plan, skipped: &mut Skipped) -> PeerTimes {
        let (mut clerk_rs, mut backend, mut signed_out) = (Vec::new(), Vec::new(), Vec::new());
        let question = json!({ "batch_ms": plan.batch.as_millis() });
        for _ in 0..plan.rounds {
            for (field, peer, times) in [
                ("clerk_rs_us", &mut self.clerk_rs, &mut clerk_rs),
                ("clerk_backend_us", &mut self.clerk_backend, &mut backend),
            ] {
                let Some(program) = peer else { continue };
                match program.ask::<_, Round>(&question) {
                    Ok(round) => {
                        times.push(round.signed_in_ns / 1_000.0);
                        signed_out.extend(round.signed_out_ns.map(|time| time / 1_000.0));
                    }
                    Err(reason) => {
                        skipped.insert(field, reason.to_string());
                        times.clear();
                        *peer = None;
                    }
                }
            }
        }
        PeerTimes {
            clerk_rs: median(clerk_rs).map(rounded),
            clerk_backend: median(backend).map(rounded),
            clerk_backend_signed_out: median(signed_out).map(rounded),
        }
    }
}

/// Builds and starts the program of the package `benches/peers/clerk-rs`, with the versions of its lock file.
fn clerk_rs() -> Outcome<Program> {
    let folder = peers().join("clerk-rs");
    let target = folder.join("../../../target/peers");
    let built = cargo()
        .args(["build", "--quiet", "--release", "--locked", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .stdout(Stdio::null())
        .status()?;
    if !built.success() {
        return Err("clerk-rs does not build; its dependencies may have to be downloaded".into());
    }
    let name = format!("release/portal-peer-clerk-rs{}", std::env::consts::EXE_SUFFIX);
    Program::start("clerk-rs", Command::new(target.join(name)))
}

fn clerk_backend() -> Outcome<Program> {
    prepare_node()?;
    let mut command = Command::new("node");
    command.arg(script("backend.mjs"));
    Program::start("@clerk/backend", command)
}

/// Fails if Node is missing. Installs the packages of `tests/express` from its lock file, if they are missing.
pub(super) fn prepare_node() -> Outcome {
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    if !node.is_ok_and(|status| status.success()) {
        return Err("Node is not installed".into());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/express");
    if folder.join("node_modules/@clerk/express").exists() {
        return Ok(());
    }
    let installed = Command::new("npm")
        .args(["ci", "--silent", "--no-audit", "--no-fund"])
        .current_dir(&folder)
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("npm cannot be started: {error}"))?;
    match installed.success() {
        true => Ok(()),
        false => Err("npm cannot install the packages of tests/express".into()),
    }
}

/// Returns the path of a script for Node.
pub(super) fn script(name: &str) -> PathBuf {
    peers().join("node").join(name)
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}
