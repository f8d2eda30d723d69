//! Images of users and organizations.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Millis;
use crate::ids;

/// An image as it was uploaded.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<Image>> {
    connection
        .prepare_cached("SELECT content_type, bytes FROM images WHERE id = ?")?
        .query_row([id], |row| {
            Ok(Image {
                content_type: row.get(0)?,
                bytes: row.get(1)?,
            })
        })
        .optional()
}

/// Gives a user or an organization this image, in the place of another one.
pub(crate) fn set(
    connection: &Connection,
    owner_id: &str,
    content_type: &str,
    bytes: &[u8],
    now: UnixTime,
) -> rusqlite::Result<()> {
    remove(connection, owner_id)?;
    connection.execute(
        "INSERT INTO images (id, owner_id, content_type, bytes, created_at) VALUES (?, ?, ?, ?, ?)",
        params![ids::new_id(ids::IMAGE, now), owner_id, content_type, bytes, Millis(now)],
    )?;
    Ok(())
}

/// Takes the image of a user or an organization away, if there is one.
pub(crate) fn remove(connection: &Connection, owner_id: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM images WHERE owner_id = ?", [owner_id])?;
    Ok(())
}
