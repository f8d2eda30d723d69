//! The comparison works, and the README's table is the one of the last run.

use std::process::{Command, Stdio};

use portal_bench::compare::{Report, rewrite};
use serde_json::Value;

/// The last whole run, on the machine that it names.
const LAST_RUN: &str = include_str!("../compare.json");
const README: &str = include_str!("../../README.md");

/// Fields that programs rely on.
const FIELDS: &[&str] = &[
    "rsa_verify_us",
    "baseline_us",
    "warm_us",
    "warm_jwks_us",
    "cold_us",
    "signed_out_us",
    "forged_known_us",
    "forged_unknown_us",
    "patterns_us",
    "warm_allocations",
    "signed_out_allocations",
    "token_bytes",
    "cached_token_bytes",
    "axum_cpu_ratio",
    "axum_empty_ratio",
    "two_core_scaling",
    "two_core_control",
];
/// Fields that are `null` where a peer is missing, with a reason in `skipped`.
const PEERS: &[&str] = &["clerk_rs_us", "clerk_backend_us", "clerk_express_ratio"];

#[test]
fn short_run_has_every_field() {
    let output = Command::new(env!("CARGO_BIN_EXE_portal-bench"))
        .args(["compare", "--smoke", "--json"])
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for field in FIELDS {
        assert!(report[field].is_number(), "{field}: {}", report[field]);
    }
    for field in PEERS {
        assert!(report[field].is_null(), "{field}: {}", report[field]);
        assert!(report["skipped"][field].is_string(), "{field}: {}", report["skipped"]);
    }
}

#[test]
fn readme_has_the_table_of_the_last_run() {
    let report: Report = serde_json::from_str(LAST_RUN).expect("a report");
    let expected = rewrite(README, &report).expect("a whole run");
    assert_eq!(
        README, expected,
        "run `cargo run -p portal-bench -- readme < benches/compare.json`"
    );
}

#[test]
fn last_run_has_every_peer() {
    let report: Value = serde_json::from_str(LAST_RUN).expect("JSON");
    for field in FIELDS.iter().chain(PEERS) {
        assert!(report[field].is_number(), "{field}: {}", report[field]);
    }
    assert_eq!(report["profile"], "release");
}
