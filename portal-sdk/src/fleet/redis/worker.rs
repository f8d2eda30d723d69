//! The thread that maintains the connection.
//!
//! It has its own runtime, so that authenticators may be built outside a runtime, in one without timers, or in one
//! that ends before them.

use std::future::{Future as _, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::time::{Instant, sleep_until, timeout};

use super::super::FleetEvent;
use super::connection::{Connection, KEPT_AFTER_END};
use super::link::{Link, ThreadGuard};
use super::problem::Problem;
use super::sent::Sent;
use crate::clock::{Clock as _, SystemClock};
use crate::jitter;

/// The pause after the first failure. It doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause. A connection that lasts longer ends the series of failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// The longest silence before the connection is checked, for a time limit beyond the range of the clock.
const LONGEST_SILENCE: Duration = Duration::from_secs(60 * 60);
/// The part of a pause that is waited, in percent, so that replicas do not reconnect at the same moment.
const JITTER: (f64, f64) = (20.0, 100.0);

/// Starts the thread.
pub(super) fn start(link: Arc<Link>) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = thread::Builder::new().name("portal-fleet".to_owned());
    thread.spawn(move || {
        let guard = ThreadGuard(link);
        let link = &*guard.0;
        let mut panics = 0;
        // A custom clock or a subscriber of log lines may panic. The replica must learn of sign-outs afterwards, too.
        while catch_unwind(AssertUnwindSafe(|| runtime.block_on(keep_connected(link)))).is_err() {
            link.panicked();
            // An event that is stored may cause it each time.
            runtime.block_on(wait(link, panics));
            panics += 1;
        }
        // Not awaited, because a DNS look-up may hang in the operating system.
        runtime.shutdown_background();
    })?;
    Ok(())
}

async fn keep_connected(link: &Link) {
    let mut failures = 0;
    let mut sent = Sent::default();
    while !link.is_closed() {
        let problem = match Connection::open(&link.address, &link.names, link.limit).await {
            Err(problem) => problem,
            Ok(connection) => {
                let since = Instant::now();
                let Err(problem) = converse(link, &mut sent, connection).await else {
                    return;
                };
                if since.elapsed() > LONGEST_PAUSE {
                    failures = 0;
                }
                problem
            }
        };
        link.lost(&problem);
        wait(link, failures).await;
        failures += 1;
    }
}

/// Waits before the next attempt. Only the end of the fleet cuts it.
async fn wait(link: &Link, failures: u32) {
    // A back-off, so that many replicas do not overwhelm a server that starts.
    let _ = timeout(pause(failures, jitter::random()), link.closed.notified()).await;
}

fn pause(failures: u32, random: u64) -> Duration {
    let factor = 2_u32.saturating_pow(failures);
    let pause = FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE);
    jitter::part(pause, JITTER, random)
}

/// Exchanges events until the fleet ends.
async fn converse(link: &Link, sent: &mut Sent, mut connection: Connection) -> Result<(), Problem> {
    // After the subscription, so that each event is stored before this or arrives as a message.
    link.set_must_read();
    let mut is_new = true;
    let mut answered = Instant::now();
    loop {
        link.hear(&connection.arrived());
        if link.take_must_read() | connection.take_has_missed() {
            read_stored(link, sent, &mut connection).await?;
            answered = answered_now(link);
        }
        let has_sent = send_batch(link, sent, &mut connection).await?;
        // Reported only now, because a server that refuses each message is not back.
        if std::mem::take(&mut is_new) {
            link.connected();
        }
        if has_sent {
            answered = answered_now(link);
            continue;
        }
        if link.is_closed() {
            return Ok(());
        }
        let silent_at = answered + link.limit.min(LONGEST_SILENCE);
        match next(link, &mut connection, silent_at).await {
            Next::Events(events) => link.hear(&events),
            Next::Woken => {}
            // A connection whose server is gone is silent too, so a silent server must respond.
            Next::Silence => {
                connection.ping().await?;
                answered = answered_now(link);
            }
            Next::Closed => return Err(Problem::closed()),
        }
    }
}

/// Notes an answer. The messages before it have arrived, because a connection keeps their order.
fn answered_now(link: &Link) -> Instant {
    link.answered(SystemClock.now());
    Instant::now()
}

async fn read_stored(link: &Link, sent: &mut Sent, connection: &mut Connection) -> Result<(), Problem> {
    let now = SystemClock.now();
    match connection.stored(&link.names, link.away_since(now)).await {
        Ok(events) => {
            link.give_back(sent.take_lost(&events, now));
            link.hear(&events);
        }
        Err(problem) if problem.concerns_storing_only() => link.stored(Some(&problem)),
        Err(problem) => return Err(problem),
    }
    Ok(())
}

/// Sends the next events. Returns `true` if some were waiting.
async fn send_batch(link: &Link, sent: &mut Sent, connection: &mut Connection) -> Result<bool, Problem> {
    let batch = link.take_batch(SystemClock.now() - KEPT_AFTER_END);
    if batch.is_empty() {
        return Ok(false);
    }
    match send(link, connection, &batch).await {
        Ok(()) => {
            sent.add(batch, SystemClock.now());
            Ok(true)
        }
        Err(problem) => {
            link.give_back(batch);
            Err(problem)
        }
    }
}

async fn send(link: &Link, connection: &mut Connection, batch: &[FleetEvent]) -> Result<(), Problem> {
    // Stored first: a replica that subscribes meanwhile reads the stored events afterwards.
    match connection.store(&link.names, batch, SystemClock.now()).await {
        Ok(()) => link.stored(None),
        Err(problem) if problem.concerns_storing_only() => link.stored(Some(&problem)),
        Err(problem) => return Err(problem),
    }
    connection.publish(&link.names, batch).await
}

/// The next thing to do.
enum Next {
    Events(Vec<FleetEvent>),
    Woken,
    Silence,
    Closed,
}

/// Waits for a message, a wake-up, or the time `silent_at`.
async fn next(link: &Link, connection: &mut Connection, silent_at: Instant) -> Next {
    let mut woken = pin!(link.wake.notified());
    // A timer, because nothing else notices a connection that hangs.
    let mut silence = pin!(sleep_until(silent_at));
    poll_fn(|cx| {
        if let Poll::Ready(message) = connection.poll_message(cx) {
            return Poll::Ready(message.map_or(Next::Closed, Next::Events));
        }
        if woken.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Next::Woken);
        }
        silence.as_mut().poll(cx).map(|()| Next::Silence)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_a_limit_and_vary() {
        let longest: Vec<_> = [0, 1, 5, 6, 40, u32::MAX]
            .map(|failures| pause(failures, u64::MAX))
            .into();
        let millis = [250, 500, 8_000, 15_000, 15_000, 15_000];
        assert_eq!(longest, millis.map(Duration::from_millis));
        assert_eq!(pause(0, 0), Duration::from_millis(50));
        assert_eq!(pause(40, 0), Duration::from_secs(3));
    }
}
