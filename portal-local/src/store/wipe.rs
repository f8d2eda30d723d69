//! Wiping the database: every row but the instance's.

use rusqlite::Connection;

/// Deletes users, organizations, devices, mail and settings.
///
/// The keys are kept, so that applications need no new ones.
pub(crate) fn everything_but_keys(connection: &Connection) -> rusqlite::Result<()> {
    // Tables refer to each other in both directions; check the references at the end.
    connection.pragma_update(None, "defer_foreign_keys", true)?;
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'instance'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for table in tables {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    connection.execute("UPDATE instance SET settings = '{}'", [])?;
    Ok(())
}
