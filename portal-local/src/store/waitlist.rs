//! The waitlist: addresses that want to be invited.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::email_addresses::normalize;
use super::record::record;
use super::{Db, Millis, Result, words};
use crate::ids;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitlistStatus {
    Pending,
    Invited,
    Rejected,
    /// The account exists.
    Completed,
}

words!(WaitlistStatus {
    Pending = "pending",
    Invited = "invited",
    Rejected = "rejected",
    Completed = "completed",
});

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct WaitlistEntry in "waitlist_entries" {
        pub(crate) id: String,
        pub(crate) address: String,
        pub(crate) status: WaitlistStatus,
        pub(crate) invited_at: Option<UnixTime>,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

pub(crate) fn find(db: Db<'_>, id: &str) -> Result<Option<WaitlistEntry>> {
    db.find("id = ?", [id])
}

/// Every entry, the latest first.
pub(crate) fn all(db: Db<'_>) -> Result<Vec<WaitlistEntry>> {
    db.latest_first("TRUE", [])
}

/// The entry of an address: the one there is, or a new one.
pub(crate) fn join(db: Db<'_>, address: &str) -> Result<WaitlistEntry> {
    if let Some(entry) = db.find("address_norm = ?", [normalize(address)])? {
        return Ok(entry);
    }
    let entry = WaitlistEntry {
        id: ids::new_id(ids::WAITLIST_ENTRY, db.now),
        address: address.to_owned(),
        status: WaitlistStatus::Pending,
        invited_at: None,
        created_at: db.now,
        updated_at: db.now,
    };
    db.insert(&entry, &[("address_norm", &normalize(address))])?;
    Ok(entry)
}

pub(crate) fn delete(db: Db<'_>, id: &str) -> Result<()> {
    db.delete::<WaitlistEntry>(id)
}

pub(crate) fn set_status(db: Db<'_>, address: &str, status: WaitlistStatus) -> Result<()> {
    db.run(
        "UPDATE waitlist_entries SET status = ?1, updated_at = ?2,
                invited_at = CASE ?1 WHEN 'invited' THEN ?2 ELSE invited_at END WHERE address_norm = ?3",
        params![status, Millis(db.now), normalize(address)],
    )
}
