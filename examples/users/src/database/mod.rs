//! [`Database`]: the table `users`, in SQLite or Postgres.
//!
//! Each operation is a list of statements that [`Database::run`] runs in one transaction. Both databases understand the same
//! statements, so only the creation of the table and `run` exist twice.

#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use std::path::Path;
use std::time::Duration;

use portal_axum::UserId;
use portal_axum::portal_sdk::clock::UnixTime;
use tokio::task::JoinError;

#[cfg(feature = "postgres")]
use self::postgres::Postgres;
use self::sqlite::Sqlite;
use crate::profile::{Profile, Source};

/// The time for which a deleted user's row is kept, without personal data.
///
/// Without the row, an older event that arrives later would create the user again. Clerk retries for 28 hours
/// (<https://docs.svix.com/retries>). The rest is for deliveries that a developer resends from the dashboard.
pub const KEPT_AFTER_DELETION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most rows that [`Database::latest`] returns.
pub const MOST_ROWS: usize = 200;

const SAVE: &str = include_str!("save.sql");
const DELETE: &str = include_str!("delete.sql");
const FORGET: &str = "DELETE FROM users WHERE deleted_at < $1";
const FIND: &str = "SELECT id, clerk_id, email, name, created_at, updated_at, deleted_at, source FROM users
    WHERE clerk_id = $1";
const LATEST: &str = "SELECT id, clerk_id, email, name, created_at, updated_at, deleted_at, source FROM users
    ORDER BY id DESC LIMIT $1";

/// A row of `users`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The key for other tables.
    pub id: i64,
    /// Clerk's ID, `user_…`.
    pub clerk_id: String,
    /// The primary address, if the user has one.
    pub email: Option<String>,
    /// First and last name, if the user has them.
    pub name: Option<String>,
    /// Time of the sign-up.
    pub created_at: Option<UnixTime>,
    /// Time of the change at Clerk that the row shows.
    pub updated_at: UnixTime,
    /// Time of the deletion; `None` unless the user is deleted.
    pub deleted_at: Option<UnixTime>,
    /// The origin of the last change: a [`Source`] as text.
    pub source: String,
}

/// The table `users`. Cloning is cheap.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use portal_example_users::Database;
///
/// let database = Database::sqlite(std::path::Path::new(":memory:"))?;
/// assert!(database.find(&"user_1".into()).await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Database(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Sqlite(Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
}

/// A statement and its values.
#[derive(Debug)]
struct Statement {
    sql: &'static str,
    values: Vec<Value>,
}

#[derive(Debug)]
enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
}

/// An error of the database. Its text has no personal data, because it is logged.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// An error of SQLite.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The thread of a query has panicked.
    #[error("database thread: {0}")]
    Thread(#[from] JoinError),
    /// An error of Postgres or of the connection to it.
    #[cfg(feature = "postgres")]
    #[error("Postgres: {0}")]
    Postgres(String),
}

impl Database {
    /// Opens a file of SQLite, and creates a missing table. `:memory:` is a database without a file.
    ///
    /// # Errors
    ///
    /// Returns [`DatabaseError`] if the file cannot be opened or is not a database.
    pub fn sqlite(path: &Path) -> Result<Self, DatabaseError> {
        Ok(Self(Backend::Sqlite(Sqlite::open(path)?)))
    }

    /// Connects to a server, `postgres://user@host/name`, and creates a missing table.
    ///
    /// # Errors
    ///
    /// Returns [`DatabaseError`] if the URL is malformed or the server refuses.
    #[cfg(feature = "postgres")]
    pub async fn postgres(url: &str) -> Result<Self, DatabaseError> {
        Ok(Self(Backend::Postgres(Postgres::connect(url).await?)))
    }

    /// Returns the user's row, also of a deleted user.
    ///
    /// # Errors
    ///
    /// Returns [`DatabaseError`] if the query fails.
    pub async fn find(&self, id: &UserId) -> Result<Option<UserRow>, DatabaseError> {
        Ok(self.run(vec![find(id)]).await?.pop())
    }

    /// Creates the user's row, or updates an older one. Returns the row after that.
    ///
    /// Changes neither a newer row nor the row of a deleted user.
    ///
    /// # Errors
    ///
    /// Returns [`DatabaseError`] if a statement fails. Then nothing is changed.
    pub async fn save(&self, profile: &Profile, source: Source) -> Result<Option<UserRow>, DatabaseError> {
        let Profile {
            id,
            email,
            name,
            created_at,
            updated_at,
        } = profile;
        let save = Statement {
            sql: SAVE,
            values: vec![
                Value::text(id.as_str()),
                Value::Text(email.clone()),
                Value::Text(name.clone()),
                Value::Integer(created_at.map(UnixTime::as_millis)),
                Value::Integer(Some(updated_at.as_millis())),
                Value::text(source.as_str()),
            ],
        };
        Ok(self.run(vec![save, find(id)]).await?.pop())
    }

    /// Marks the user as deleted and erases the personal data.
    ///
    /// Also removes the rows of users who were deleted more than [`KEPT_AFTER_DELETION`] before `now`.
    ///
    /// # Errors
    ///
    /// Returns [`DatabaseError`] if a statement fails. Then nothing is changed.
    pub async fn delete(&self, id: &UserId, deleted_at: UnixTime, now: UnixTime) -> Result<(), DatabaseError> {
        let delete = Statement {
            sql: DELETE,
            values: vec![
                Value::text(id.as_str()),
                Value::Integer(Some(deleted_at.as_millis())),
                Value::text(Source::Webhook.as_str()),
            ],
        };
        let kept = i64::try_from(KEPT_AFTER_DELETION.as_millis()).unwrap_or(i64::MAX);
        let forget = Statement {
            sql: FORGET,
            values: vec![Value::Integer(Some(now.as_millis().saturating_sub(kept)))],
        };
        self.run(vec![delete, forget]).await.map(drop)
    }

    /// Returns the [`MOST_ROWS`] latest rows, the latest first.
    ///
    /// # Errors
    ///
    /// Returns [`DatabaseError`] if the query fails.
    pub async fn latest(&self) -> Result<Vec<UserRow>, DatabaseError> {
        let latest = Statement {
            sql: LATEST,
            values: vec![Value::Integer(i64::try_from(MOST_ROWS).ok())],
        };
        self.run(vec![latest]).await
    }

    /// Runs statements in one transaction. Returns the rows of the last one.
    async fn run(&self, statements: Vec<Statement>) -> Result<Vec<UserRow>, DatabaseError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.run(statements).await,
            #[cfg(feature = "postgres")]
            Backend::Postgres(postgres) => postgres.run(statements).await,
        }
    }
}

fn find(id: &UserId) -> Statement {
    Statement {
        sql: FIND,
        values: vec![Value::text(id.as_str())],
    }
}

impl Value {
    fn text(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}
