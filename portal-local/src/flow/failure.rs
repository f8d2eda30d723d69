//! [`FlowFailure`]: the reason why a step of a flow failed, and what becomes of its transaction.

use super::{FlowError, Outcome};
use crate::store::{Failure, Result, StoreError};

/// The reason why a step of a flow failed.
#[derive(Debug)]
pub(crate) enum FlowFailure {
    /// Refused; the transaction is rolled back.
    Refused(FlowError),
    /// Refused; the transaction is committed, because a wrong try counts and a used code stays used.
    RefusedAndRecorded(FlowError),
    /// The database failed; the transaction is rolled back.
    Store(StoreError),
}

impl FlowFailure {
    /// Returns the error to show to the user.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the step was not refused: the database failed.
    pub(crate) fn refusal(self) -> Result<FlowError> {
        match self {
            Self::Refused(error) | Self::RefusedAndRecorded(error) => Ok(error),
            Self::Store(error) => Err(error),
        }
    }

    /// Replaces the error of a refusal; keeps what becomes of the transaction.
    pub(super) fn map(self, replace: impl FnOnce(FlowError) -> FlowError) -> Self {
        match self {
            Self::Refused(error) => Self::Refused(replace(error)),
            Self::RefusedAndRecorded(error) => Self::RefusedAndRecorded(replace(error)),
            Self::Store(error) => Self::Store(error),
        }
    }

    /// Turns a refusal into one that is recorded.
    pub(super) fn recorded(self) -> Self {
        match self {
            Self::Refused(error) => Self::RefusedAndRecorded(error),
            kept => kept,
        }
    }
}

/// Returns the refusal of a step, if it was refused.
///
/// # Errors
///
/// Returns [`StoreError`] if the database failed.
pub(crate) fn refused(outcome: Outcome<()>) -> Result<Option<FlowError>> {
    match outcome {
        Ok(()) => Ok(None),
        Err(failure) => failure.refusal().map(Some),
    }
}

impl Failure for FlowFailure {
    fn is_recorded(&self) -> bool {
        matches!(self, Self::RefusedAndRecorded(_))
    }
}

impl From<FlowError> for FlowFailure {
    fn from(error: FlowError) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for FlowFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
