//! Wiping the database: every row but the instance's.

use super::{Db, Result, changes};

/// Deletes users, organizations, devices, mail, webhooks and settings.
///
/// The keys are kept, so that applications need no new ones. There are no events: none of Clerk's operations does this.
pub(crate) fn everything_but_keys(db: Db<'_>) -> Result<()> {
    // Tables refer to each other in both directions; check the references at the end.
    db.connection.pragma_update(None, "defer_foreign_keys", true)?;
    let query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'instance'";
    let tables: Vec<String> = db.values(query, [])?;
    for table in tables {
        db.run(&format!("DELETE FROM {table}"), [])?;
    }
    if changes::are_noted(db)? {
        changes::forget(db)?;
    }
    db.run("UPDATE instance SET settings = '{}'", [])
}
