//! Everything the portal remembers: one SQLite database, one file per aggregate.
//!
//! The functions of the aggregates take a [`Db`], the open transaction and its time, and make no decisions about users;
//! [`flow`](crate::flow) does. Whatever belongs together happens in one [`Store::transaction`].

pub(crate) mod actor_tokens;
pub(crate) mod application_invitations;
pub(crate) mod changes;
pub(crate) mod clients;
pub(crate) mod code_limits;
mod db;
pub(crate) mod dev_browsers;
pub(crate) mod email_addresses;
pub(crate) mod external_accounts;
pub(crate) mod handshake_nonces;
pub(crate) mod images;
pub(crate) mod instance;
pub(crate) mod jwt_templates;
pub(crate) mod listed_identifiers;
pub(crate) mod memberships;
mod metadata;
pub(crate) mod oauth_attempts;
mod open;
pub(crate) mod organization_invitations;
pub(crate) mod organizations;
pub(crate) mod outbox;
pub(crate) mod prune;
mod record;
pub(crate) mod refresh_tokens;
pub(crate) mod revocation_links;
pub(crate) mod roles;
mod schema;
pub(crate) mod second_factors;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod sign_in_tokens;
pub(crate) mod sign_ins;
pub(crate) mod sign_ups;
mod tasks;
pub(crate) mod tickets;
pub(crate) mod users;
pub(crate) mod verifications;
pub(crate) mod waitlist;
pub(crate) mod webhook_deliveries;
pub(crate) mod wipe;
mod witness;

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use portal_sdk::clock::UnixTime;
use rusqlite::types::{ToSql, ToSqlOutput};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

pub(crate) use actor_tokens::ActorToken;
pub(crate) use application_invitations::ApplicationInvitation;
pub(crate) use changes::{Change, ChangeKind, Object};
pub(crate) use clients::Client;
pub(crate) use db::Db;
pub(crate) use dev_browsers::DevBrowser;
pub(crate) use email_addresses::EmailAddress;
pub(crate) use external_accounts::{ExternalAccount, ExternalProfile};
pub(crate) use instance::Instance;
pub(crate) use jwt_templates::JwtTemplate;
pub(crate) use listed_identifiers::{List, ListedIdentifier};
pub(crate) use memberships::{Member, Membership};
pub(crate) use metadata::Metadata;
pub(crate) use oauth_attempts::{OauthAttempt, Purpose};
pub(crate) use open::OpenError;
pub(crate) use organization_invitations::OrganizationInvitation;
pub(crate) use organizations::Organization;
pub use outbox::{Mail, MailKind};
pub(crate) use roles::Role;
pub(crate) use second_factors::SecondFactor;
pub(crate) use sessions::{NewSession, Session, SessionStatus};
pub use settings::{Settings, SignUpMode};
pub(crate) use sign_in_tokens::SignInToken;
pub(crate) use sign_ins::{AttemptStatus, SignIn};
pub(crate) use sign_ups::SignUp;
pub(crate) use tasks::{Task, Tasks};
pub(crate) use tickets::TicketStatus;
pub(crate) use users::{NewUser, User};
pub(crate) use verifications::{Strategy, Subject, VerificationStatus};
pub(crate) use waitlist::{WaitlistEntry, WaitlistStatus};
pub use webhook_deliveries::{WebhookDelivery, WebhookStatus};
pub(crate) use witness::{Cause, Witness};

tokio::task_local! {
    static READ_ONLY: ();
}

/// Runs a handler whose transactions change nothing: they are rolled back in the end.
pub(crate) async fn read_only<F: Future>(work: F) -> F::Output {
    READ_ONLY.scope((), work).await
}

/// The place of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    Memory,
    File(std::path::PathBuf),
}

/// The database, behind one connection with exclusive access.
#[derive(Clone)]
pub(crate) struct Store {
    connection: Arc<Mutex<Option<Connection>>>,
    witness: Option<Arc<dyn Witness>>,
}

impl Store {
    /// Opens or creates the database and brings its schema up to date. Blocks.
    pub(crate) fn open(location: &Location, now: UnixTime) -> Result<(Self, Instance), OpenError> {
        let mut connection = open::open(location)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let db = Db {
            connection: &transaction,
            now,
        };
        let instance = instance::find_or_create(db)?;
        roles::ensure_system(db)?;
        transaction.commit()?;
        let store = Self {
            connection: Arc::new(Mutex::new(Some(connection))),
            witness: None,
        };
        Ok((store, instance))
    }

    /// Shows each transaction of the returned store to `witness` before it is committed.
    pub(crate) fn witnessed(self, witness: Arc<dyn Witness>) -> Result<Self> {
        let guard = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        changes::note(guard.as_ref().ok_or(StoreError::closed())?)?;
        drop(guard);
        Ok(Self {
            witness: Some(witness),
            ..self
        })
    }

