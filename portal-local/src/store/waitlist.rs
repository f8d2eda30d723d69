//! The waitlist: addresses that want to be invited.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result, params};

use super::email_addresses::normalize;
use super::record::{Rows as _, record};
use super::{Millis, words};
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

pub(crate) fn find(connection: &Connection, id: &str) -> Result<Option<WaitlistEntry>> {
    connection.find("id = ?", [id])
}

/// Every entry, the latest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<WaitlistEntry>> {
    connection.latest_first("TRUE", [])
}

/// The entry of an address: the one there is, or a new one.
pub(crate) fn join(connection: &Connection, address: &str, now: UnixTime) -> Result<WaitlistEntry> {
    if let Some(entry) = connection.find("address_norm = ?", [normalize(address)])? {
        return Ok(entry);
    }
    let entry = WaitlistEntry {
        id: ids::new_id(ids::WAITLIST_ENTRY, now),
        address: address.to_owned(),
        status: WaitlistStatus::Pending,
        invited_at: None,
        created_at: now,
        updated_at: now,
    };
    connection.insert(&entry, &[("address_norm", &normalize(address))])?;
    Ok(entry)
}

pub(crate) fn delete(connection: &Connection, id: &str) -> Result<()> {
    connection.delete::<WaitlistEntry>(id)
}

pub(crate) fn set_status(connection: &Connection, address: &str, status: WaitlistStatus, now: UnixTime) -> Result<()> {
    connection.run(
        "UPDATE waitlist_entries SET status = ?1, updated_at = ?2,
                invited_at = CASE ?1 WHEN 'invited' THEN ?2 ELSE invited_at END WHERE address_norm = ?3",
        params![status, Millis(now), normalize(address)],
    )
}
