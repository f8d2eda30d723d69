//! Sign-out storms: many sessions end within a minute, and the fleet tells all replicas.
//!
//! The events and the table of ended sessions are the library's. The transport is a model: a broker that writes each
//! replica's events in batches to one link.

use std::fmt;
use std::time::Duration;

use portal_sdk::clock::UnixTime;
use portal_sdk::effect::EndedSessions;
use portal_sdk::fleet::{FleetEvent, SessionEndReason};
use portal_sdk::token::SessionId;

use super::Scale;
use super::random::Random;
use crate::Outcome;

const START: UnixTime = UnixTime::from_secs(1_800_000_000);
/// The time in which the sessions of a storm end.
const STORM_MILLIS: u64 = 60_000;
/// Modelled: the shortest and longest time until a webhook arrives.
const WEBHOOK_MILLIS: (u64, u64) = (500, 3_000);
/// Modelled: one way between a replica and the broker.
const HOP_MILLIS: u64 = 1;
/// Modelled: the broker collects a replica's events for this time and writes them at once.
const BATCH_MILLIS: u64 = 10;
/// Modelled: the broker's link, 10 Gbit/s.
const LINK_BYTES_PER_MILLI: u64 = 1_250_000;
/// The longest time for which an ended session is remembered with the defaults: a token's lifetime, twice the clock skew,
/// and up to ten seconds of rounding.
const REMEMBERED: Duration = Duration::from_secs(80);
/// The most sessions that a replica remembers; see `EndedSessions`.
const MAX_ENDED_SESSIONS: usize = 131_072;
/// The longest time until the last connection is closed if the link has room.
const MAX_CLOSE: Duration = Duration::from_secs(5);
/// The time between two counts of the sessions that a replica remembers.
const COUNT_EVERY_MILLIS: u64 = 5_000;

/// The sizes of the storms, for each 100 connections.
const STORMS: [(usize, &str); 3] = [(1_000, "0.1 %"), (100, "1 %"), (10, "10 %")];

/// The results of a storm.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    /// The share of the connections, as text.
    pub(super) share: &'static str,
    /// The sessions that end.
    pub(super) sessions: usize,
    /// The bytes of an event.
    pub(super) event_bytes: usize,
    /// The link carries the events as fast as they come.
    pub(super) has_room: bool,
    /// The time until half of the connections are closed, and until the last one is, modelled, by webhooks.
    pub(super) by_webhook: (Duration, Duration),
    /// The same if the users sign out in the application.
    pub(super) by_sign_out: (Duration, Duration),
    /// The most sessions that a replica remembers at a time.
    pub(super) remembered: usize,
    /// The most sessions at a time that a replica has forgotten although their tokens may be valid.
    pub(super) forgotten: usize,
}

pub(super) fn simulate(scale: Scale) -> Vec<Figures> {
    let storms = STORMS
        .iter()
        .map(|(parts, share)| storm(share, scale.connections / parts, scale.replicas));
    storms.collect()
}

fn storm(share: &'static str, sessions: usize, replicas: usize) -> Figures {
    let mut random = Random::new(sessions as u64);
    let mut ended: Vec<(u64, SessionId)> = (0..sessions)
        .map(|_| {
            // As long as Clerk's.
            let id = format!("sess_{:016x}{:011x}", random.next(), random.below(1 << 44));
            (random.below(STORM_MILLIS), id.into())
        })
        .collect();
    ended.sort_unstable_by_key(|(at, _)| *at);
    let event_bytes = ended
        .first()
        .map_or(0, |(at, id)| event(id, at_millis(*at)).to_json().len());
    let bytes = (event_bytes * replicas) as u64;
    let times: Vec<u64> = ended.iter().map(|(at, _)| *at).collect();
    let (remembered, forgotten) = remember(&ended);
    Figures {
        share,
        sessions,
        event_bytes,
        has_room: bytes * (sessions as u64) < LINK_BYTES_PER_MILLI * STORM_MILLIS,
        by_webhook: close_times(&times, bytes, |random| {
            WEBHOOK_MILLIS.0 + random.below(WEBHOOK_MILLIS.1 - WEBHOOK_MILLIS.0)
        }),
        by_sign_out: close_times(&times, bytes, |_| 0),
        remembered,
        forgotten,
    }
}

fn event(id: &SessionId, at: UnixTime) -> FleetEvent {
    FleetEvent::SessionEnded {
        id: id.clone(),
        reason: SessionEndReason::Revoked,
        until: at + REMEMBERED,
    }
}

/// Returns the modelled time until half of the connections are closed, and until the last one is.
fn close_times(ended: &[u64], bytes: u64, delay: impl Fn(&mut Random) -> u64) -> (Duration, Duration) {
    let mut random = Random::new(1);
    let mut arrivals: Vec<(u64, u64)> = ended
        .iter()
        .map(|at| (at + delay(&mut random) + HOP_MILLIS, *at))
        .collect();
    arrivals.sort_unstable();
    // In bytes that the link could have carried, which is exact.
    let mut sent = 0;
    let mut waits: Vec<u64> = arrivals
        .iter()
        .map(|(arrives, at)| {
            let batch = arrives.next_multiple_of(BATCH_MILLIS) * LINK_BYTES_PER_MILLI;
            sent = batch.max(sent) + bytes;
            (sent.div_ceil(LINK_BYTES_PER_MILLI) + HOP_MILLIS).saturating_sub(*at)
        })
        .collect();
    waits.sort_unstable();
    let wait = |index: usize| Duration::from_millis(waits.get(index).copied().unwrap_or(0));
    (wait(waits.len() / 2), wait(waits.len().saturating_sub(1)))
}

