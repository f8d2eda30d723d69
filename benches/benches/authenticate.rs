//! The time of each step of authentication, without any fetch.

use criterion::{Criterion, criterion_group, criterion_main};
use portal_bench::steps::steps;

fn authenticate(criterion: &mut Criterion) {
    for mut step in steps() {
        let name = step.name;
        criterion.bench_function(name, |bencher| bencher.iter(|| step.run()));
    }
}

criterion_group!(benches, authenticate);
criterion_main!(benches);
