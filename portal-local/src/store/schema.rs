//! The tables, as a list of migrations. A published migration never changes; the next one is appended.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a database as a local portal's: the letters `PtLo`.
pub(super) const APPLICATION_ID: i32 = 0x5074_4c6f;

/// Migration n brings `user_version` from n to n + 1.
const MIGRATIONS: [&str; 12] = [
    include_str!("migrations/0001_sign_in_and_sessions.sql"),
    include_str!("migrations/0002_organizations.sql"),
    include_str!("migrations/0003_accounts.sql"),
    include_str!("migrations/0004_keys.sql"),
    include_str!("migrations/0005_new_devices.sql"),
    include_str!("migrations/0006_several_accounts.sql"),
    include_str!("migrations/0007_external_accounts.sql"),
    include_str!("migrations/0008_restrictions.sql"),
    include_str!("migrations/0009_second_factor.sql"),
    include_str!("migrations/0010_sign_in_token_organizations.sql"),
    include_str!("migrations/0011_code_limits.sql"),
    include_str!("migrations/0012_templates_actors_images.sql"),
];

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
