//! [`Report`]: the result of a run, as a table or JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::kinds::Times;
use super::peers::PeerTimes;
use super::readme::whole;
use super::servers::Servers;
use super::{Plan, Skipped};
use crate::allocations::Allocations;
use crate::rounded;

/// The result of a run.
///
/// Times are medians in microseconds of processor time per request. Times and allocations are those over the baseline,
/// except where the field says otherwise. The baseline is a tower service that inserts one extension into the request
/// and two fields into the response, called with the same request.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Report {
    /// One RSA-2048 verification (PKCS#1 v1.5, SHA-256) of the token's signature, with a parsed key: the limit.
    pub rsa_verify_us: f64,
    /// Building the request alone.
    pub build_us: f64,
    /// Building the request and calling the baseline service.
    pub baseline_us: f64,
    /// A signed-in request whose token was seen before; the key is a setting in PEM.
    pub warm_us: f64,
    /// The same with keys of a fetched set.
    pub warm_jwks_us: f64,
    /// A signed-in request whose token is new.
    pub cold_us: f64,
    /// `cold_us` over `rsa_verify_us`.
    pub cold_ratio: f64,
    /// A request without cookies.
    pub signed_out_us: f64,
    /// A forged token with a known key ID.
    pub forged_known_us: f64,
    /// `forged_known_us` over `rsa_verify_us`.
    pub forged_known_ratio: f64,
    /// A forged token with an unknown key ID, each with another one; keys are a fetched set.
    pub forged_unknown_us: f64,
    /// 50 organization patterns on a page that matches none of them, over the warm request without patterns.
    pub patterns_us: f64,
    /// Allocations of a warm request.
    pub warm_allocations: f64,
    /// Allocations of a warm request with keys of a fetched set.
    pub warm_jwks_allocations: f64,
    /// Allocations of a request whose token is new.
    pub cold_allocations: f64,
    /// Allocations of a request without cookies.
    pub signed_out_allocations: f64,
    /// Allocations of a request with a forged token and a known key ID.
    pub forged_known_allocations: f64,
    /// Allocations of the baseline, with building the request.
    pub baseline_allocations: f64,
    /// The mean length of a token in bytes.
    pub token_bytes: f64,
    /// The heap bytes that an authenticator keeps per distinct token that it has accepted.
    pub cached_token_bytes: f64,
    /// The heap bytes of an authenticator after its first token.
    pub authenticator_bytes: i64,
    /// Warm requests per second of two threads over those of one.
    pub two_core_scaling: f64,
    /// The same of the baseline, whose threads share nothing: what the machine allows.
    pub two_core_control: f64,
    /// The processor time of an axum server with layer, guard and extractor over that of one without.
    pub axum_cpu_ratio: f64,
    /// The middle half of that ratio in single rounds.
    pub axum_cpu_ratio_spread: [f64; 2],
    /// The processor time of an axum server with a layer, a guard and an extractor that only pass on a text, over that of
    /// one without: the least that any such parts cost.
    pub axum_empty_ratio: f64,
    /// The ratio of two axum servers without them. Its distance from 1 is the error of `axum_cpu_ratio`.
    pub axum_control_ratio: f64,
    /// The processor time per request of the axum server with layer, guard and extractor.
    pub axum_cpu_us: f64,
    /// The same without them.
    pub axum_plain_cpu_us: f64,
    /// The measured requests to each axum server.
    pub axum_requests: usize,
    /// The axum layer of clerk-rs 0.5, over the same baseline in its process.
    pub clerk_rs_us: Option<f64>,
    /// `authenticateRequest` of `@clerk/backend` with the key in PEM, without any baseline.
    pub clerk_backend_us: Option<f64>,
    /// The same for a request without cookies.
    pub clerk_backend_signed_out_us: Option<f64>,
    /// The processor time of an Express server with `clerkMiddleware()` over that of one without.
    pub clerk_express_ratio: Option<f64>,
    /// The middle half of that ratio in single rounds.
    pub clerk_express_ratio_spread: Option<[f64; 2]>,
    /// The processor time per request of the Express server with `clerkMiddleware()`.
    pub clerk_express_cpu_us: Option<f64>,
    /// The same without it.
    pub clerk_express_plain_cpu_us: Option<f64>,
    /// The measured requests to each Express server.
    pub clerk_express_requests: Option<usize>,
    /// The reasons for missing peers, by the field that is `null`.
    pub skipped: BTreeMap<String, String>,
    /// Alternating rounds.
    pub rounds: usize,
    /// The processor's name; `null` if the system does not report it.
    pub processor: Option<String>,
    /// The number of cores for this program.
    pub cores: usize,
    /// `release` or `debug`.
    pub profile: String,
}

