//! [`Work`] and [`alternate`]: several kinds of work, each measured once per round.

use std::time::Duration;

use super::Plan;
use super::clock::Stopwatch;

/// One kind of work, such as a request of one kind to one service.
pub(super) struct Work<'w> {
    /// Runs once before each round, outside of the measurement.
    prepare: Box<dyn FnMut() + 'w>,
    /// One request.
    one: Box<dyn FnMut() + 'w>,
    /// The most requests between two preparations.
    limit: usize,
}

impl<'w> Work<'w> {
    pub(super) fn new(one: impl FnMut() + 'w) -> Self {
        Self {
            prepare: Box::new(|| {}),
            one: Box::new(one),
            limit: usize::MAX,
        }
    }

    /// Runs `prepare` before each batch of at most `limit` requests.
    pub(super) fn with_preparation(self, limit: usize, prepare: impl FnMut() + 'w) -> Self {
        Self {
            prepare: Box::new(prepare),
            limit,
            ..self
        }
    }

    fn batch(&mut self, size: usize) -> Duration {
        (self.prepare)();
        let start = Stopwatch::start();
        for _ in 0..size {
            (self.one)();
        }
        start.elapsed()
    }

    /// Returns a batch size that takes at least `shortest`.
    fn batch_size(&mut self, shortest: Duration) -> usize {
        let mut size = 1;
        loop {
            let time = self.batch(size);
            if time >= shortest || size >= self.limit {
                return size;
            }
            let factor = shortest.as_secs_f64() / time.as_secs_f64().max(1e-9);
            size = ((size as f64 * factor.clamp(1.1, 8.0)).ceil() as usize).min(self.limit);
        }
    }
}

/// Returns the microseconds per request of each work in each round.
///
/// Each round begins with another kind of work, so that no kind always follows the same one.
pub(super) fn alternate(works: &mut [Work<'_>], plan: Plan) -> Vec<Vec<f64>> {
    let sizes: Vec<_> = works.iter_mut().map(|work| work.batch_size(plan.batch)).collect();
    let mut times = vec![Vec::with_capacity(plan.rounds); works.len()];
    for round in 0..plan.rounds {
        for turn in 0..works.len() {
            let index = (round + turn) % works.len();
            let time = works[index].batch(sizes[index]);
            times[index].push(time.as_secs_f64() * 1e6 / sizes[index] as f64);
        }
    }
    times
}
