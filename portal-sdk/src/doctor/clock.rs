//! The clock, compared with the `Date` of the Backend API's answer.

use std::time::Duration;

use super::report::{Check, Finding, Status};
use crate::clock::UnixTime;
use crate::instance::Instance;

/// The difference from which a warning is due. Session tokens live for a minute.
const WARN_FROM_MILLIS: i64 = 5_000;
/// `Date` has whole seconds, so that the server's time is known to a second.
const DATE_PRECISION_MILLIS: i64 = 1_000;

/// `sent` and `received` are this machine's times before and after the call.
pub(super) fn clock(instance: &Instance, date: UnixTime, sent: UnixTime, received: UnixTime) -> Finding {
    let accepted = instance.clock_skew();
    let (status, skew_secs) = judge(date, sent, received, accepted);
    let secs = skew_secs.unsigned_abs();
    if status == Status::Ok && secs <= 1 {
        return Finding::ok(Check::Clock, "agrees with Clerk's to about a second");
    }
    let direction = if skew_secs > 0 { "ahead of" } else { "behind" };
    let accepted = accepted.as_secs_f64();
    let found = format!("about {secs} s {direction} Clerk's (Date); {accepted} s are accepted");
    let finding = Finding::new(Check::Clock, status, found);
    match status {
        Status::Ok => finding,
        _ => finding.with_fix("synchronize this machine's clock, such as with NTP"),
    }
}

/// Returns the skew in seconds: positive if this machine is ahead.
fn judge(date: UnixTime, sent: UnixTime, received: UnixTime, accepted: Duration) -> (Status, i64) {
    let round_trip = received.as_millis().saturating_sub(sent.as_millis()).max(0);
    let here = sent.as_millis().saturating_add(round_trip / 2);
    // The middle of the second that `Date` names.
    let there = date.as_millis().saturating_add(DATE_PRECISION_MILLIS / 2);
    let skew_secs = here.saturating_sub(there).saturating_add(500).div_euclid(1_000);
    let precision = DATE_PRECISION_MILLIS.saturating_add(round_trip / 2);
    let millis = skew_secs.saturating_abs().saturating_mul(1_000);
    let accepted = i64::try_from(accepted.as_millis()).unwrap_or(i64::MAX);
    let status = match millis {
        _ if millis <= precision => Status::Ok,
        _ if millis >= accepted => Status::Fail,
        _ if millis >= WARN_FROM_MILLIS => Status::Warn,
        _ => Status::Ok,
    };
    (status, skew_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_is_judged_by_the_accepted_one_and_the_precision() {
        let server = 1_700_000_000_000;
        for (here, round_trip, accepted_secs, expected) in [
            // Anywhere within the second that `Date` names.
            (0, 0, 5, (Status::Ok, 0)),
            (999, 0, 5, (Status::Ok, 0)),
            (-1, 0, 0, (Status::Ok, -1)),
            (1_999, 0, 0, (Status::Ok, 1)),
            (4_500, 0, 5, (Status::Ok, 4)),
            (-4_000, 0, 5, (Status::Ok, -4)),
            (5_500, 0, 5, (Status::Fail, 5)),
            (-4_900, 0, 5, (Status::Fail, -5)),
            (5_500, 0, 60, (Status::Warn, 5)),
            (-30_000, 0, 60, (Status::Warn, -30)),
            (60_500, 0, 60, (Status::Fail, 60)),
            (-60_500, 0, 60, (Status::Fail, -61)),
            (2_500, 0, 1, (Status::Fail, 2)),
            // A slow answer makes the measurement coarse.
            (0, 4_000, 1, (Status::Ok, 2)),
            (10_500, 4_000, 5, (Status::Fail, 12)),
        ] {
            let sent = server + here;
            let at = UnixTime::from_millis;
            let accepted = Duration::from_secs(accepted_secs);
            let found = judge(at(server), at(sent), at(sent + round_trip), accepted);
            assert_eq!(found, expected, "{here} {round_trip} {accepted_secs}");
        }
    }

    #[test]
    fn times_out_of_range_saturate() {
        let (first, last) = (UnixTime::from_millis(i64::MIN), UnixTime::from_millis(i64::MAX));
        for (date, sent, received) in [
            (first, last, last),
            (last, first, first),
            (first, last, first),
            (last, first, last),
        ] {
            for accepted in [Duration::ZERO, Duration::MAX] {
                let _ = judge(date, sent, received, accepted);
            }
        }
    }
}
