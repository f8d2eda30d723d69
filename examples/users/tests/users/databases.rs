//! [`TestDatabase`]: a database for one test, and the tests on each kind.

use std::path::PathBuf;

use portal_example_users::Database;
use tempfile::TempDir;

#[cfg(feature = "postgres")]
use crate::server::Server;

/// Defines each case as a test on SQLite, and as one on Postgres with the feature.
macro_rules! on_each_database {
    ($($case:ident)+) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::databases::TestDatabase::sqlite()).await;
            })+
        }

        #[cfg(feature = "postgres")]
        mod on_postgres {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::databases::TestDatabase::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_each_database;

/// An empty database, without other users.
pub(crate) enum TestDatabase {
    Sqlite(TempDir),
    /// The URL of the database.
    #[cfg(feature = "postgres")]
    Postgres(String),
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a folder"))
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn postgres() -> Self {
        Self::Postgres(Server::shared().new_database().await)
    }

    /// Opens another connection.
    pub(crate) async fn open(&self) -> Database {
        match self {
            Self::Sqlite(folder) => Database::sqlite(&file(folder)).expect("the database opens"),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => Database::postgres(url).await.expect("the server accepts"),
        }
    }

    /// Makes every query fail.
    pub(crate) async fn break_down(&self) {
        self.execute("ALTER TABLE users RENAME TO hidden").await;
    }

    /// Undoes [`break_down`](Self::break_down).
    pub(crate) async fn repair(&self) {
        self.execute("ALTER TABLE hidden RENAME TO users").await;
    }

    async fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(folder) => {
                let connection = rusqlite::Connection::open(file(folder)).expect("the database opens");
                connection.execute_batch(sql).expect("the statement succeeds");
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => crate::server::execute(url, sql).await,
        }
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("users.sqlite")
}
