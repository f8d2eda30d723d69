//! Counts allocations per request and the memory that tokens leave behind, and prints them as one JSON object.

use std::convert::Infallible;
use std::hint::black_box;
use std::io::{self, Write as _};

use allocation_counter::{AllocationInfo, measure};
use clap::Parser;
use http::Request;
use portal_bench::allocations::Allocations;
use portal_bench::fixture::Clerk;
use portal_bench::services::{Driver, authenticated, baseline};
use portal_bench::{Outcome, rounded};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::testing::FakeBackend;
use tower::{Service, service_fn};

/// Count allocations per request and the memory of tokens.
#[derive(Debug, Parser)]
struct Options {
    /// Distinct tokens.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    tokens: u32,
}

fn main() -> Outcome {
    let Options { tokens } = Options::parse();
    let driver = Driver::new();
    let allocations = driver.within(|| count(&driver, tokens as usize));
    let mut out = io::stdout();
    serde_json::to_writer(&mut out, &allocations)?;
    writeln!(out)?;
    Ok(())
}

fn count(driver: &Driver, count: usize) -> Allocations {
    let clerk = Clerk::new();
    let tokens: Vec<_> = (0..count).map(|number| clerk.token(number)).collect();
    let forged: Vec<_> = (0..count.min(100)).map(|number| clerk.forged_token(number)).collect();
    let signed_in: Vec<_> = tokens.iter().map(|token| clerk.signed_in(token)).collect();
    let forged: Vec<_> = forged.iter().map(|token| clerk.signed_in(token)).collect();
    let same = vec![clerk.signed_in(&tokens[0]); signed_in.len()];
    let signed_out = vec![clerk.signed_out(); signed_in.len()];

    let layer = |authenticator| authenticated(authenticator);
    let over_baseline = |authenticator: Authenticator<FakeBackend>, requests: &[Request<()>]| {
        let baseline = per_request(driver, service_fn(baseline), requests);
        // A response that does not depend on the user gets none of the baseline's fields.
        (per_request(driver, layer(authenticator), requests) - baseline).max(0.0)
    };
    let [first, all] = [1, count].map(|count| memory(driver, &clerk, &tokens[..count]).bytes_current);
    Allocations {
        baseline: per_request(driver, service_fn(baseline), &same),
        warm: over_baseline(clerk.authenticator(), &same),
        warm_jwks: over_baseline(clerk.authenticator_with_key_set(), &same),
        cold: over_baseline(clerk.authenticator(), &signed_in),
        signed_out: over_baseline(clerk.authenticator(), &signed_out),
        forged_known: over_baseline(clerk.authenticator(), &forged),
        token_bytes: rounded(tokens.iter().map(String::len).sum::<usize>() as f64 / count as f64),
        cached_token_bytes: rounded((all - first) as f64 / (count - 1) as f64),
        authenticator_bytes: first,
    }
}

/// Returns the mean of all requests but the first one, which fills the caches and fetches the keys.
fn per_request<S>(driver: &Driver, mut service: S, requests: &[Request<()>]) -> f64
where
    S: Service<Request<()>, Error = Infallible>,
{
    let (first, rest) = requests.split_first().expect("there are requests");
    drop(driver.call(&mut service, first.clone()));
    let counted = measure(|| {
        for request in rest {
            black_box(driver.call(&mut service, request.clone()));
        }
    });
    counted.count_total as f64 / rest.len() as f64
}

/// Measures a new authenticator that has accepted these tokens.
///
/// The requests are created and dropped during the measurement, because a cache that keeps a part of a request would
/// keep its whole buffer.
fn memory(driver: &Driver, clerk: &Clerk, tokens: &[String]) -> AllocationInfo {
    let mut kept = None;
    let counted = measure(|| {
        let authenticator = clerk.authenticator();
        let mut service = authenticated(authenticator.clone());
        for token in tokens {
            drop(driver.call(&mut service, clerk.signed_in(token)));
        }
        kept = Some(authenticator);
    });
    drop(kept);
    counted
}
