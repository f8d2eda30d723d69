//! Failed calls in a few words, without the name of the server, which the finding has.

use std::error::Error;

use crate::backend::HttpBackend;
use crate::effect::BackendError;

/// Returns the cause of `error`, of a call with the time limits of `backend`.
pub(super) fn problem_of(error: &BackendError, backend: &HttpBackend) -> String {
    if error.is_connect() {
        return match error.is_timeout() {
            true => format!("no connection within {} ms", backend.connect_timeout().as_millis()),
            false => format!("no connection ({})", root_of(error)),
        };
    }
    if error.is_timeout() {
        return format!("no answer within {} ms", backend.timeout().as_millis());
    }
    match (error.status(), error.code()) {
        (Some(status), _) if error.is_unreadable() => format!("status {status} with an unreadable body"),
        (Some(status), Some(code)) => format!("status {status} ({code})"),
        (Some(status), None) => format!("status {status}"),
        (None, _) => root_of(error).to_string(),
    }
}

/// The first cause: the middle ones name the client's own layers.
fn root_of(error: &BackendError) -> &dyn Error {
    let mut root: &dyn Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root
}
