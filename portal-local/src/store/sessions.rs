//! Sessions: one sign-in of one user at one client.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Metadata, Millis, Task, Tasks, words};
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

#[derive(Clone, Debug)]
pub(crate) struct Session {
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

const COLUMNS: &str = "id, client_id, user_id, status, first_factor_at, expire_at, abandon_at, last_active_at, \
                       created_at, updated_at, tasks, last_active_organization_id, user_agent, second_factor_at, actor";

fn read(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        client_id: row.get(1)?,
        user_id: row.get(2)?,
        status: row.get(3)?,
        first_factor_at: row.get::<_, Millis>(4)?.0,
        expire_at: row.get::<_, Millis>(5)?.0,
        abandon_at: row.get::<_, Millis>(6)?.0,
        last_active_at: row.get::<_, Millis>(7)?.0,
        created_at: row.get::<_, Millis>(8)?.0,
        updated_at: row.get::<_, Millis>(9)?.0,
        tasks: row.get(10)?,
        last_active_organization_id: row.get(11)?,
        user_agent: row.get(12)?,
        second_factor_at: row.get::<_, Option<Millis>>(13)?.map(|at| at.0),
        actor: row.get(14)?,
    })
}

/// The session with this id, its status as of `now`.
pub(crate) fn find(connection: &Connection, id: &str, now: UnixTime) -> rusqlite::Result<Option<Session>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM sessions WHERE id = ?"))?
        .query_row([id], read)
        .optional()?
        .map(|session| settle(connection, session, now))
        .transpose()
}

/// The sessions that are signed in at a client, the oldest first.
pub(crate) fn live_of_client(
    connection: &Connection,
    client_id: &str,
    now: UnixTime,
) -> rusqlite::Result<Vec<Session>> {
    let sessions: Vec<Session> = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions WHERE client_id = ? AND status IN ('active', 'pending')
             ORDER BY created_at, rowid"
        ))?
        .query_map([client_id], read)?
        .collect::<Result<_, _>>()?;
    let mut live = Vec::with_capacity(sessions.len());
    for session in sessions {
        let session = settle(connection, session, now)?;
        if session.is_live() {
            live.push(session);
        }
    }
    Ok(live)
}

/// Ends a live session that is expired or abandoned at `now`, and stores its status.
fn settle(connection: &Connection, mut session: Session, now: UnixTime) -> rusqlite::Result<Session> {
    let ended_by = if session.expire_at <= now {
        SessionStatus::Expired
    } else if session.abandon_at <= now {
        SessionStatus::Abandoned
    } else {
        return Ok(session);
    };
    if session.is_live() {
        end(connection, &session.id, ended_by, now)?;
        session.status = ended_by;
        session.updated_at = now;
    }
    Ok(session)
}

pub(crate) fn insert(connection: &Connection, new: &NewSession<'_>, now: UnixTime) -> rusqlite::Result<Session> {
    let session = Session {
        id: ids::new_id(ids::SESSION, now),
        client_id: new.client_id.to_owned(),
        user_id: new.user_id.to_owned(),
        status: SessionStatus::Active,
        tasks: Tasks::default(),
        last_active_organization_id: None,
        actor: new.actor.clone(),
        user_agent: None,
        first_factor_at: now,
        second_factor_at: None,
        expire_at: new.expire_at,
        abandon_at: new.abandon_at,
        last_active_at: now,
        created_at: now,
        updated_at: now,
    };
    connection.execute(
        "INSERT INTO sessions (id, client_id, user_id, status, is_sole, first_factor_at, expire_at, abandon_at,
                               last_active_at, created_at, updated_at, actor)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?6, ?6, ?6, ?9)",
        params![
            session.id,
            session.client_id,
            session.user_id,
            session.status,
            new.is_sole,
            Millis(now),
            Millis(new.expire_at),
            Millis(new.abandon_at),
            new.actor
        ],
    )?;
    Ok(session)
}

