//! [`SnapshotFile`]: the last fetched keys on disk, for a start during an outage.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::KeyCachePolicy;
use super::rule::is_usable;
use crate::clock::UnixTime;
use crate::instance::PublishableKey;
use crate::jitter::random;
use crate::key::{KeySet, read_jwks};

/// The member of the JWK set with the time of the fetch, in Unix seconds. Readers ignore members that they do not know
/// (RFC 7517 section 5).
const FETCHED_AT: &str = "portal_fetched_at";
/// The member with the publishable key of the instance, which is public.
const INSTANCE: &str = "portal_instance";

/// A JWK set on disk that holds the last fetched keys.
#[derive(Debug)]
pub(crate) struct SnapshotFile {
    path: PathBuf,
    instance: PublishableKey,
    /// The keys on disk, and their time.
    written: Mutex<Option<(Value, UnixTime)>>,
    /// Set after a failed write, so that an unwritable folder is one warning.
    has_warned: AtomicBool,
}

impl SnapshotFile {
    pub(crate) fn new(path: PathBuf, instance: PublishableKey) -> Self {
        Self {
            path,
            instance,
            written: Mutex::default(),
            has_warned: AtomicBool::new(false),
        }
    }

    /// Reads the keys and the time of their fetch. Warns of unusable ones, but not of a missing file.
    pub(crate) fn read(&self, policy: &KeyCachePolicy, now: UnixTime) -> Option<(KeySet, UnixTime)> {
        let path = self.path.display();
        if !self.path.exists() {
            return None;
        }
        let (keys, jwks) = match read_jwks(&self.path) {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, "the snapshot of signing keys is ignored");
                return None;
            }
        };
        if !self.is_of_this_instance(&jwks) {
            return None;
        }
        let fetched_at = jwks.get(FETCHED_AT).and_then(Value::as_i64).map(UnixTime::from_secs);
        // A time in the future would make the keys live without a limit.
        let usable = fetched_at
            .map(|at| at.min(now))
            .filter(|at| is_usable(policy, *at, now));
        if usable.is_none() {
            tracing::warn!(%path, "the snapshot of signing keys is too old or has no time, and is ignored");
        }
        Some((keys, usable?))
    }

    /// Returns `true` if the file is of this instance; otherwise warns.
    ///
    /// Without this check the users of a development instance would be signed in to production.
    fn is_of_this_instance(&self, jwks: &Value) -> bool {
        let found = jwks.get(INSTANCE).and_then(Value::as_str);
        if found == Some(self.instance.as_str()) {
            return true;
        }
        // Only publishable keys are known to be public.
        let found = found.and_then(|found| found.parse::<PublishableKey>().ok());
        tracing::warn!(
            path = %self.path.display(),
            instance = %self.instance,
            found = found.as_ref().map_or("no instance", PublishableKey::as_str),
            "the snapshot of signing keys belongs to another instance and is ignored"
        );
        false
    }

    /// Writes newly fetched keys, on a blocking thread if there is a tokio runtime.
    ///
    /// Writes only new content, or a new time once per lifetime. A failed write is a warning.
    pub(super) fn keep(self: &Arc<Self>, keys: &KeySet, fetched_at: UnixTime, policy: &KeyCachePolicy) {
        let jwks = keys.to_json();
        {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            let is_written =
                |(on_disk, at): &(Value, UnixTime)| *on_disk == jwks && fetched_at.is_within(policy.lifetime, *at);
            if written.as_ref().is_some_and(is_written) {
                return;
            }
            *written = Some((jwks.clone(), fetched_at));
        }
        let file = self.clone();
        let write = move || file.write(jwks, fetched_at);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(write)),
            Err(_) => write(),
        }
    }

    fn write(&self, mut jwks: Value, fetched_at: UnixTime) {
        jwks[INSTANCE] = json!(self.instance.as_str());
        jwks[FETCHED_AT] = json!(fetched_at.as_secs());
        match replace(&self.path, jwks.to_string().as_bytes()) {
            Ok(()) => self.has_warned.store(false, Ordering::Relaxed),
            Err(error) => {
                *self.written.lock().unwrap_or_else(PoisonError::into_inner) = None;
                if !self.has_warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(path = %self.path.display(), %error, "the snapshot of signing keys cannot be written");
                }
            }
        }
    }
}

/// Replaces a file as a whole, so that no reader sees half of it.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut temporary = name.to_owned();
    temporary.push(format!(".{}.{:016x}.tmp", std::process::id(), random()));
    let temporary = path.with_file_name(temporary);
    let written = write_new(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The error that matters is the first one.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Creates a file that, on Unix, only this user can read and write.
fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}