/// The parts of a run.
pub(super) struct Parts {
    pub(super) plan: Plan,
    pub(super) core_count: usize,
    pub(super) times: Times,
    /// Two threads against one.
    pub(super) scaling: f64,
    /// The same of the baseline.
    pub(super) scaling_control: f64,
    pub(super) allocations: Allocations,
    pub(super) peers: PeerTimes,
    pub(super) axum: Servers,
    /// The ratio of a server with empty parts to a plain one.
    pub(super) axum_empty: f64,
    /// The ratio of two plain servers.
    pub(super) axum_control: f64,
    pub(super) express: Option<Servers>,
    pub(super) skipped: Skipped,
}

impl Report {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts {
            plan,
            core_count,
            times,
            scaling,
            scaling_control,
            allocations,
            peers,
            axum,
            axum_empty,
            axum_control,
            express,
            skipped,
        } = parts;
        Self {
            rsa_verify_us: times.rsa_verify,
            build_us: times.build,
            baseline_us: times.baseline,
            warm_us: times.warm,
            warm_jwks_us: times.warm_jwks,
            cold_us: times.cold,
            cold_ratio: rounded(times.cold / times.rsa_verify),
            signed_out_us: times.signed_out,
            forged_known_us: times.forged_known,
            forged_known_ratio: rounded(times.forged_known / times.rsa_verify),
            forged_unknown_us: times.forged_unknown,
            patterns_us: times.patterns,
            warm_allocations: allocations.warm,
            warm_jwks_allocations: allocations.warm_jwks,
            cold_allocations: allocations.cold,
            signed_out_allocations: allocations.signed_out,
            forged_known_allocations: allocations.forged_known,
            baseline_allocations: allocations.baseline,
            token_bytes: allocations.token_bytes,
            cached_token_bytes: allocations.cached_token_bytes,
            authenticator_bytes: allocations.authenticator_bytes,
            two_core_scaling: scaling,
            two_core_control: scaling_control,
            axum_cpu_ratio: axum.ratio,
            axum_cpu_ratio_spread: axum.spread,
            axum_empty_ratio: axum_empty,
            axum_control_ratio: axum_control,
            axum_cpu_us: axum.authenticated,
            axum_plain_cpu_us: axum.plain,
            axum_requests: axum.requests,
            clerk_rs_us: peers.clerk_rs,
            clerk_backend_us: peers.clerk_backend,
            clerk_backend_signed_out_us: peers.clerk_backend_signed_out,
            clerk_express_ratio: express.map(|servers| servers.ratio),
            clerk_express_ratio_spread: express.map(|servers| servers.spread),
            clerk_express_cpu_us: express.map(|servers| servers.authenticated),
            clerk_express_plain_cpu_us: express.map(|servers| servers.plain),
            clerk_express_requests: express.map(|servers| servers.requests),
            skipped: skipped
                .into_iter()
                .map(|(field, reason)| (field.to_owned(), reason))
                .collect(),
            rounds: plan.rounds,
            processor: processor(),
            cores: core_count,
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        }
    }
}