    /// Runs `work` in one transaction, away from the async threads.
    ///
    /// What `work` returns as `Ok` is on disk when the caller sees it; an `Err` leaves the database as it was, unless it
    /// [is recorded](Failure::is_recorded).
    pub(crate) async fn transaction<T, E, F>(&self, now: UnixTime, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: FnOnce(Db<'_>) -> Result<T, E> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        let is_read_only = READ_ONLY.try_with(|()| ()).is_ok();
        let witness = self.witness.clone().map(|witness| (witness, Cause::current()));
        tokio::task::spawn_blocking(move || {
            // A panic in `work` rolled its transaction back, so the connection behind a poisoned lock is sound.
            let mut guard = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = guard.as_mut().ok_or(StoreError::closed())?;
            let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
            let transaction = begun.map_err(StoreError::from)?;
            let connection = &*transaction;
            let outcome = work(Db { connection, now });
            match &outcome {
                // Dropping the transaction rolls it back.
                Err(failure) if !failure.is_recorded() => {}
                _ if is_read_only => transaction.rollback().map_err(StoreError::from)?,
                _ => {
                    let witness = match &witness {
                        Some((witness, cause)) => {
                            witness.before_commit(Db { connection, now }, cause)?.then_some(witness)
                        }
                        None => None,
                    };
                    transaction.commit().map_err(StoreError::from)?;
                    if let Some(witness) = witness {
                        witness.committed();
                    }
                }
            }
            outcome
        })
        .await
        .map_err(|_| StoreError::interrupted())?
    }

    /// Closes the database, so that its file is free for another portal. Later transactions fail.
    pub(crate) async fn close(&self) {
        let connection = Arc::clone(&self.connection);
        let closing = tokio::task::spawn_blocking(move || {
            drop(connection.lock().unwrap_or_else(PoisonError::into_inner).take());
        });
        if closing.await.is_err() {
            tracing::warn!("the database was not closed in order; SQLite will recover it when it is opened again");
        }
    }
}

/// The reason why work in a transaction failed.
pub(crate) trait Failure: From<StoreError> + Send + 'static {
    /// Returns `true` if the transaction is committed all the same.
    fn is_recorded(&self) -> bool {
        false
    }
}

impl Failure for StoreError {}

/// The result of an operation on the database.
pub(crate) type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A database operation failed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(StoreErrorKind);

#[derive(Debug, thiserror::Error)]
enum StoreErrorKind {
    #[error("the database failed")]
    Sqlite(#[source] rusqlite::Error),
    #[error("the portal is shutting down and has closed its database")]
    Closed,
    #[error("a database operation was interrupted")]
    Interrupted,
    #[error("too many passwords are being hashed at this moment")]
    Busy,
    #[error("a token could not be signed")]
    Token(#[source] Box<dyn Error + Send + Sync>),
    #[error("a value could not be written as JSON")]
    Json(#[source] serde_json::Error),
}

impl StoreError {
    fn closed() -> Self {
        Self(StoreErrorKind::Closed)
    }

    /// A token could not be signed in a transaction.
    pub(crate) fn token(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(StoreErrorKind::Token(source.into()))
    }

    pub(crate) fn interrupted() -> Self {
        Self(StoreErrorKind::Interrupted)
    }

    pub(crate) fn busy() -> Self {
        Self(StoreErrorKind::Busy)
    }

    /// Returns `true` if the same request can succeed in a moment.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.0, StoreErrorKind::Busy)
    }

    /// Returns `true` if a request beside this one took away what this one refers to.
    pub(crate) fn is_conflict(&self) -> bool {
        let StoreErrorKind::Sqlite(error) = &self.0 else {
            return false;
        };
        error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(StoreErrorKind::Sqlite(error))
    }
}

/// The same failure while the portal starts, when its cause can still be named.
impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        match error.0 {
            StoreErrorKind::Sqlite(error) => error.into(),
            _ => Self::Io(std::io::Error::other(error)),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self(StoreErrorKind::Json(error))
    }
}

/// A moment as a parameter: milliseconds since 1970. (`UnixTime` and `ToSql` both come from elsewhere.)
#[derive(Clone, Copy)]
struct Millis(UnixTime);

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_millis().into())
    }
}

/// Implements an enum's names, the same in the database and on the wire.
macro_rules! words {
    ($type:ty { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl rusqlite::types::ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl rusqlite::types::FromSql for $type {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                match value.as_str()? {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(rusqlite::types::FromSqlError::InvalidType),
                }
            }
        }

        $crate::store::record::columns!($type);
    };
}
use words;

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
