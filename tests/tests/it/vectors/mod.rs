//! Replays the recorded vectors of `conformance/vectors`: the SDK must decide every request as the npm package did, but
//! for the numbered differences that a vector names. No network and no Node.
//!
//! `VECTOR=<part of an id> cargo test -p portal-tests --test it vectors -- --nocapture` replays and shows the matching
//! cases only.

mod backend;
mod differences;
mod file;
mod replay;

use std::collections::BTreeMap;
use std::env;

use file::VectorFile;
use replay::Verdict;

#[test]
fn every_vector_is_decided_as_recorded() {
    let wanted = env::var("VECTOR").unwrap_or_default();
    let (mut replayed, mut refused, mut different) = (0, 0, 0);
    let mut by_gap: BTreeMap<String, u32> = BTreeMap::new();
    let mut mismatches: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for file in VectorFile::all() {
        for case in file.cases().filter(|case| case.id.contains(&wanted)) {
            replayed += 1;
            refused += u32::from(case.refused);
            different += u32::from(case.expected.is_some());
            for gap in &case.gap {
                *by_gap.entry(gap.clone()).or_default() += 1;
            }
            if let Verdict::Differs(how) = runtime.block_on(replay::replay(&case)) {
                let report = format!("{}\n{how}", case.id);
                mismatches.entry(file.topic.clone()).or_default().push(report);
            }
        }
    }
    println!(
        "{replayed} cases replayed; in {different} ours differs on purpose, {refused} settings refused: {by_gap:?}"
    );
    let total: usize = mismatches.values().map(Vec::len).sum();
    for (topic, reports) in &mismatches {
        println!("\n{topic}: {} mismatches", reports.len());
        for report in reports {
            println!("{report}");
        }
    }
    assert!(replayed > 0, "no vector's id contains {wanted:?}");
    assert_eq!(total, 0, "mismatches");
}
