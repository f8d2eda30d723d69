//! The simulation of a small application keeps the bounds of a large one.

use portal_bench::simulate::{Scale, simulate};

#[test]
fn small_application_keeps_the_bounds() {
    let report = simulate(Scale {
        replicas: 200,
        connections: 20_000,
        calls_in_ten_secs: 20,
    });
    let text = report.to_string();
    report.check().unwrap_or_else(|error| panic!("{error}\n{text}"));
    for row in ["1 minute (default)", "12 hours, outage", "forgotten"] {
        assert!(text.contains(row), "{row}: {text}");
    }
}
