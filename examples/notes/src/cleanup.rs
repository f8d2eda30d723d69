//! Removes users who were deleted at Clerk.
//!
//! A deleted user sends no more requests, so this job asks Clerk about each user who was not seen for a month. An
//! application with a public URL can also receive Clerk's webhook `user.deleted`, which is faster.

use std::time::Duration;

use axum::http::StatusCode;
use portal_axum::portal_sdk::backend::BackendApi;
use portal_axum::{Authenticator, BackendError, UserId};
use tokio::time::interval;

use crate::database::{Database, DatabaseError};
use crate::users::today;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MONTH_IN_DAYS: i64 = 30;

/// Runs the job now and every day.
pub(crate) async fn every_day<B: BackendApi>(database: Database, clerk: Authenticator<B>) {
    let mut days = interval(DAY);
    loop {
        days.tick().await;
        if let Err(error) = remove_deleted_users(&database, clerk.backend(), today()).await {
            tracing::error!(%error, "the check for deleted users failed; it runs again tomorrow");
        }
    }
}

/// Asks Clerk about each user who was not seen for a month, and removes the unknown ones.
pub(crate) async fn remove_deleted_users(
    database: &Database,
    clerk: &impl BackendApi,
    today: i64,
) -> Result<(), CleanupError> {
    for id in database.users_known_before(today - MONTH_IN_DAYS).await? {
        if is_deleted(clerk, &id).await? {
            database.delete_user(&id).await?;
            tracing::info!(user_id = %id, "removed a user who was deleted at Clerk");
        } else {
            // The next check of this user is due in a month.
            database.user_exists(&id, today).await?;
        }
    }
    Ok(())
}

/// Returns `true` if Clerk says that the user does not exist. An outage is an error, never `true`.
async fn is_deleted(clerk: &impl BackendApi, id: &UserId) -> Result<bool, BackendError> {
    match clerk.user(id).await {
        Ok(_) => Ok(false),
        Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(true),
        Err(error) => Err(error),
    }
}

/// An error of the job.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CleanupError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Clerk(#[from] BackendError),
}
