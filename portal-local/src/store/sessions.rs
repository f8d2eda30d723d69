//! Sessions: one sign-in of one user at one client.

use portal_sdk::clock::UnixTime;
use rusqlite::params;
use rusqlite::types::Null;

use super::record::record;
use super::{Db, Metadata, Millis, Result, Task, Tasks, User, words};
use crate::ids;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionStatus {
    Active,
    Pending,
    /// Signed out by the person, here.
    Removed,
    /// Signed out from elsewhere: by the application or an administrator.
    Revoked,
    /// The same client signed in again.
    Replaced,
    Expired,
    Abandoned,
}

words!(SessionStatus {
    Active = "active",
    Pending = "pending",
    Removed = "removed",
    Revoked = "revoked",
    Replaced = "replaced",
    Expired = "expired",
    Abandoned = "abandoned",
});

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct Session in "sessions" {
        pub(crate) id: String,
        pub(crate) client_id: String,
        pub(crate) user_id: String,
        /// As stored; [`Session::is_live`] also looks at the time.
        pub(crate) status: SessionStatus,
        /// Some exactly while the status is pending.
        pub(crate) tasks: Tasks,
        /// `None`: the personal account.
        pub(crate) last_active_organization_id: Option<String>,
        /// The impersonator, as in the claim `act`; `None` without impersonation.
        pub(crate) actor: Option<Metadata>,
        /// The browser's last `User-Agent`.
        pub(crate) user_agent: Option<String>,
        pub(crate) first_factor_at: UnixTime,
        /// `None`: never in this session.
        pub(crate) second_factor_at: Option<UnixTime>,
        pub(crate) expire_at: UnixTime,
        pub(crate) abandon_at: UnixTime,
        pub(crate) last_active_at: UnixTime,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

impl Session {
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.status, SessionStatus::Active | SessionStatus::Pending)
    }

    /// Returns the time of the last proof by either factor. An actor token is not a proof.
    pub(crate) fn proven_at(&self) -> UnixTime {
        let first = match &self.actor {
            Some(_) if self.first_factor_at == self.created_at => UnixTime::from_millis(0),
            _ => self.first_factor_at,
        };
        self.second_factor_at.map_or(first, |second| second.max(first))
    }

    /// Returns the first outstanding task of the session.
    pub(crate) fn task(&self) -> Option<Task> {
        self.tasks.first()
    }
}

/// A new session.
pub(crate) struct NewSession<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) user_id: &'a str,
    /// No other session may be live at its client.
    pub(crate) is_sole: bool,
    /// The impersonator.
    pub(crate) actor: Option<Metadata>,
    pub(crate) expire_at: UnixTime,
    pub(crate) abandon_at: UnixTime,
}

/// The session with this id, its status as of `now`.
pub(crate) fn find(db: Db<'_>, id: &str) -> Result<Option<Session>> {
    let found = db.find("id = ?", [id])?;
    found.map(|session| settle(db, session)).transpose()
}

/// The sessions that are signed in at a client, the oldest first.
pub(crate) fn live_of_client(db: Db<'_>, client_id: &str) -> Result<Vec<Session>> {
    let stored = db.oldest_first("client_id = ? AND status IN ('active', 'pending')", [client_id])?;
    let mut settled = settle_all(db, stored)?;
    settled.retain(Session::is_live);
    Ok(settled)
}

/// Every session, the latest first, their statuses as of `now`.
pub(crate) fn all(db: Db<'_>) -> Result<Vec<Session>> {
    settle_all(db, db.latest_first("TRUE", [])?)
}

/// The user's sessions, the latest first, their statuses as of `now`.
pub(crate) fn of_user(db: Db<'_>, user_id: &str) -> Result<Vec<Session>> {
    settle_all(db, db.latest_first("user_id = ?", [user_id])?)
}

/// The user's sessions that are live at the time of `db`, the latest first.
pub(crate) fn live_of_user(db: Db<'_>, user_id: &str) -> Result<Vec<Session>> {
    let mut settled = of_user(db, user_id)?;
    settled.retain(Session::is_live);
    Ok(settled)
}

fn settle_all(db: Db<'_>, stored: Vec<Session>) -> Result<Vec<Session>> {
    stored.into_iter().map(|session| settle(db, session)).collect()
}