/// Every session, the latest first, their statuses as of `now`.
pub(crate) fn all(connection: &Connection, now: UnixTime) -> rusqlite::Result<Vec<Session>> {
    let sessions: Vec<Session> = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions ORDER BY created_at DESC, rowid DESC"
        ))?
        .query_map([], read)?
        .collect::<Result<_, _>>()?;
    sessions
        .into_iter()
        .map(|session| settle(connection, session, now))
        .collect()
}

/// The user's sessions, the latest first, their statuses as of `now`.
pub(crate) fn of_user(connection: &Connection, user_id: &str, now: UnixTime) -> rusqlite::Result<Vec<Session>> {
    let sessions: Vec<Session> = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions WHERE user_id = ? ORDER BY created_at DESC, rowid DESC"
        ))?
        .query_map([user_id], read)?
        .collect::<Result<_, _>>()?;
    sessions
        .into_iter()
        .map(|session| settle(connection, session, now))
        .collect()
}

/// Makes an organization, or the personal account, the active one.
pub(crate) fn set_organization(
    connection: &Connection,
    id: &str,
    organization_id: Option<&str>,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sessions SET last_active_organization_id = ?, updated_at = ? WHERE id = ?",
        params![organization_id, Millis(now), id],
    )?;
    Ok(())
}

/// Notes what a live session waits for.
pub(crate) fn set_tasks(connection: &Connection, id: &str, tasks: &Tasks, now: UnixTime) -> rusqlite::Result<()> {
    let status = match tasks.first() {
        Some(_) => SessionStatus::Pending,
        None => SessionStatus::Active,
    };
    connection.execute(
        "UPDATE sessions SET tasks = ?, status = ?, updated_at = ? WHERE id = ?",
        params![tasks, status, Millis(now), id],
    )?;
    Ok(())
}

pub(crate) fn end(connection: &Connection, id: &str, status: SessionStatus, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sessions SET status = ?, tasks = NULL, updated_at = ? WHERE id = ?",
        params![status, Millis(now), id],
    )?;
    connection.execute("DELETE FROM refresh_tokens WHERE session_id = ?", [id])?;
    Ok(())
}

/// Records the `User-Agent` of a session's browser if it has changed.
pub(crate) fn record_user_agent(
    connection: &Connection,
    session: &mut Session,
    user_agent: Option<&str>,
) -> rusqlite::Result<()> {
    if user_agent.is_some() && session.user_agent.as_deref() != user_agent {
        connection.execute(
            "UPDATE sessions SET user_agent = ? WHERE id = ?",
            params![user_agent, session.id],
        )?;
        session.user_agent = user_agent.map(Into::into);
    }
    Ok(())
}

/// Records a re-verification of the user.
pub(crate) fn set_first_factor_at(connection: &Connection, id: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sessions SET first_factor_at = ?1, updated_at = ?1 WHERE id = ?2",
        params![Millis(now), id],
    )?;
    Ok(())
}

/// Records a verified second factor, also a repeated one.
pub(crate) fn set_second_factor_at(connection: &Connection, id: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sessions SET second_factor_at = ?1, updated_at = ?1 WHERE id = ?2",
        params![Millis(now), id],
    )?;
    Ok(())
}

/// Resets the second factor's verification time in the user's sessions.
pub(crate) fn forget_second_factor(connection: &Connection, user_id: &str) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sessions SET second_factor_at = NULL WHERE user_id = ?",
        [user_id],
    )?;
    Ok(())
}

/// The session was used. Some applications let sessions end that are not, at `abandon_at`.
pub(crate) fn touch(
    connection: &Connection,
    session: &Session,
    abandon_at: Option<UnixTime>,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sessions SET last_active_at = ?, abandon_at = coalesce(?, abandon_at) WHERE id = ?",
        params![Millis(now), abandon_at.map(Millis), session.id],
    )?;
    connection.execute(
        "UPDATE users SET last_active_at = ? WHERE id = ?",
        params![Millis(now), session.user_id],
    )?;
    Ok(())
}
