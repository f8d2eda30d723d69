//! Images of users and organizations.

use rusqlite::params;

use super::record::record;
use super::{Db, Millis, Result};
use crate::ids;

record! {
    /// An image as it was uploaded.
    #[derive(Clone, Debug)]
    pub(crate) struct Image in "images" {
        pub(crate) content_type: String,
        pub(crate) bytes: Vec<u8>,
    }
}

pub(crate) fn find(db: Db<'_>, id: &str) -> Result<Option<Image>> {
    db.find("id = ?", [id])
}

/// Gives a user or an organization this image, in the place of another one.
pub(crate) fn set(db: Db<'_>, owner_id: &str, content_type: &str, bytes: &[u8]) -> Result<()> {
    remove(db, owner_id)?;
    db.run(
        "INSERT INTO images (id, owner_id, content_type, bytes, created_at) VALUES (?, ?, ?, ?, ?)",
        params![
            ids::new_id(ids::IMAGE, db.now),
            owner_id,
            content_type,
            bytes,
            Millis(db.now)
        ],
    )
}

/// Takes the image of a user or an organization away, if there is one.
pub(crate) fn remove(db: Db<'_>, owner_id: &str) -> Result<()> {
    db.run("DELETE FROM images WHERE owner_id = ?", [owner_id])
}
