//! The allowlist and the blocklist: addresses, and patterns for all addresses of a domain.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::record::record;
use super::{Db, Result, words};
use crate::ids;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Allow,
    Block,
}

words!(List {
    Allow = "allow",
    Block = "block",
});

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct ListedIdentifier in "listed_identifiers" {
        pub(crate) id: String,
        /// In lower case.
        pub(crate) identifier: String,
        /// The invitation that was sent along.
        pub(crate) invitation_id: Option<String>,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

/// Every entry of a list, the latest first.
pub(crate) fn all(db: Db<'_>, list: List) -> Result<Vec<ListedIdentifier>> {
    db.latest_first("list = ?", [list])
}

/// Adds an entry; `None` if the list has it already.
pub(crate) fn insert(
    db: Db<'_>,
    list: List,
    identifier: &str,
    invitation_id: Option<&str>,
) -> Result<Option<ListedIdentifier>> {
    let prefix = match list {
        List::Allow => ids::ALLOWLIST_IDENTIFIER,
        List::Block => ids::BLOCKLIST_IDENTIFIER,
    };
    let is_known = "list = ? AND identifier = ?";
    if db
        .find::<ListedIdentifier>(is_known, params![list, identifier])?
        .is_some()
    {
        return Ok(None);
    }
    let new = ListedIdentifier {
        id: ids::new_id(prefix, db.now),
        identifier: identifier.to_owned(),
        invitation_id: invitation_id.map(str::to_owned),
        created_at: db.now,
        updated_at: db.now,
    };
    db.insert(&new, &[("list", &list)])?;
    Ok(Some(new))
}

/// Deletes the entry; returns `true` if it existed.
pub(crate) fn delete(db: Db<'_>, list: List, id: &str) -> Result<bool> {
    db.changed(
        "DELETE FROM listed_identifiers WHERE list = ? AND id = ?",
        params![list, id],
    )
}
