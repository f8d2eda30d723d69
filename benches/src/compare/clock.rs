//! [`Stopwatch`]: the processor time of this thread.

use std::time::Duration;

/// Measures the processor time of this thread, which other processes do not change.
///
/// Measures wall-clock time where the system does not report it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch(Duration);

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self(now())
    }

    pub(super) fn elapsed(self) -> Duration {
        now().saturating_sub(self.0)
    }
}

#[cfg(unix)]
fn now() -> Duration {
    duration(rustix::time::ClockId::ThreadCPUTime)
}

#[cfg(not(unix))]
fn now() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// Returns the processor time of all threads of this process; `None` where the system does not report it.
#[cfg(unix)]
pub(super) fn process_time() -> Option<Duration> {
    Some(duration(rustix::time::ClockId::ProcessCPUTime))
}

/// Returns the processor time of all threads of this process; `None` where the system does not report it.
#[cfg(not(unix))]
pub(super) fn process_time() -> Option<Duration> {
    None
}

#[cfg(unix)]
fn duration(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    // A processor time is positive.
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}