/// Returns the processor's name, on Linux.
fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let name = info.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(name.trim_start_matches([' ', '\t', ':']).to_owned())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processor = self.processor.as_deref().unwrap_or("unknown processor");
        writeln!(f, "{processor}, {} cores, {} build", self.cores, self.profile)?;
        writeln!(f, "medians of {} alternating rounds, processor time", self.rounds)?;
        writeln!(
            f,
            "baseline: a tower service that inserts one extension and two response fields"
        )?;
        let allocations = |count: f64| format!("{count:.0} allocations");
        let ratio = |ratio: f64| format!("{ratio:.2} x the limit");
        let none = String::new();
        writeln!(f, "\nin one process")?;
        for (label, time, note) in [
            ("limit: one RSA-2048 verification", self.rsa_verify_us, none.clone()),
            ("building the request", self.build_us, none.clone()),
            (
                "baseline, with building the request",
                self.baseline_us,
                allocations(self.baseline_allocations),
            ),
        ] {
            line(f, label, time, &note)?;
        }
        writeln!(f, "\nAuthenticateLayer, over the baseline")?;
        for (label, time, note) in [
            (
                "signed in, token seen before",
                self.warm_us,
                allocations(self.warm_allocations),
            ),
            (
                "  keys of a fetched set",
                self.warm_jwks_us,
                allocations(self.warm_jwks_allocations),
            ),
            ("  and 50 organization patterns", self.patterns_us, none.clone()),
            (
                "signed in, token new",
                self.cold_us,
                format!("{}, {}", allocations(self.cold_allocations), ratio(self.cold_ratio)),
            ),
            (
                "no cookies",
                self.signed_out_us,
                allocations(self.signed_out_allocations),
            ),
            (
                "forged token, key ID known",
                self.forged_known_us,
                format!(
                    "{}, {}",
                    allocations(self.forged_known_allocations),
                    ratio(self.forged_known_ratio)
                ),
            ),
            ("forged token, key ID unknown", self.forged_unknown_us, none),
        ] {
            line(f, label, time, &note)?;
        }
        self.write_ratios(f)?;
        self.write_peers(f)?;
        for (field, reason) in &self.skipped {
            writeln!(f, "not measured: {field}: {reason}")?;
        }
        Ok(())
    }
}

impl Report {
    fn write_ratios(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        let [low, high] = self.axum_cpu_ratio_spread;
        writeln!(
            f,
            "{:<40} {:>9.2} x       {:.1} against {:.1} µs; half of the rounds: {low:.2} to {high:.2}; {} requests each; empty \
             parts {:.2} x, control {:.2} x",
            "axum server with layer, guard, extractor",
            self.axum_cpu_ratio,
            self.axum_cpu_us,
            self.axum_plain_cpu_us,
            self.axum_requests,
            self.axum_empty_ratio,
            self.axum_control_ratio
        )?;
        writeln!(
            f,
            "{:<40} {:>9.2} x       the baseline {:.2} x",
            "two threads against one", self.two_core_scaling, self.two_core_control
        )?;
        writeln!(
            f,
            "{:<40} {:>9} bytes   a token has {:.0}",
            "memory per accepted token",
            whole(self.cached_token_bytes),
            self.token_bytes
        )
    }

    fn write_peers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\npeers, signed in")?;
        for (label, time) in [
            ("clerk-rs 0.5, axum layer", self.clerk_rs_us),
            ("@clerk/backend, authenticateRequest", self.clerk_backend_us),
            ("  without cookies", self.clerk_backend_signed_out_us),
        ] {
            if let Some(time) = time {
                line(f, label, time, "")?;
            }
        }
        if let (Some(ratio), Some([low, high])) = (self.clerk_express_ratio, self.clerk_express_ratio_spread) {
            writeln!(
                f,
                "{:<40} {ratio:>9.2} x       half of the rounds: {low:.2} to {high:.2}",
                "Express server with clerkMiddleware()"
            )?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, label: &str, time: f64, note: &str) -> fmt::Result {
    let text = format!("{label:<40} {time:>9.2} µs      {note}");
    writeln!(f, "{}", text.trim_end())
}
