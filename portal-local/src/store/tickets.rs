//! Tickets: what invitations, sign-in tokens and actor tokens share, a link that works once and a status.

use super::record::Record;
use super::{Db, Millis, Result, words};

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
pub(super) fn settle<T: Record>(db: Db<'_>) -> Result<()> {
    let expired = "SET status = 'expired', updated_at = ?1 WHERE status = 'pending' AND expires_at <= ?1";
    db.run(&format!("UPDATE {} {expired}", T::TABLE), [Millis(db.now)])
}

pub(crate) fn set_status<T: Record>(db: Db<'_>, id: &str, status: TicketStatus) -> Result<()> {
    db.set::<T>(id, &[("status", &status), ("updated_at", &Millis(db.now))])
}