/// Ends a live session that is expired or abandoned at `now`, and stores its status.
fn settle(db: Db<'_>, mut session: Session) -> Result<Session> {
    let ended_by = if session.expire_at <= db.now {
        SessionStatus::Expired
    } else if session.abandon_at <= db.now {
        SessionStatus::Abandoned
    } else {
        return Ok(session);
    };
    if session.is_live() {
        end(db, &session.id, ended_by)?;
        session.status = ended_by;
        session.updated_at = db.now;
    }
    Ok(session)
}

pub(crate) fn insert(db: Db<'_>, new: &NewSession<'_>) -> Result<Session> {
    let session = Session {
        id: ids::new_id(ids::SESSION, db.now),
        client_id: new.client_id.to_owned(),
        user_id: new.user_id.to_owned(),
        status: SessionStatus::Active,
        tasks: Tasks::default(),
        last_active_organization_id: None,
        actor: new.actor.clone(),
        user_agent: None,
        first_factor_at: db.now,
        second_factor_at: None,
        expire_at: new.expire_at,
        abandon_at: new.abandon_at,
        last_active_at: db.now,
        created_at: db.now,
        updated_at: db.now,
    };
    db.insert(&session, &[("is_sole", &new.is_sole)])?;
    Ok(session)
}

/// Makes an organization, or the personal account, the active one.
pub(crate) fn set_organization(db: Db<'_>, id: &str, organization_id: Option<&str>) -> Result<()> {
    let active = ("last_active_organization_id", &organization_id as _);
    db.set::<Session>(id, &[active, ("updated_at", &Millis(db.now))])
}

/// Notes what a live session waits for.
pub(crate) fn set_tasks(db: Db<'_>, id: &str, tasks: &Tasks) -> Result<()> {
    let status = match tasks.first() {
        Some(_) => SessionStatus::Pending,
        None => SessionStatus::Active,
    };
    db.set::<Session>(
        id,
        &[("tasks", tasks), ("status", &status), ("updated_at", &Millis(db.now))],
    )
}

pub(crate) fn end(db: Db<'_>, id: &str, status: SessionStatus) -> Result<()> {
    db.set::<Session>(
        id,
        &[("tasks", &Null), ("status", &status), ("updated_at", &Millis(db.now))],
    )?;
    db.run("DELETE FROM refresh_tokens WHERE session_id = ?", [id])
}

/// Records the `User-Agent` of a session's browser if it has changed.
pub(crate) fn record_user_agent(db: Db<'_>, session: &mut Session, user_agent: Option<&str>) -> Result<()> {
    if user_agent.is_some() && session.user_agent.as_deref() != user_agent {
        db.set::<Session>(&session.id, &[("user_agent", &user_agent)])?;
        session.user_agent = user_agent.map(Into::into);
    }
    Ok(())
}

/// Records a re-verification of the user.
pub(crate) fn set_first_factor_at(db: Db<'_>, id: &str, at: UnixTime) -> Result<()> {
    db.set::<Session>(id, &[("first_factor_at", &Millis(at)), ("updated_at", &Millis(at))])
}

/// Records a verified second factor, also a repeated one.
pub(crate) fn set_second_factor_at(db: Db<'_>, id: &str) -> Result<()> {
    db.set::<Session>(
        id,
        &[("second_factor_at", &Millis(db.now)), ("updated_at", &Millis(db.now))],
    )
}

/// Resets the second factor's verification time in the user's sessions.
pub(crate) fn forget_second_factor(db: Db<'_>, user_id: &str) -> Result<()> {
    db.run(
        "UPDATE sessions SET second_factor_at = NULL WHERE user_id = ?",
        [user_id],
    )
}

/// The session was used. Some applications let sessions end that are not, at `abandon_at`.
pub(crate) fn touch(db: Db<'_>, session: &Session, abandon_at: Option<UnixTime>) -> Result<()> {
    db.run(
        "UPDATE sessions SET last_active_at = ?, abandon_at = coalesce(?, abandon_at) WHERE id = ?",
        params![Millis(db.now), abandon_at.map(Millis), session.id],
    )?;
    db.set::<User>(&session.user_id, &[("last_active_at", &Millis(db.now))])
}
