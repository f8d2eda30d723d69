//! [`rewrite`]: the README's speed table, made from a run.

use super::Report;
use crate::Outcome;

/// The line before the generated part of the README.
pub const TABLE_START: &str = "<!-- speed: written by `portal-bench readme` from benches/compare.json -->";
/// The line after it.
pub const TABLE_END: &str = "<!-- /speed -->";

/// Returns `readme` with the table of `report` between its two marker lines.
///
/// # Errors
///
/// Returns an error if the markers are missing, or the run was not complete: a debug build, or without its peers.
pub fn rewrite(readme: &str, report: &Report) -> Outcome<String> {
    let marker = |marker: &str| format!("expected the line {marker}, found none in the README");
    let (before, rest) = readme.split_once(TABLE_START).ok_or_else(|| marker(TABLE_START))?;
    let (_, after) = rest.split_once(TABLE_END).ok_or_else(|| marker(TABLE_END))?;
    let table = table(report)?;
    Ok(format!("{before}{TABLE_START}\n{table}{TABLE_END}{after}"))
}

fn table(report: &Report) -> Outcome<String> {
    if report.profile != "release" {
        return Err("expected a run of a release build, found a debug build".into());
    }
    let measured = |field: &str, value: Option<f64>| {
        let reason = || report.skipped.get(field).map_or("no reason is given", String::as_str);
        value.ok_or_else(|| format!("{field} was not measured: {}", reason()))
    };
    let clerk_rs = measured("clerk_rs_us", report.clerk_rs_us)?;
    let backend = measured("clerk_backend_us", report.clerk_backend_us)?;
    let backend_signed_out = measured("clerk_backend_signed_out_us", report.clerk_backend_signed_out_us)?;
    let express = measured("clerk_express_ratio", report.clerk_express_ratio)?;
    let rows = [
        (
            "signed in, token seen before",
            format!(
                "{} µs, {:.0} allocations",
                micros(report.warm_us),
                report.warm_allocations
            ),
            format!("{} µs", micros(clerk_rs)),
            format!("{} µs", micros(backend)),
        ),
        (
            "signed in, token new",
            format!("{} µs, {:.2} × the limit", micros(report.cold_us), report.cold_ratio),
            format!("{} µs", micros(clerk_rs)),
            format!("{} µs", micros(backend)),
        ),
        (
            "no cookies",
            format!(
                "{} µs, {:.0} allocations",
                micros(report.signed_out_us),
                report.signed_out_allocations
            ),
            String::new(),
            format!("{} µs", micros(backend_signed_out)),
        ),
        (
            "forged token, key ID known",
            format!(
                "{} µs, {:.2} × the limit",
                micros(report.forged_known_us),
                report.forged_known_ratio
            ),
            String::new(),
            String::new(),
        ),
        (
            "forged token, key ID unknown",
            format!("{} µs", micros(report.forged_unknown_us)),
            String::new(),
            String::new(),
        ),
        (
            "50 organization patterns, none matches",
            format!("{} µs more", micros(report.patterns_us)),
            String::new(),
            String::new(),
        ),
        (
            "processor time of the server, with against without",
            format!("{:.2} × (axum)", report.axum_cpu_ratio),
            String::new(),
            format!("{express:.1} × (Express)"),
        ),
        (
            "two threads on two cores against one",
            format!("{:.2} ×", report.two_core_scaling),
            String::new(),
            String::new(),
        ),
        (
            "memory per accepted token",
            format!(
                "{} bytes (a token has {:.0})",
                whole(report.cached_token_bytes),
                report.token_bytes
            ),
            String::new(),
            String::new(),
        ),
    ];
    let mut table =
        String::from("\n| Request | portal | clerk-rs 0.5 | Clerk's packages for Node |\n|---|---|---|---|\n");
    for (request, ours, clerk_rs, node) in rows {
        // An empty cell ends without a second space.
        table.push_str(
            &format!("| {request} | {ours} | {clerk_rs} | {node} |\n")
                .replace("|  |", "| |")
                .replace("|  |", "| |"),
        );
    }
    table.push_str(&caption(report));
    Ok(table)
}

fn caption(report: &Report) -> String {
    let processor = report.processor.as_deref().unwrap_or("unknown processor");
    format!(
        "\nProcessor time per request; medians of {} alternating rounds on {} cores ({processor}).\nThe limit is one \
         RSA-2048 verification with a parsed key: {} µs. portal and clerk-rs are measured over a baseline of\n{} µs, a \
         tower service that inserts one extension into the request and two fields into the response. Clerk's packages\nare \
         `authenticateRequest` of `@clerk/backend` and, for the server, `clerkMiddleware()` of `@clerk/express`. The axum \
         server\nhas the layer, the guard and an extractor; with empty ones that only pass on a text it is {:.2} ×.\n\n",
        report.rounds,
        report.cores,
        micros(report.rsa_verify_us),
        micros(report.baseline_us),
        report.axum_empty_ratio,
    )
}

/// Formats microseconds with about three digits.
fn micros(time: f64) -> String {
    match time {
        ..10.0 => format!("{time:.2}"),
        ..100.0 => format!("{time:.1}"),
        _ => format!("{time:.0}"),
    }
}

/// Formats a whole number, and a small negative one as 0.
///
/// The memory that a start frees can exceed the memory that it keeps.
pub(super) fn whole(number: f64) -> String {
    // The sum makes a negative zero positive.
    format!("{:.0}", number.round() + 0.0)
}

#[cfg(test)]
mod tests {
    use super::{micros, whole};

    #[test]
    fn micros_keep_about_three_digits() {
        assert_eq!([0.254, 24.36, 812.4].map(micros), ["0.25", "24.4", "812"]);
    }

    #[test]
    fn small_negative_number_is_zero() {
        assert_eq!([-0.2, 0.4, 1234.6].map(whole), ["0", "0", "1235"]);
    }
}
