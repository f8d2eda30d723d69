//! The database: users by Clerk's ID, and notes.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use portal_axum::UserId;
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::task::{JoinError, spawn_blocking};

/// The most notes that a page shows.
const MOST_NOTES: u32 = 200;

const SCHEMA: &str = "
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS users (
        id       INTEGER PRIMARY KEY,
        clerk_id TEXT NOT NULL UNIQUE,
        -- Not unique: a deleted account's address can belong to a new account.
        email    TEXT,
        -- The latest day on which the user existed at Clerk, in days since 1970.
        known_on INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS notes (
        -- AUTOINCREMENT: IDs are not reused, so an old page cannot delete a newer note.
        id           INTEGER PRIMARY KEY AUTOINCREMENT,
        -- Clerk's ID; NULL for a personal note.
        organization TEXT,
        -- NULL once the author is deleted. The note still belongs to the organization.
        author       INTEGER REFERENCES users ON DELETE SET NULL,
        text         TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS notes_of_organization ON notes (organization, id);
    CREATE INDEX IF NOT EXISTS notes_of_author ON notes (author);
";

/// A shared connection. Queries run on Tokio's threads for blocking work.
#[derive(Clone)]
pub(crate) struct Database(Arc<Mutex<Connection>>);

/// An error of the database, or of the thread that queries it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("database: {0}")]
    Sqlite(rusqlite::Error),
    #[error("database thread: {0}")]
    Thread(JoinError),
}

/// The notes that a request is about: an organization's, or one user's personal notes.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    /// The row of the signed-in user.
    pub(crate) user: i64,
    /// Clerk's ID of the active organization, from the verified token.
    pub(crate) organization: Option<String>,
}

/// A note as one user sees it.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) id: i64,
    pub(crate) text: String,
    /// `None` if the author is deleted or has no address.
    pub(crate) author: Option<String>,
    pub(crate) is_own: bool,
}

/// The outcome of deleting a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    Done,
    NotAllowed,
    /// The note does not exist in this space.
    Missing,
}

impl Database {
    /// Opens the file, and creates missing tables. `:memory:` is a database without a file.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Returns the row of a user. Creates it at the first sign-in, and updates its address.
    ///
    /// An unknown address (`None`) keeps the stored one.
    pub(crate) async fn put_user(
        &self,
        clerk_id: &UserId,
        email: Option<String>,
        today: i64,
    ) -> Result<i64, DatabaseError> {
        let clerk_id = clerk_id.to_string();
        self.run(move |db| {
            // Most requests change nothing, and reading takes no write lock.
            let found = db
                .prepare_cached(
                    "SELECT id FROM users WHERE clerk_id = ?1 AND (?2 IS NULL OR email = ?2) AND known_on = ?3",
                )?
                .query_row(params![clerk_id, email, today], |row| row.get(0))
                .optional()?;
            if let Some(id) = found {
                return Ok(id);
            }
            db.query_row(
                "INSERT INTO users (clerk_id, email, known_on) VALUES (?1, ?2, ?3)
                 ON CONFLICT (clerk_id) DO UPDATE SET
                     email = coalesce(excluded.email, email), known_on = excluded.known_on
                 RETURNING id",
                params![clerk_id, email, today],
                |row| row.get(0),
            )
        })
        .await
    }

    /// The users who were last known to exist before this day.
    pub(crate) async fn users_known_before(&self, day: i64) -> Result<Vec<UserId>, DatabaseError> {
        self.run(move |db| {
            let mut users = db.prepare("SELECT clerk_id FROM users WHERE known_on < ?1")?;
            let users = users.query_map([day], |row| row.get::<_, String>(0))?;
            users.map(|id| id.map(|id| UserId::from(id.as_str()))).collect()
        })
        .await
    }

    /// Records that a user exists at Clerk.
    pub(crate) async fn user_exists(&self, clerk_id: &UserId, today: i64) -> Result<(), DatabaseError> {
        let clerk_id = clerk_id.to_string();
        self.run(move |db| {
            db.execute(
                "UPDATE users SET known_on = ?2 WHERE clerk_id = ?1",
                params![clerk_id, today],
            )
            .map(drop)
        })
        .await
    }

    /// Deletes a user and their personal notes. Notes in organizations stay, without an author.
    pub(crate) async fn delete_user(&self, clerk_id: &UserId) -> Result<(), DatabaseError> {
        let clerk_id = clerk_id.to_string();
        self.run(move |db| {
            let both = db.unchecked_transaction()?;
            both.execute(
                "DELETE FROM notes WHERE organization IS NULL
                 AND author = (SELECT id FROM users WHERE clerk_id = ?1)",
                [&clerk_id],
            )?;
            both.execute("DELETE FROM users WHERE clerk_id = ?1", [&clerk_id])?;
            both.commit()
        })
        .await
    }

    /// The notes of a space, the latest first.
    pub(crate) async fn notes(&self, space: Space) -> Result<Vec<Note>, DatabaseError> {
        self.run(move |db| {
            let mut notes = db.prepare_cached(
                "SELECT notes.id, text, users.email, author IS ?2 FROM notes LEFT JOIN users ON users.id = author
                 WHERE organization IS ?1 AND (?1 IS NOT NULL OR author = ?2)
                 ORDER BY notes.id DESC LIMIT ?3",
            )?;
            let notes = notes.query_map(params![space.organization, space.user, MOST_NOTES], |row| {
                Ok(Note {
                    id: row.get(0)?,
                    text: row.get(1)?,
                    author: row.get(2)?,
                    is_own: row.get(3)?,
                })
            })?;
            notes.collect()
        })
        .await
    }

    pub(crate) async fn add_note(&self, space: Space, text: String) -> Result<(), DatabaseError> {
        self.run(move |db| {
            db.execute(
                "INSERT INTO notes (organization, author, text) VALUES (?1, ?2, ?3)",
                params![space.organization, space.user, text],
            )
            .map(drop)
        })
        .await
    }

    /// Deletes a note of this space: the user's own, or any note if `is_admin`.
    pub(crate) async fn delete_note(&self, space: Space, id: i64, is_admin: bool) -> Result<Deletion, DatabaseError> {
        self.run(move |db| {
            // The space is part of both statements, so that the ID of another space's note finds nothing.
            let deleted = db.execute(
                "DELETE FROM notes WHERE id = ?3 AND organization IS ?1
                 AND (author = ?2 OR (?1 IS NOT NULL AND ?4))",
                params![space.organization, space.user, id, is_admin],
            )?;
            if deleted > 0 {
                return Ok(Deletion::Done);
            }
            let is_others = db.query_row(
                "SELECT EXISTS (SELECT 1 FROM notes WHERE id = ?2 AND organization = ?1)",
                params![space.organization, id],
                |row| row.get(0),
            )?;
            Ok(if is_others {
                Deletion::NotAllowed
            } else {
                Deletion::Missing
            })
        })
        .await
    }

    async fn run<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let connection = Arc::clone(&self.0);
        // A panic leaves no statement half done: SQLite rolls an open transaction back.
        let work = move || work(&connection.lock().unwrap_or_else(PoisonError::into_inner));
        let done = spawn_blocking(work).await.map_err(DatabaseError::Thread)?;
        done.map_err(DatabaseError::Sqlite)
    }
}
