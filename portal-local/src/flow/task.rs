//! Session tasks: steps to complete before a session counts as signed in.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use crate::store::{Session, Settings, StoreError, Task, Tasks};
use crate::store::{memberships, second_factors, sessions, settings, users};

/// Sets the tasks of a new session.
///
/// If the user has exactly one organization, that one becomes active and the user need not choose.
pub(super) fn settle_new(connection: &Connection, session: Session, now: UnixTime) -> Result<Session, StoreError> {
    let settings = settings::read(connection)?;
    let mut tasks = Tasks::default();
    let user = users::find(connection, &session.user_id)?;
    let is_compromised = user.is_some_and(|user| user.password_hash.is_some() && user.password_compromised);
    if settings.force_password_reset && is_compromised {
        tasks = tasks.with(Task::ResetPassword);
    }
    if settings.mfa_required && !second_factors::has_totp(connection, &session.user_id)? {
        tasks = tasks.with(Task::SetupMfa);
    }
    let tasks = choose_organization(connection, &settings, &session, tasks, now)?;
    sessions::set_tasks(connection, &session.id, &tasks, now)?;
    current(connection, session, now)
}

/// Sets the tasks of a session in which an actor impersonates the user.
pub(super) fn settle_impersonated(
    connection: &Connection,
    session: Session,
    now: UnixTime,
) -> Result<Session, StoreError> {
    let settings = settings::read(connection)?;
    let tasks = choose_organization(connection, &settings, &session, Tasks::default(), now)?;
    sessions::set_tasks(connection, &session.id, &tasks, now)?;
    current(connection, session, now)
}

fn choose_organization(
    connection: &Connection,
    settings: &Settings,
    session: &Session,
    mut tasks: Tasks,
    now: UnixTime,
) -> Result<Tasks, StoreError> {
    if settings.organizations_enabled && settings.force_organization_selection {
        match memberships::of_user(connection, &session.user_id)?.as_slice() {
            [only] => {
                let organization = Some(only.organization_id.as_str());
                sessions::set_organization(connection, &session.id, organization, now)?;
            }
            _ => tasks = tasks.with(Task::ChooseOrganization),
        }
    }
    Ok(tasks)
}

/// Adds a task to a session.
pub(super) fn add(connection: &Connection, session: &Session, task: Task, now: UnixTime) -> Result<(), StoreError> {
    sessions::set_tasks(connection, &session.id, &session.tasks.clone().with(task), now)?;
    Ok(())
}

/// Removes a completed task from a session.
pub(super) fn complete(
    connection: &Connection,
    session: Session,
    task: Task,
    now: UnixTime,
) -> Result<Session, StoreError> {
    if !session.tasks.contains(task) {
        return Ok(session);
    }
    sessions::set_tasks(connection, &session.id, &session.tasks.clone().without(task), now)?;
    current(connection, session, now)
}

/// Removes a completed task from all live sessions of a user.
pub(crate) fn complete_task_of(
    connection: &Connection,
    user_id: &str,
    task: Task,
    now: UnixTime,
) -> Result<(), StoreError> {
    for session in sessions::of_user(connection, user_id, now)? {
        if session.is_live() {
            complete(connection, session, task, now)?;
        }
    }
    Ok(())
}

fn current(connection: &Connection, session: Session, now: UnixTime) -> Result<Session, StoreError> {
    Ok(sessions::find(connection, &session.id, now)?.unwrap_or(session))
}
