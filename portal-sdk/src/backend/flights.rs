//! [`Flights`]: single flight. Concurrent callers with the same key share one call, which outlives the caller that
//! started it.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::alarm::Alarm;
use crate::effect::BackendError;

/// The age at which a call in progress counts as abandoned.
///
/// Its runtime is then no longer driven, because the default time limit of a call is far shorter (5 seconds).
const ABANDONED_AFTER: Duration = Duration::from_secs(60);

/// The calls in progress, by key.
pub(crate) struct Flights<K, T> {
    under_way: Arc<Mutex<UnderWay<K, T>>>,
    /// Stops callers from waiting longer than the limit.
    alarm: Option<Alarm<watch::Sender<Stage<T>>>>,
    abandoned_after: Duration,
}

/// The calls, and their start.
type UnderWay<K, T> = HashMap<K, (watch::Receiver<Stage<T>>, Instant)>;

/// The progress of a call.
#[derive(Debug)]
enum Stage<T> {
    Flying,
    /// The call takes longer than callers wait.
    Late,
    Landed(T),
}

/// The end of waiting for a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Landing<T> {
    /// The call's result.
    Result(T),
    /// The call takes longer than this. It is still in progress.
    Late(Duration),
    /// The call ended without a result.
    ///
    /// Its runtime was shut down, or the caller that ran it was dropped.
    Lost,
}

impl<T> Landing<Result<T, BackendError>> {
    /// Returns the call's result; a late or lost call is an outage.
    pub(crate) fn into_answer(self) -> Result<T, BackendError> {
        match self {
            Self::Result(answer) => answer,
            Self::Late(limit) => Err(BackendError::timeout(limit)),
            Self::Lost => Err(BackendError::given_up()),
        }
    }
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Creates flights whose callers wait for at most `limit`, from a call's start.
    pub(crate) fn with_limit(limit: Duration) -> Self {
        let ring = |flight: &watch::Sender<Stage<T>>| {
            flight.send_if_modified(|stage| {
                let is_flying = matches!(stage, Stage::Flying);
                if is_flying {
                    *stage = Stage::Late;
                }
                is_flying
            });
        };
        Self {
            alarm: Some(Alarm::new(limit, ring)),
            ..Self::default()
        }
    }

    /// Returns the result of the call for `key`. Starts `work` unless such a call is in progress.
    ///
    /// The call runs as a separate task, so that it completes even if the caller is dropped; without a tokio runtime
    /// the caller runs it, and waits for its end.
    pub(crate) async fn join<F>(&self, key: K, work: impl FnOnce() -> F) -> Landing<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut stage = match self.board(key) {
            Boarded::Passenger(stage) => stage,
            Boarded::Leader(flight, stage) => {
                let flying = flight.fly(work());
                match Handle::try_current() {
                    Ok(runtime) => drop(runtime.spawn(flying)),
                    Err(_) => flying.await,
                }
                stage
            }
        };
        let landed = stage.wait_for(|stage| !matches!(stage, Stage::Flying)).await;
        match landed.as_deref() {
            Ok(Stage::Landed(result)) => Landing::Result(result.clone()),
            Ok(Stage::Late | Stage::Flying) => Landing::Late(self.alarm.as_ref().map_or(Duration::MAX, Alarm::limit)),
            Err(_) => Landing::Lost,
        }
    }

    /// Starts the call for `key` as a task, unless one is in progress. Returns `false` without a tokio runtime.
    pub(crate) fn start<F>(&self, key: K, work: impl FnOnce() -> F) -> bool
    where
        F: Future<Output = T> + Send + 'static,
    {
        let Ok(runtime) = Handle::try_current() else {
            return false;
        };
        if let Boarded::Leader(flight, _) = self.board(key) {
            drop(runtime.spawn(flight.fly(work())));
        }
        true
    }

    /// Returns `true` if a call for `key` is in progress and takes longer than callers wait.
    pub(crate) fn is_late(&self, key: &K) -> bool {
        let under_way = lock(&self.under_way);
        let stage = self.current(&under_way, key);
        stage.is_some_and(|stage| matches!(*stage.borrow(), Stage::Late))
    }

    /// Returns the call in progress, unless it is abandoned.
    fn current<'u>(&self, under_way: &'u UnderWay<K, T>, key: &K) -> Option<&'u watch::Receiver<Stage<T>>> {
        let (stage, start) = under_way.get(key)?;
        (start.elapsed() < self.abandoned_after).then_some(stage)
    }

    fn board(&self, key: K) -> Boarded<K, T> {
        let mut under_way = lock(&self.under_way);
        if let Some(stage) = self.current(&under_way, &key) {
            return Boarded::Passenger(stage.clone());
        }
        let (progress, stage) = watch::channel(Stage::Flying);
        let progress = Arc::new(progress);
        under_way.insert(key.clone(), (stage.clone(), Instant::now()));
        drop(under_way);
        let flight = Flight {
            under_way: self.under_way.clone(),
            key,
            progress,
            stage: stage.clone(),
        };
        // Unlocked, because setting the alarm may ring for other calls, which wakes their callers.
        if let Some(alarm) = &self.alarm {
            alarm.set(&flight.progress);
        }
        Boarded::Leader(flight, stage)
    }
}

impl<K, T> Flights<K, T> {
    /// Returns the number of calls in progress.
    pub(crate) fn len(&self) -> usize {
        lock(&self.under_way).len()
    }
}

/// Flights without a limit on the wait.
impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self {
            under_way: Arc::default(),
            alarm: None,
            abandoned_after: ABANDONED_AFTER,
        }
    }
}

