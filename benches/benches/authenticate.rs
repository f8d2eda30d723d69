//! The cost of authentication per request, without any fetch.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use portal_bench::Bench;

fn authenticate(criterion: &mut Criterion) {
    let bench = Bench::new();
    for (name, parts) in [
        ("signed out", bench.signed_out()),
        ("signed in, first sight of the token", bench.signed_in()),
    ] {
        let state = bench
            .authenticator
            .try_authenticate(&parts)
            .expect("nothing must be fetched")
            .state;
        assert_eq!(state.claims().is_some(), name.starts_with("signed in"));
        criterion.bench_function(name, |b| {
            b.iter(|| bench.authenticator.try_authenticate(black_box(&parts)));
        });
    }
}

criterion_group!(benches, authenticate);
criterion_main!(benches);
