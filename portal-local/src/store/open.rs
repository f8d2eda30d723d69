//! Opening the file: ours, alone, readable by its owner only, and safe against a killed process.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Location, schema};

/// The first bytes of every SQLite database.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Enough for every statement of a sign-in.
const CACHED_STATEMENTS: usize = 128;

/// The reason why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("not a database of this program")]
    NotOurs { found: String },
    #[error("made before the first release")]
    Unreleased,
    #[error("schema version {found} is newer than {known}")]
    NewerSchema { found: i32, known: i32 },
    #[error("in use by another process")]
    InUse,
    #[error("the file cannot be read or written")]
    Io(#[source] io::Error),
    #[error("the database failed")]
    Sqlite(#[source] rusqlite::Error),
    #[error("no signing key could be made or read")]
    Key,
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            Some(ErrorCode::NotADatabase) => Self::NotOurs {
                found: "a file that is not a readable SQLite database".into(),
            },
            Some(ErrorCode::DiskFull) => Self::Io(io::Error::new(io::ErrorKind::StorageFull, error)),
            Some(ErrorCode::SystemIoFailure) => Self::Io(io::Error::other(error)),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::Io(io::Error::new(io::ErrorKind::PermissionDenied, error))
            }
            _ => Self::Sqlite(error),
        }
    }
}

pub(super) fn open(location: &Location) -> Result<Connection, OpenError> {
    let mut connection = match location {
        Location::Memory => Connection::open_in_memory()?,
        Location::File(path) => {
            prepare_file(path)?;
            // The path is a path: SQLite's URI syntax stays off.
            Connection::open_with_flags(
                path,
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?
        }
    };
    // One process per file, held until the connection closes or the process dies. No lock file can be left behind.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;

    let version = check_ownership(&connection)?;
    if let Location::File(path) = location {
        restrict_to_owner(path).map_err(OpenError::Io)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An answered request survives a killed process and a lost power supply.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A handshake payload holds tokens in the clear; once it is deleted, its bytes are gone from the file too.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    schema::migrate(&mut connection, version)?;
    Ok(connection)
}

/// The schema version of a database that is ours or still empty.
fn check_ownership(connection: &Connection) -> Result<i32, OpenError> {
    let application_id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application_id == 0 && tables == 0 {
        return Ok(0);
    }
    if application_id == schema::UNRELEASED_APPLICATION_ID {
        return Err(OpenError::Unreleased);
    }
    if application_id != schema::APPLICATION_ID || version < 1 {
        return Err(OpenError::NotOurs {
            found: format!("a SQLite database of another program (application_id {application_id:#x})"),
        });
    }
    let known = schema::newest_version();
    if version > known {
        return Err(OpenError::NewerSchema { found: version, known });
    }
    Ok(version)
}

/// Creates a missing file (the directory must exist), and looks at an existing one before SQLite may touch it.
fn prepare_file(path: &Path) -> Result<(), OpenError> {
    let mut file = match create_private(path) {
        Ok(_) => return Ok(()),
        // For writing too: SQLite would open a file that cannot be written, and fail later.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match File::options().read(true).write(true).open(path) {
                Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                    return Err(OpenError::NotOurs {
                        found: "a directory".into(),
                    });
                }
                opened => opened?,
            }
        }
        Err(error) => return Err(error.into()),
    };
    if !file.metadata()?.is_file() {
        return Err(OpenError::NotOurs {
            found: "something that is not a file".into(),
        });
    }
    let mut start = Vec::with_capacity(SQLITE_MAGIC.len());
    file.by_ref().take(SQLITE_MAGIC.len() as u64).read_to_end(&mut start)?;
    if start.is_empty() || start == SQLITE_MAGIC {
        return Ok(());
    }
    Err(OpenError::NotOurs {
        found: "a file that is not a SQLite database".into(),
    })
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn restrict_to_owner(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// Elsewhere the file inherits its directory's access rules.
#[cfg(not(unix))]
fn restrict_to_owner(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rusqlite::ffi;

    use crate::error::StartError;

    #[test]
    fn causes_outside_of_the_database_say_what_to_do() {
        for (code, hint) in [
            (
                ffi::SQLITE_FULL,
                "the disk is full; free some space, or choose another file",
            ),
            (ffi::SQLITE_IOERR, "check the disk, the path and its permissions"),
            (ffi::SQLITE_READONLY, "check the disk, the path and its permissions"),
            (ffi::SQLITE_CANTOPEN, "check the disk, the path and its permissions"),
            (ffi::SQLITE_BUSY, "in use by another portal"),
            (ffi::SQLITE_CORRUPT, "if it is damaged, choose another file"),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let text = StartError::open(PathBuf::from("x.sqlite"), error.into()).to_string();
            assert!(text.contains(hint), "{code}: {text}");
        }
    }
}
