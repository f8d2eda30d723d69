//! The changes of the open transaction. Triggers in the database note them, so that no operation can omit one.
//!
//! The triggers exist only while a [`Witness`](super::Witness) reads the notes.

use rusqlite::{Connection, params};

use super::record::Record as _;
use super::{Db, Membership, Result, Session, words};

const TRIGGERS: &str = include_str!("changes.sql");

/// The objects that Clerk's events report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    User,
    Session,
    Organization,
    Membership,
    Invitation,
    WaitlistEntry,
}

words!(Object {
    User = "user",
    Session = "session",
    Organization = "organization",
    Membership = "organizationMembership",
    Invitation = "organizationInvitation",
    WaitlistEntry = "waitlistEntry",
});

/// The second half of an event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Created,
    Updated,
    Deleted,
    /// The session waits for a task.
    Pending,
    Removed,
    Revoked,
    Ended,
    Accepted,
}

words!(ChangeKind {
    Created = "created",
    Updated = "updated",
    Deleted = "deleted",
    Pending = "pending",
    Removed = "removed",
    Revoked = "revoked",
    Ended = "ended",
    Accepted = "accepted",
});

/// A change of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) object: Object,
    pub(crate) id: String,
    pub(crate) kind: ChangeKind,
    /// A deleted user's external ID; a deleted organization's slug; a new invitation's link.
    pub(crate) detail: Option<String>,
}

/// Creates the triggers that note changes.
pub(super) fn note(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection.execute_batch(TRIGGERS)?)
}

/// Adds the link of a new invitation, which the tables hold as a hash only.
pub(crate) fn note_link(db: Db<'_>, invitation_id: &str, link: &str) -> Result<()> {
    if !are_noted(db)? {
        return Ok(());
    }
    db.run(
        "UPDATE noted_changes SET detail = ? WHERE object = ? AND id = ?",
        params![link, Object::Invitation, invitation_id],
    )
}

/// Returns the changes of the transaction, at most one of each object.
pub(crate) fn noted(db: Db<'_>) -> Result<Vec<Change>> {
    let query = "SELECT object, id, kind, detail FROM noted_changes ORDER BY seq";
    let noted = db.rows(query, [], |cells| {
        Ok(Change {
            object: cells.cell()?,
            id: cells.cell()?,
            kind: cells.cell()?,
            detail: cells.cell()?,
        })
    })?;
    let mut merged = Vec::new();
    for change in noted {
        merge(&mut merged, change);
    }
    Ok(merged)
}

/// Adds a change to earlier ones of the same transaction. Events show the object as it is at the end.
fn merge(changes: &mut Vec<Change>, change: Change) {
    let is_same = |earlier: &Change| earlier.object == change.object && earlier.id == change.id;
    let Some(index) = changes.iter().position(is_same) else {
        changes.push(change);
        return;
    };
    match (changes[index].kind, change.kind) {
        (ChangeKind::Created | ChangeKind::Updated, ChangeKind::Updated) => {}
        // The object never existed outside of the transaction.
        (ChangeKind::Created, ChangeKind::Deleted) => drop(changes.remove(index)),
        _ => {
            changes.remove(index);
            changes.push(change);
        }
    }
}

/// Empties the notes.
pub(crate) fn forget(db: Db<'_>) -> Result<()> {
    for table in ["noted_changes", "gone_sessions", "gone_memberships"] {
        db.run(&format!("DELETE FROM temp.{table}"), [])?;
    }
    Ok(())
}

/// Returns `true` if the database notes changes.
pub(super) fn are_noted(db: Db<'_>) -> Result<bool> {
    let query = "SELECT 1 FROM sqlite_temp_master WHERE name = 'noted_changes'";
    Ok(db.value::<i64>(query, [])?.is_some())
}

/// A session that this transaction has deleted.
pub(crate) fn gone_session(db: Db<'_>, id: &str) -> Result<Option<Session>> {
    let columns = Session::COLUMNS.join(", ");
    let select = format!("SELECT {columns} FROM gone_sessions WHERE id = ?");
    Ok(db.rows(&select, [id], Session::read)?.pop())
}

/// A membership that this transaction has deleted.
pub(crate) fn gone_membership(db: Db<'_>, id: &str) -> Result<Option<Membership>> {
    let columns = Membership::COLUMNS.join(", ");
    let select = format!("SELECT {columns} FROM gone_memberships WHERE id = ?");
    Ok(db.rows(&select, [id], Membership::read)?.pop())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(kinds: &[ChangeKind]) -> Vec<ChangeKind> {
        let mut changes = Vec::new();
        for &kind in kinds {
            let id = "user_1".to_owned();
            let change = Change {
                object: Object::User,
                id,
                kind,
                detail: None,
            };
            merge(&mut changes, change);
        }
        changes.iter().map(|change| change.kind).collect()
    }

    #[test]
    fn changes_of_one_object_are_one_event() {
        use ChangeKind::{Created, Deleted, Pending, Revoked, Updated};
        for (kinds, expected) in [
            (&[Created, Updated, Updated][..], &[Created][..]),
            (&[Updated, Updated], &[Updated]),
            (&[Updated, Deleted], &[Deleted]),
            (&[Created, Updated, Deleted], &[]),
            (&[Created, Pending], &[Pending]),
            (&[Pending, Created], &[Created]),
            (&[Pending, Revoked], &[Revoked]),
        ] {
            assert_eq!(merged(kinds), expected, "{kinds:?}");
        }
    }

    #[test]
    fn changes_of_other_objects_stay_in_their_order() {
        let change = |object, id: &str, kind| Change {
            object,
            id: id.to_owned(),
            kind,
            detail: None,
        };
        let all = [
            change(Object::Session, "1", ChangeKind::Revoked),
            change(Object::User, "1", ChangeKind::Updated),
            change(Object::User, "2", ChangeKind::Updated),
            change(Object::User, "1", ChangeKind::Deleted),
        ];
        let mut changes = Vec::new();
        for one in all.clone() {
            merge(&mut changes, one);
        }
        assert_eq!(changes, [all[0].clone(), all[2].clone(), all[3].clone()]);
    }
}
