//! The reason why a command failed, and its exit code.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use portal_local::{StartError, StoreError};

use crate::running::RunningError;

const USAGE: u8 = 2;
/// Shells add the signal's number to it.
const SIGNALLED: u8 = 128;

#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for something impossible.
    Usage(String),
    /// An external problem, such as a port in use.
    Failed(String),
    /// A check of the doctor failed, and its line is printed.
    CheckFailed,
    /// The reader of standard output has heard enough (`portal-local env | head -1`).
    ReaderGone,
    /// A second signal of this number cut the shutdown short.
    Signalled(u8),
}

impl Failure {
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::Usage(message.to_string())
    }

    pub(crate) fn failed(message: impl Display) -> Self {
        Self::Failed(message.to_string())
    }

    /// Standard output could not be written.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::failed(format_args!(
                "cannot write to standard output: {error}; free some space or redirect the output"
            )),
        }
    }

    /// Says what happened on standard error; returns the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (message, code) = match self {
            Self::Usage(message) => (message, ExitCode::from(USAGE)),
            Self::Failed(message) => (message, ExitCode::FAILURE),
            Self::CheckFailed => return ExitCode::FAILURE,
            Self::ReaderGone => return ExitCode::SUCCESS,
            Self::Signalled(signal) => return ExitCode::from(SIGNALLED.saturating_add(signal)),
        };
        // Nothing can be done if the terminal is gone too.
        let _ = writeln!(io::stderr(), "portal-local: {message}");
        code
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::NotLoopback { .. }
            | StartError::TokenLifetime { .. }
            | StartError::RedirectOrigin { .. }
            | StartError::Setting(_) => Self::usage(error),
            _ => Self::failed(error),
        }
    }
}

impl From<RunningError> for Failure {
    fn from(error: RunningError) -> Self {
        match error {
            RunningError::NotLoopback { .. } => Self::usage(error),
            _ => Self::failed(error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
    }
}
