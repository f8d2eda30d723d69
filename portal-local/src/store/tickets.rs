//! Tickets: what invitations, sign-in tokens and actor tokens share, a link that works once and a status.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

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

/// A table with the columns `id`, `status`, `expires_at`, `created_at` and `updated_at`.
pub(super) struct Tickets<T> {
    pub(super) table: &'static str,
    /// The columns for `read`, in its order.
    pub(super) columns: &'static str,
    pub(super) read: fn(&Row<'_>) -> rusqlite::Result<T>,
}

impl<T> Tickets<T> {
    /// Marks invitations that are expired at `now`, before they are read.
    pub(super) fn settled(&self, connection: &Connection, now: UnixTime) -> rusqlite::Result<&Self> {
        connection
            .prepare_cached(&format!(
                "UPDATE {} SET status = 'expired', updated_at = ?1 WHERE status = 'pending' AND expires_at <= ?1",
                self.table
            ))?
            .execute([Millis(now)])?;
        Ok(self)
    }

    pub(super) fn one(
        &self,
        connection: &Connection,
        condition: &str,
        values: impl Params,
    ) -> rusqlite::Result<Option<T>> {
        let (columns, table) = (self.columns, self.table);
        connection
            .prepare_cached(&format!("SELECT {columns} FROM {table} WHERE {condition}"))?
            .query_row(values, self.read)
            .optional()
    }

    /// The latest first.
    pub(super) fn all(
        &self,
        connection: &Connection,
        condition: &str,
        values: impl Params,
    ) -> rusqlite::Result<Vec<T>> {
        let (columns, table) = (self.columns, self.table);
        connection
            .prepare_cached(&format!(
                "SELECT {columns} FROM {table} WHERE {condition} ORDER BY created_at DESC, rowid DESC"
            ))?
            .query_map(values, self.read)?
            .collect()
    }

    pub(super) fn set_status(
        &self,
        connection: &Connection,
        id: &str,
        status: TicketStatus,
        now: UnixTime,
    ) -> rusqlite::Result<()> {
        connection.execute(
            &format!("UPDATE {} SET status = ?, updated_at = ? WHERE id = ?", self.table),
            params![status, Millis(now), id],
        )?;
        Ok(())
    }
}
