//! Two threads against one, with a clone of the service each.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::Plan;
use crate::fixture::Clerk;
use crate::services::{Driver, authenticated};
use crate::{median, rounded};

/// Returns the ratio of warm requests per second of two threads and one.
///
/// The ratio is the median of all rounds, measured in wall-clock time, so other processes lower it.
/// On a single core it is about 1.
pub(super) fn measure(clerk: &Clerk, plan: Plan) -> f64 {
    let service = authenticated(clerk.authenticator());
    let token = clerk.token(0);
    let round = |threads: usize, requests: usize| {
        let barrier = Barrier::new(threads);
        thread::scope(|scope| {
            let running: Vec<_> = (0..threads)
                .map(|_| {
                    // A server's threads read requests from separate connections, so their bytes are not shared.
                    let (mut service, request, barrier) = (service.clone(), clerk.signed_in(&token), &barrier);
                    scope.spawn(move || {
                        let driver = Driver::new();
                        driver.within(|| {
                            drop(driver.call(&mut service, request.clone()));
                            barrier.wait();
                            let start = Instant::now();
                            for _ in 0..requests {
                                black_box(driver.call(&mut service, request.clone()));
                            }
                            start.elapsed()
                        })
                    })
                })
                .collect();
            let times = running.into_iter().filter_map(|thread| thread.join().ok());
            times.max().unwrap_or(Duration::ZERO).as_secs_f64()
        })
    };
    // Rounds of twice the batch, because threads start at slightly different times.
    let pilot = 1_000;
    let requests = (plan.batch.as_secs_f64() * 2.0 * pilot as f64 / round(1, pilot).max(1e-9)).ceil() as usize;
    let ratios = (0..plan.rounds).map(|_| {
        let (one, two) = (round(1, requests), round(2, requests));
        2.0 * one / two
    });
    rounded(median(ratios.collect()).unwrap_or(f64::NAN))
}