/// Gives the ended sessions to one replica's table, and returns the most that it remembers and that it has forgotten.
fn remember(ended: &[(u64, SessionId)]) -> (usize, usize) {
    let mut table = EndedSessions::default();
    let (mut most, mut most_forgotten) = (0, 0);
    let (mut rest, mut known) = (ended, 0);
    for millis in (COUNT_EVERY_MILLIS..=2 * STORM_MILLIS).step_by(usize::try_from(COUNT_EVERY_MILLIS).unwrap_or(1)) {
        let now = at_millis(millis);
        // A table that hears more at once forgets no less, so the events come as in a batch.
        while let Some((at, _)) = rest.first().filter(|(at, _)| *at < millis) {
            let batch = rest
                .iter()
                .take_while(|(next, _)| next / BATCH_MILLIS == at / BATCH_MILLIS)
                .count();
            let (heard, later) = rest.split_at(batch);
            let sessions = heard
                .iter()
                .map(|(at, id)| (id.clone(), SessionEndReason::Revoked, at_millis(*at) + REMEMBERED));
            table = table.with_all(sessions, [], at_millis(*at));
            (rest, known) = (later, known + batch);
        }
        let valid = ended[..known]
            .iter()
            .filter(|(at, _)| now < at_millis(*at) + REMEMBERED);
        let (remembered, forgotten): (Vec<_>, Vec<_>) = valid.partition(|(_, id)| table.reason(id, now).is_some());
        most = most.max(remembered.len());
        most_forgotten = most_forgotten.max(forgotten.len());
    }
    (most, most_forgotten)
}

pub(super) fn check(figures: &[Figures]) -> Outcome {
    for storm in figures {
        if storm.remembered > MAX_ENDED_SESSIONS {
            return Err(format!("expected at most {MAX_ENDED_SESSIONS} sessions in memory, found {storm:?}").into());
        }
        if storm.forgotten > 0 {
            return Err(format!("expected all sessions to be remembered, found {storm:?}").into());
        }
        if !storm.has_room {
            continue;
        }
        if storm.by_webhook.1 > MAX_CLOSE + Duration::from_secs(5) || storm.by_sign_out.1 > MAX_CLOSE {
            return Err(format!("expected all connections to be closed in {MAX_CLOSE:?}, found {storm:?}").into());
        }
    }
    Ok(())
}

pub(super) fn write(f: &mut fmt::Formatter<'_>, scale: Scale, figures: &[Figures]) -> fmt::Result {
    let Scale { replicas, .. } = scale;
    writeln!(
        f,
        "sign-out storms: sessions that end within a minute, told to {replicas} replicas"
    )?;
    writeln!(
        f,
        "modelled: webhooks arrive after {} to {} ms; hops of {HOP_MILLIS} ms; batches of {BATCH_MILLIS} ms; one link of {} Gbit/s",
        WEBHOOK_MILLIS.0,
        WEBHOOK_MILLIS.1,
        LINK_BYTES_PER_MILLI * 8 / 1_000_000,
    )?;
    writeln!(
        f,
        "{:>8}{:>10}{:>12}{:>14}{:>12}{:>10}{:>18}{:>18}{:>12}{:>11}",
        "share",
        "sessions",
        "published/s",
        "delivered/s",
        "batches/s",
        "MB/s",
        "webhook 50%, last",
        "sign-out 50%, last",
        "remembered",
        "forgotten"
    )?;
    for storm in figures {
        let published = whole(storm.sessions) / Duration::from_millis(STORM_MILLIS).as_secs_f64();
        let delivered = published * whole(replicas);
        let batches = published.min(1_000.0 / whole(usize::try_from(BATCH_MILLIS).unwrap_or(1))) * whole(replicas);
        let pair =
            |(half, last): (Duration, Duration)| format!("{:.2}, {:.2} s", half.as_secs_f64(), last.as_secs_f64());
        writeln!(
            f,
            "{:>8}{:>10}{published:>12.0}{delivered:>14.0}{batches:>12.0}{:>10.0}{:>18}{:>18}{:>12}{:>11}",
            storm.share,
            storm.sessions,
            delivered * whole(storm.event_bytes) / 1e6,
            pair(storm.by_webhook),
            pair(storm.by_sign_out),
            storm.remembered,
            storm.forgotten,
        )?;
    }
    writeln!(
        f,
        "forgotten: ended sessions whose tokens the replica would accept again, until they expire"
    )
}

fn at_millis(millis: u64) -> UnixTime {
    START + Duration::from_millis(millis)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a number of events needs no more than 52 bits"
)]
fn whole(number: usize) -> f64 {
    number as f64
}
