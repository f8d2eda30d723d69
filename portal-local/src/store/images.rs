//! Images of users and organizations.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result, params};

use super::Millis;
use super::record::{Rows as _, record};
use crate::ids;

record! {
    /// An image as it was uploaded.
    #[derive(Clone, Debug)]
    pub(crate) struct Image in "images" {
        pub(crate) content_type: String,
        pub(crate) bytes: Vec<u8>,
    }
}

pub(crate) fn find(connection: &Connection, id: &str) -> Result<Option<Image>> {
    connection.find("id = ?", [id])
}

/// Gives a user or an organization this image, in the place of another one.
pub(crate) fn set(
    connection: &Connection,
    owner_id: &str,
    content_type: &str,
    bytes: &[u8],
    now: UnixTime,
) -> Result<()> {
    remove(connection, owner_id)?;
    connection.run(
        "INSERT INTO images (id, owner_id, content_type, bytes, created_at) VALUES (?, ?, ?, ?, ?)",
        params![ids::new_id(ids::IMAGE, now), owner_id, content_type, bytes, Millis(now)],
    )
}

/// Takes the image of a user or an organization away, if there is one.
pub(crate) fn remove(connection: &Connection, owner_id: &str) -> Result<()> {
    connection.run("DELETE FROM images WHERE owner_id = ?", [owner_id])
}
