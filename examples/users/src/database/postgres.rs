//! Postgres, with one connection that all requests share. The next request replaces a lost connection, and one that did not
//! answer in time.
//!
//! Under load, use a pool of connections instead. The connection is not encrypted: give `Config::connect` a TLS
//! connector if the server is on another machine.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use portal_axum::portal_sdk::clock::UnixTime;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Row};

use super::{DatabaseError, Statement, UserRow, Value};

const SCHEMA: &str = include_str!("postgres.sql");

/// The time limit of connecting, and of a request's statements with the wait for the connection.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Postgres(Arc<Server>);

struct Server {
    config: Config,
    /// `None` while a request uses the connection, and after a failure.
    connection: Mutex<Option<Connection>>,
}

/// A connection, which is closed when it is dropped.
struct Connection {
    client: Client,
    task: JoinHandle<()>,
}

impl Postgres {
    pub(super) async fn connect(url: &str) -> Result<Self, DatabaseError> {
        let mut config: Config = url.parse()?;
        config.connect_timeout(PATIENCE);
        let connection = Connection::open(&config).await?;
        connection.client.batch_execute(SCHEMA).await?;
        Ok(Self(Arc::new(Server {
            config,
            connection: Mutex::new(Some(connection)),
        })))
    }

    pub(super) async fn run(&self, statements: Vec<Statement>) -> Result<Vec<UserRow>, DatabaseError> {
        // A timer, because a server that hangs, or waits for another program's lock, never answers.
        let in_time = timeout(PATIENCE, self.0.run(&statements)).await;
        in_time.unwrap_or_else(|_| Err(DatabaseError::Postgres("no answer within 5 seconds".to_owned())))
    }
}

impl Server {
    async fn run(&self, statements: &[Statement]) -> Result<Vec<UserRow>, DatabaseError> {
        let mut shared = self.connection.lock().await;
        // Taken, so that a request that fails or ends early closes the connection, and the server rolls back.
        let mut connection = match shared.take() {
            Some(connection) if !connection.client.is_closed() => connection,
            _ => Connection::open(&self.config).await?,
        };
        let rows = connection.run(statements).await?;
        *shared = Some(connection);
        Ok(rows)
    }
}

impl Connection {
    async fn open(config: &Config) -> Result<Self, Error> {
        let (client, connection) = config.connect(NoTls).await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = text(&error), "the connection to Postgres was lost");
            }
        });
        Ok(Self { client, task })
    }

    async fn run(&mut self, statements: &[Statement]) -> Result<Vec<UserRow>, DatabaseError> {
        let transaction = self.client.transaction().await?;
        let mut rows = Vec::new();
        for Statement { sql, values } in statements {
            let values: Vec<_> = values.iter().map(Value::to_sql).collect();
            rows = transaction.query(*sql, &values).await?;
        }
        transaction.commit().await?;
        Ok(rows.iter().map(row).collect::<Result<_, Error>>()?)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // It would wait for the answers that are due.
        self.task.abort();
    }
}

fn row(cells: &Row) -> Result<UserRow, Error> {
    let time = |name| {
        let millis = cells.try_get::<_, Option<i64>>(name);
        millis.map(|millis| millis.map(UnixTime::from_millis))
    };
    Ok(UserRow {
        id: cells.try_get("id")?,
        clerk_id: cells.try_get("clerk_id")?,
        email: cells.try_get("email")?,
        name: cells.try_get("name")?,
        created_at: time("created_at")?,
        updated_at: UnixTime::from_millis(cells.try_get("updated_at")?),
        deleted_at: time("deleted_at")?,
        source: cells.try_get("source")?,
    })
}

impl Value {
    fn to_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Text(text) => text,
            Self::Integer(integer) => integer,
        }
    }
}

impl From<Error> for DatabaseError {
    fn from(error: Error) -> Self {
        Self::Postgres(text(&error))
    }
}

/// The error without the server's details, which quote values of the row.
fn text(error: &Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return format!("{} ({})", refusal.message(), refusal.code().code());
    }
    match error.source().and_then(|cause| cause.downcast_ref::<io::Error>()) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("hosts", &self.0.config.get_hosts())
            .finish_non_exhaustive()
    }
}
