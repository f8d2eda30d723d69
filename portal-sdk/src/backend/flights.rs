//! [`Flights`]: single flight. Concurrent callers with the same key share one call, which outlives the caller that
//! started it.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;

/// The calls in progress, by key.
pub(crate) struct Flights<K, T> {
    under_way: Arc<Mutex<UnderWay<K, T>>>,
}

type UnderWay<K, T> = HashMap<K, watch::Receiver<Option<T>>>;

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Returns the result of the call for `key`. Starts `work` unless such a call is in progress.
    ///
    /// The call runs as a separate task, so that it completes even if the caller is dropped; without a tokio runtime
    /// the caller runs it.
    ///
    /// Returns `None` if the call ended without a result, because its runtime was shut down or the caller that ran it
    /// was dropped.
    pub(crate) async fn join<F>(&self, key: K, work: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut landing = match self.board(key) {
            Boarded::Passenger(landing) => landing,
            Boarded::Leader(flight, landing) => {
                let flying = flight.fly(work());
                match Handle::try_current() {
                    Ok(runtime) => drop(runtime.spawn(flying)),
                    Err(_) => flying.await,
                }
                landing
            }
        };
        let landed = landing.wait_for(Option::is_some).await;
        landed.ok().and_then(|result| result.clone())
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

    fn board(&self, key: K) -> Boarded<K, T> {
        let mut under_way = lock(&self.under_way);
        if let Some(landing) = under_way.get(&key) {
            return Boarded::Passenger(landing.clone());
        }
        let (result, landing) = watch::channel(None);
        under_way.insert(key.clone(), landing.clone());
        let flight = Flight {
            under_way: self.under_way.clone(),
            key,
            result,
        };
        Boarded::Leader(flight, landing)
    }
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self {
            under_way: Arc::default(),
        }
    }
}

impl<K, T> fmt::Debug for Flights<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys may be secrets.
        f.debug_struct("Flights")
            .field("under_way", &lock(&self.under_way).len())
            .finish()
    }
}

enum Boarded<K: Eq + Hash, T> {
    Passenger(watch::Receiver<Option<T>>),
    Leader(Flight<K, T>, watch::Receiver<Option<T>>),
}

/// A call in progress. Dropping it removes it from the map.
struct Flight<K: Eq + Hash, T> {
    under_way: Arc<Mutex<UnderWay<K, T>>>,
    key: K,
    result: watch::Sender<Option<T>>,
}

impl<K: Eq + Hash, T> Flight<K, T> {
    async fn fly(self, work: impl Future<Output = T>) {
        let result = work.await;
        self.result.send_replace(Some(result));
    }
}

impl<K: Eq + Hash, T> Drop for Flight<K, T> {
    fn drop(&mut self) {
        lock(&self.under_way).remove(&self.key);
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
    async fn callers_share_a_call_that_outlives_the_first_of_them() {
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
        assert_eq!(second.await, Some("result"));
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        // The call has ended: the next caller starts another.
        gate.add_permits(1);
        assert_eq!(flights.join("key", call).await, Some("result"));
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn caller_without_a_runtime_runs_the_call() {
        let flights: Flights<(), u8> = Flights::default();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(!flights.start((), || async { 1 }));
        let ready = Box::pin(flights.join((), || async { 1 })).as_mut().poll(&mut cx);
        assert_eq!(ready, Poll::Ready(Some(1)));
        // A dropped caller leaves no entry in the map.
        let mut given_up = Box::pin(flights.join((), pending));
        assert!(given_up.as_mut().poll(&mut cx).is_pending());
        drop(given_up);
        let ready = Box::pin(flights.join((), || async { 2 })).as_mut().poll(&mut cx);
        assert_eq!(ready, Poll::Ready(Some(2)));
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
        assert_eq!(waiting.as_mut().poll(&mut cx), Poll::Ready(None));
    }
}
