//! [`Witness`]: reads each transaction before it is committed. [`Cause`]: the request that causes it.

use super::{Db, Result};

/// Reads the [changes](super::changes) of each transaction, and can add to it.
pub(crate) trait Witness: Send + Sync {
    /// Returns `true` if it added something.
    fn before_commit(&self, db: Db<'_>, cause: &Cause) -> Result<bool>;

    /// Called once the addition is on disk.
    fn committed(&self);
}

/// The request that causes a transaction. The default is a transaction without a request, such as a seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cause {
    pub(crate) user_agent: String,
}

tokio::task_local! {
    static CAUSE: Cause;
}

impl Cause {
    /// Runs a handler whose transactions have this cause.
    pub(crate) async fn of<F: Future>(self, work: F) -> F::Output {
        CAUSE.scope(self, work).await
    }

    /// The cause of a transaction of the current task.
    pub(super) fn current() -> Self {
        CAUSE.try_with(Self::clone).unwrap_or_default()
    }
}