impl<K, T> fmt::Debug for Flights<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys may be secrets.
        f.debug_struct("Flights")
            .field("under_way", &self.len())
            .finish_non_exhaustive()
    }
}

enum Boarded<K: Eq + Hash, T> {
    Passenger(watch::Receiver<Stage<T>>),
    Leader(Flight<K, T>, watch::Receiver<Stage<T>>),
}

/// A call in progress. Dropping it removes it from the map.
struct Flight<K: Eq + Hash, T> {
    under_way: Arc<Mutex<UnderWay<K, T>>>,
    key: K,
    progress: Arc<watch::Sender<Stage<T>>>,
    /// Identifies this call in the map.
    stage: watch::Receiver<Stage<T>>,
}

impl<K: Eq + Hash, T> Flight<K, T> {
    async fn fly(self, work: impl Future<Output = T>) {
        let result = work.await;
        self.progress.send_replace(Stage::Landed(result));
    }
}

impl<K: Eq + Hash, T> Drop for Flight<K, T> {
    fn drop(&mut self) {
        let mut under_way = lock(&self.under_way);
        // The entry may belong to the call that replaced this one.
        let is_own = |(stage, _): &(watch::Receiver<_>, _)| stage.same_channel(&self.stage);
        if under_way.get(&self.key).is_some_and(is_own) {
            under_way.remove(&self.key);
        }
    }
}

fn lock<K, T>(under_way: &Mutex<UnderWay<K, T>>) -> MutexGuard<'_, UnderWay<K, T>> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Waker};

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn callers_share_a_call_that_outlives_the_first_caller() {
        let (flights, gate, calls) = (
            Flights::default(),
            Arc::new(Semaphore::new(0)),
            Arc::new(AtomicUsize::new(0)),
        );
        let call = || {
            let (gate, calls) = (gate.clone(), calls.clone());
            async move {
                calls.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                "result"
            }
        };
        let mut cx = Context::from_waker(Waker::noop());
        let mut first = Box::pin(flights.join("key", call));
        assert!(first.as_mut().poll(&mut cx).is_pending());
        drop(first);
        let mut second = Box::pin(flights.join("key", call));
        assert!(second.as_mut().poll(&mut cx).is_pending());
        gate.add_permits(1);
        assert_eq!(second.await, Landing::Result("result"));
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        // The call has ended: the next caller starts another.
        gate.add_permits(1);
        assert_eq!(flights.join("key", call).await, Landing::Result("result"));
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn caller_without_a_runtime_runs_the_call() {
        let flights: Flights<(), u8> = Flights::default();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(!flights.start((), || async { 1 }));
        let ready = Box::pin(flights.join((), || async { 1 })).as_mut().poll(&mut cx);
        assert_eq!(ready, Poll::Ready(Landing::Result(1)));
        // A dropped caller leaves no entry in the map.
        let mut given_up = Box::pin(flights.join((), pending));
        assert!(given_up.as_mut().poll(&mut cx).is_pending());
        drop(given_up);
        let ready = Box::pin(flights.join((), || async { 2 })).as_mut().poll(&mut cx);
        assert_eq!(ready, Poll::Ready(Landing::Result(2)));
    }

    #[test]
    fn call_that_ends_with_its_runtime_has_no_result() {
        let flights: Flights<(), u8> = Flights::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let mut waiting = Box::pin(flights.join((), pending));
        {
            let _inside = runtime.enter();
            assert!(waiting.as_mut().poll(&mut cx).is_pending());
        }
        drop(runtime);
        assert_eq!(waiting.as_mut().poll(&mut cx), Poll::Ready(Landing::Lost));
    }

    #[test]
    fn call_whose_runtime_is_not_driven_is_replaced() {
        let flights: Flights<(), u8> = Flights {
            abandoned_after: Duration::ZERO,
            ..Flights::default()
        };
        let idle = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let driven = tokio::runtime::Builder::new_current_thread().build().unwrap();
        {
            let _inside = idle.enter();
            assert!(flights.start((), pending));
        }
        assert_eq!(driven.block_on(flights.join((), || async { 2 })), Landing::Result(2));
        assert_eq!(flights.len(), 0);
        // The end of a replaced call leaves the entry of its successor.
        for runtime in [&idle, &driven] {
            let _inside = runtime.enter();
            assert!(flights.start((), pending));
        }
        drop(idle);
        assert_eq!(flights.len(), 1);
        drop(driven);
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn late_call_continues_without_its_callers() {
        let flights = Flights::with_limit(Duration::from_millis(1));
        let gate = Arc::new(Semaphore::new(0));
        let call = || {
            let gate = gate.clone();
            async move { gate.acquire().await.map(tokio::sync::SemaphorePermit::forget).is_ok() }
        };
        assert_eq!(flights.join("key", call).await, Landing::Late(Duration::from_millis(1)));
        assert!(flights.is_late(&"key"));
        // A caller that comes later does not wait at all.
        let mut cx = Context::from_waker(Waker::noop());
        let at_once = Box::pin(flights.join("key", call)).as_mut().poll(&mut cx);
        assert_eq!(at_once, Poll::Ready(Landing::Late(Duration::from_millis(1))));
        assert_eq!(flights.len(), 1);
        gate.add_permits(1);
        while flights.len() > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn limit_applies_without_a_timer_of_the_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let flights: Flights<(), u8> = Flights::with_limit(Duration::from_millis(1));
        assert_eq!(
            runtime.block_on(flights.join((), pending)),
            Landing::Late(Duration::from_millis(1))
        );
    }
}
