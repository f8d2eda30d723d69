//! Tickets: what invitations, sign-in tokens and actor tokens share, a link that works once and a status.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result};

use super::record::{Record, Rows as _};
use super::{Millis, words};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TicketStatus {
    Pending,
    Accepted,
    Revoked,
    Expired,
}

words!(TicketStatus {
    Pending = "pending",
    Accepted = "accepted",
    Revoked = "revoked",
    Expired = "expired",
});

/// Marks tickets that are expired at `now`, before they are read.
pub(super) fn settle<T: Record>(connection: &Connection, now: UnixTime) -> Result<()> {
    let expired = "SET status = 'expired', updated_at = ?1 WHERE status = 'pending' AND expires_at <= ?1";
    connection.run(&format!("UPDATE {} {expired}", T::TABLE), [Millis(now)])
}

pub(crate) fn set_status<T: Record>(
    connection: &Connection,
    id: &str,
    status: TicketStatus,
    now: UnixTime,
) -> Result<()> {
    connection.set::<T>(id, &[("status", &status), ("updated_at", &Millis(now))])
}
