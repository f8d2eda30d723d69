//! The errors of starting a portal, of changing settings, and of waiting for a webhook.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::claims::{self, TemplateKind, TemplateProblem};
use crate::excerpt::excerpt;
use crate::redirect::RedirectPolicy;
use crate::store::{OpenError, Settings, StoreError};

/// The reason why a portal did not start. Each message is one line: the found and the expected value, and the next
/// step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not this machine's own.
    #[error(
        "found the bind address {found}; expected a loopback address such as 127.0.0.1:8787, because every client that reaches this portal can sign in as any user"
    )]
    NotLoopback {
        /// The address.
        found: SocketAddr,
    },
    /// Another program listens there.
    #[error("{address} is in use by another program; stop it, or choose another port (0 picks a free one)")]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The system refused to listen there.
    #[error("cannot listen on {address}: {source}; choose another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The token lifetime is out of range.
    #[error("found a token lifetime of {found} seconds; expected between 1 and 86400")]
    TokenLifetime {
        /// The lifetime.
        found: u32,
    },
    /// A redirect origin is malformed.
    #[error("found the redirect origin {found:?}; expected scheme and host and nothing else, such as https://app.test")]
    RedirectOrigin {
        /// The text.
        found: String,
    },
    /// A webhook URL is malformed, or not of this machine.
    #[error(
        "found the webhook URL {found:?}; expected an http URL of this machine without user and fragment, such as http://localhost:3000/webhooks"
    )]
    WebhookUrl {
        /// The text.
        found: String,
    },
    /// The file belongs to something else; it was not touched.
    #[error(
        "{} is {found}; expected a database made by portal-local, or no file yet: choose another path", .path.display()
    )]
    NotOurDatabase {
        /// The file.
        path: PathBuf,
        /// The value.
        found: String,
    },
    /// The file was written by a portal before the first release; it was not touched.
    #[error(
        "{} was made by portal-local before its first release; expected a database of a released one: delete the file \
         and seed it again, or choose another file",
        .path.display()
    )]
    UnreleasedDatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer portal.
    #[error(
        "{} has schema version {found}; expected at most {known}: use a newer portal-local, or another file",
        .path.display()
    )]
    NewerDatabase {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i32,
        /// The newest version this program knows.
        known: i32,
    },
    /// Another portal has the file open.
    #[error("{} is in use by another portal; stop that one, or choose another file", .path.display())]
    DatabaseInUse {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("{} cannot be written: the disk is full; free some space, or choose another file", .path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("cannot use {} as a database: {source}; check the disk, the path and its permissions", .path.display())]
    DatabaseFile {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The database failed although the file is ours.
    #[error("the database {} failed: {source}; if it is damaged, choose another file", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A setting has an invalid value.
    #[error(transparent)]
    Setting(#[from] RefusedSetting),
    /// A user, an organization or a role of the seed is invalid.
    #[error("cannot seed {what}: {reason}")]
    Seed {
        /// The user, organization or role.
        what: String,
        /// The problem.
        reason: String,
    },
    /// No signing key could be made, or the one in the database cannot be read.
    #[error("cannot create or read the signing key in {}; choose another file", .path.display())]
    SigningKey {
        /// The file.
        path: PathBuf,
    },
}

impl StartError {
    pub(crate) fn open(path: PathBuf, error: OpenError) -> Self {
        match error {
            OpenError::NotOurs { found } => Self::NotOurDatabase { path, found },
            OpenError::Unreleased => Self::UnreleasedDatabase { path },
            OpenError::NewerSchema { found, known } => Self::NewerDatabase { path, found, known },
            OpenError::InUse => Self::DatabaseInUse { path },
            OpenError::Io(source) if source.kind() == io::ErrorKind::StorageFull => Self::DiskFull { path },
            OpenError::Io(source) => Self::DatabaseFile { path, source },
            OpenError::Sqlite(source) => Self::Database {
                path,
                source: source.into(),
            },
            OpenError::Key => Self::SigningKey { path },
        }
    }
}

/// A rejected setting: the found and the expected value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found the setting {name} = {found:?}; expected {expected}")]
#[non_exhaustive]
pub struct RefusedSetting {
    /// The field of [`Settings`].
    pub name: &'static str,
    /// The requested value.
    pub found: String,
    /// The valid values.
    pub expected: &'static str,
}

/// The reason why settings did not change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A setting has an invalid value.
    #[error(transparent)]
    Refused(#[from] RefusedSetting),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The error of [`LocalPortal::webhook_delivered`](crate::LocalPortal::webhook_delivered).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The event did not happen, its delivery failed, or it was not delivered in time.
    #[error("expected a delivered {event_type}, found {found}")]
    Undelivered {
        /// The expected type.
        event_type: String,
        /// The state of the latest event of this type, and the next step.
        found: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks settings without the database.
pub(crate) fn check_settings(wanted: &Settings, redirects: &RedirectPolicy) -> Result<(), RefusedSetting> {
    for (name, found) in wanted.addresses() {
        if redirects.absolute(found).is_err() {
            let found = found.to_owned();
            let expected = "an absolute http or https URL on this machine or on an allowed redirect origin, such as \
                            http://localhost:3000/home";
            return Err(RefusedSetting { name, found, expected });
        }
    }
    claims::check(&wanted.session_claims, TemplateKind::SessionToken).map_err(refused_claims)?;
    let seconds = [
        ("session_lifetime_secs", Some(wanted.session_lifetime_secs)),
        ("inactivity_timeout_secs", wanted.inactivity_timeout_secs),
    ];
    for (name, found) in seconds {
        if found == Some(0) {
            let (found, expected) = ("0".to_owned(), "at least 1 second");
            return Err(RefusedSetting { name, found, expected });
        }
    }
    Ok(())
}

fn refused_claims(problem: TemplateProblem) -> RefusedSetting {
    let (found, expected) = match problem {
        TemplateProblem::Reserved(claim) => (claim, "only claims that the portal does not set itself"),
        TemplateProblem::Shortcode(text) => (
            excerpt(&text),
            "shortcodes such as {{user.id}} or {{user.first_name || 'you'}}",
        ),
        TemplateProblem::TooLong(bytes) => (format!("{bytes} bytes"), "at most 16384 bytes of JSON"),
    };
    RefusedSetting {
        name: "session_claims",
        found,
        expected,
    }
}
