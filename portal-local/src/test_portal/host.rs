//! The thread of a test portal, and the way to run work there from any other thread.

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::block_in_place;

use crate::config::LocalPortalBuilder;
use crate::portal::LocalPortal;

/// In real time, whatever clocks the test has.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time for work in progress to end with the portal.
const END_PATIENCE: Duration = Duration::from_secs(3);
/// Two, so that a handler that blocks does not stop the portal that it calls.
const WORKERS: usize = 2;

/// A portal and its thread, which ends with it.
pub(super) struct Host {
    portal: Arc<LocalPortal>,
    driver: Driver,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    pub(super) fn start(builder: LocalPortalBuilder) -> Result<Self, String> {
        let (started, is_started) = mpsc::channel();
        let (stop, is_stopped) = oneshot::channel();
        let serve = move || {
            let (runtime, portal) = match start(builder) {
                Ok(running) => running,
                Err(problem) => return drop(started.send(Err(problem))),
            };
            let running = (Arc::clone(&portal), runtime.handle().clone());
            if started.send(Ok(running)).is_ok() {
                let _ = runtime.block_on(is_stopped);
            }
            drop(portal);
            runtime.shutdown_timeout(END_PATIENCE);
        };
        let thread = thread::Builder::new().name("test-portal".to_owned()).spawn(serve);
        let thread = thread.map_err(|error| format!("no new thread: {error}; run fewer tests at once"))?;
        match is_started.recv_timeout(PATIENCE) {
            Ok(Ok((portal, handle))) => Ok(Self {
                portal,
                driver: Driver { handle },
                stop: Some(stop),
                thread: Some(thread),
            }),
            Ok(Err(problem)) => Err(problem),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(format!(
                "nothing within {} seconds; is the machine busy, or its disk?",
                PATIENCE.as_secs()
            )),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err("a panic of its thread, whose message is in the test's output".to_owned())
            }
        }
    }

    pub(super) fn portal(&self) -> &Arc<LocalPortal> {
        &self.portal
    }

    pub(super) fn driver(&self) -> &Driver {
        &self.driver
    }
}

fn start(builder: LocalPortalBuilder) -> Result<(Runtime, Arc<LocalPortal>), String> {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(WORKERS).thread_name("test-portal").enable_all();
    let runtime = runtime
        .build()
        .map_err(|error| format!("no runtime: {error}; run fewer tests at once"))?;
    let portal = runtime.block_on(builder.start()).map_err(|error| error.to_string())?;
    Ok((runtime, Arc::new(portal)))
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// Runs work on a test portal's runtime and blocks until it is done.
#[derive(Clone)]
pub(super) struct Driver {
    handle: Handle,
}

impl Driver {
    /// Returns the result of `work`; a panic of it is the caller's.
    #[track_caller]
    pub(super) fn run<T: Send + 'static>(&self, what: &str, work: impl Future<Output = T> + Send + 'static) -> T {
        let (done, is_done) = mpsc::channel();
        let task = self.handle.spawn(work);
        let stop = task.abort_handle();
        // Not `block_on`: it panics inside of another runtime.
        self.handle.spawn(async move {
            let _ = done.send(task.await);
        });
        let wait = || is_done.recv_timeout(PATIENCE);
        // A worker that only blocked would keep the work that it has just spawned to itself.
        let is_worker = Handle::try_current().is_ok_and(|current| current.id() == self.handle.id());
        let result = if is_worker { block_in_place(wait) } else { wait() };
        match result {
            Ok(Ok(value)) => value,
            Ok(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
            Ok(Err(_)) | Err(mpsc::RecvTimeoutError::Disconnected) => {
                panic!("expected {what} to end, found that its test portal has been dropped; keep the portal longer")
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                stop.abort();
                panic!(
                    "expected {what} to end within {} seconds, found it waiting; a stream has to end, and a server on the \
                     runtime of the test cannot answer while the test blocks: serve it on another thread",
                    PATIENCE.as_secs()
                )
            }
        }
    }
}
