//! Two threads against one, with a clone of the service each.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use http::Request;
use tower::{Service, service_fn};

use super::Plan;
use crate::fixture::Clerk;
use crate::services::{Driver, authenticated, baseline};
use crate::{median, rounded};

/// Requests from which the number of a round is estimated.
const PILOT: usize = 1_000;

/// Returns the ratio of requests per second of two threads to one: for warm requests, and for the baseline.
///
/// Each is the median of all rounds, by the machine's time, so other processes make it smaller. On a single core it is
/// about 1. The threads of the baseline share nothing, so its ratio is what the machine allows.
pub(super) fn measure(clerk: &Clerk, plan: Plan) -> [f64; 2] {
    let ours = authenticated(clerk.authenticator());
    let least = service_fn(baseline);
    let enough = |time: f64| (plan.batch.as_secs_f64() * 2.0 * PILOT as f64 / time.max(1e-9)).ceil() as usize;
    // Rounds of twice the batch, because threads start at slightly different times.
    let requests = [
        enough(round(&ours, clerk, 1, PILOT)),
        enough(round(&least, clerk, 1, PILOT)),
    ];
    let mut ratios = [Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        ratios[0].push(ratio(&ours, clerk, requests[0]));
        ratios[1].push(ratio(&least, clerk, requests[1]));
    }
    ratios.map(|ratios| rounded(median(ratios).unwrap_or(f64::NAN)))
}

fn ratio<S>(service: &S, clerk: &Clerk, requests: usize) -> f64
where
    S: Service<Request<()>, Error = Infallible> + Clone + Send,
{
    2.0 * round(service, clerk, 1, requests) / round(service, clerk, 2, requests)
}

/// Returns the seconds that the slowest of some threads takes for its requests.
fn round<S>(service: &S, clerk: &Clerk, threads: usize, requests: usize) -> f64
where
    S: Service<Request<()>, Error = Infallible> + Clone + Send,
{
    let token = clerk.token(0);
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
                            drop(black_box(driver.call(&mut service, request.clone())));
                        }
                        start.elapsed()
                    })
                })
            })
            .collect();
        let times = running.into_iter().filter_map(|thread| thread.join().ok());
        times.max().unwrap_or(Duration::ZERO).as_secs_f64()
    })
}
