//! The tables, as a list of migrations. A released migration never changes; the next one is appended.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a database as a local portal's: the letters `PtDb`.
pub(super) const APPLICATION_ID: i32 = 0x5074_4462;

/// Marks a database of a portal before the first release: the letters `PtLo`.
// Its schema versions 1 to 12 are not those of released files.
pub(super) const UNRELEASED_APPLICATION_ID: i32 = 0x5074_4c6f;

/// Migration n brings `user_version` from n to n + 1.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/0001.sql"), include_str!("migrations/0002.sql")];

/// The newest schema this program knows.
pub(super) fn newest_version() -> i32 {
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

/// Brings a database of version `found` up to date: each step wholly or not at all.
pub(super) fn migrate(connection: &mut Connection, found: i32) -> rusqlite::Result<()> {
    let done = usize::try_from(found).unwrap_or(0);
    for (migration, version) in MIGRATIONS.iter().zip(1_i32..).skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
