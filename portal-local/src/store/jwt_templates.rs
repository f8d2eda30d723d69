//! JWT templates: the claims, the lifetime and the leeway of tokens for other services.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Metadata, Millis};
use crate::ids;

#[derive(Clone, Debug)]
pub(crate) struct JwtTemplate {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) claims: Metadata,
    pub(crate) lifetime_secs: i64,
    pub(crate) allowed_clock_skew_secs: i64,
    pub(crate) created_at: UnixTime,
    pub(crate) updated_at: UnixTime,
}

const COLUMNS: &str = "id, name, claims, lifetime_secs, allowed_clock_skew_secs, created_at, updated_at";

fn read(row: &Row<'_>) -> rusqlite::Result<JwtTemplate> {
    Ok(JwtTemplate {
        id: row.get(0)?,
        name: row.get(1)?,
        claims: row.get(2)?,
        lifetime_secs: row.get(3)?,
        allowed_clock_skew_secs: row.get(4)?,
        created_at: row.get::<_, Millis>(5)?.0,
        updated_at: row.get::<_, Millis>(6)?.0,
    })
}

pub(crate) fn new_id(now: UnixTime) -> String {
    ids::new_id(ids::JWT_TEMPLATE, now)
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<JwtTemplate>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM jwt_templates WHERE id = ?"))?
        .query_row([id], read)
        .optional()
}

pub(crate) fn find_by_name(connection: &Connection, name: &str) -> rusqlite::Result<Option<JwtTemplate>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM jwt_templates WHERE name = ?"))?
        .query_row([name], read)
        .optional()
}

/// Every template, the latest first.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<JwtTemplate>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM jwt_templates ORDER BY created_at DESC, rowid DESC"
        ))?
        .query_map([], read)?
        .collect()
}

/// Adds the template, or writes it over the one with its id.
pub(crate) fn put(connection: &Connection, template: &JwtTemplate) -> rusqlite::Result<()> {
    connection.execute(
        &format!(
            "INSERT INTO jwt_templates ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET name = ?2, claims = ?3, lifetime_secs = ?4, allowed_clock_skew_secs = ?5,
                 updated_at = ?7"
        ),
        params![
            template.id,
            template.name,
            template.claims,
            template.lifetime_secs,
            template.allowed_clock_skew_secs,
            Millis(template.created_at),
            Millis(template.updated_at)
        ],
    )?;
    Ok(())
}

/// Removes the template. Returns `false` if there was none.
pub(crate) fn delete(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    Ok(connection.execute("DELETE FROM jwt_templates WHERE id = ?", [id])? > 0)
}
