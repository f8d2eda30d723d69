//! Session tasks: steps to complete before a session counts as signed in.

use super::Flow;
use crate::store::{Session, Settings, StoreError, Task, Tasks, memberships, sessions, users};

/// Sets the tasks of a new session.
///
/// If the user has exactly one organization, that one becomes active and the user need not choose.
pub(super) fn settle_new(flow: &Flow<'_>, session: Session) -> Result<Session, StoreError> {
    let settings = flow.settings;
    let mut tasks = Tasks::default();
    let user = users::find(flow.connection, &session.user_id)?;
    let is_compromised = user.is_some_and(|user| user.password_hash.is_some() && user.password_compromised);
    if settings.force_password_reset && is_compromised {
        tasks = tasks.with(Task::ResetPassword);
    }
    if settings.mfa_required && !flow.has_totp(&session.user_id)? {
        tasks = tasks.with(Task::SetupMfa);
    }
    let tasks = choose_organization(flow, settings, &session, tasks)?;
    sessions::set_tasks(flow.connection, &session.id, &tasks, flow.now)?;
    current(flow, session)
}

/// Sets the tasks of a session in which an actor impersonates the user.
pub(super) fn settle_impersonated(flow: &Flow<'_>, session: Session) -> Result<Session, StoreError> {
    let settings = flow.settings;
    let tasks = choose_organization(flow, settings, &session, Tasks::default())?;
    sessions::set_tasks(flow.connection, &session.id, &tasks, flow.now)?;
    current(flow, session)
}

fn choose_organization(
    flow: &Flow<'_>,
    settings: &Settings,
    session: &Session,
    mut tasks: Tasks,
) -> Result<Tasks, StoreError> {
    if settings.organizations_enabled && settings.force_organization_selection {
        match memberships::of_user(flow.connection, &session.user_id)?.as_slice() {
            [only] => {
                let organization = Some(only.organization_id.as_str());
                sessions::set_organization(flow.connection, &session.id, organization, flow.now)?;
            }
            _ => tasks = tasks.with(Task::ChooseOrganization),
        }
    }
    Ok(tasks)
}

/// Adds a task to a session.
pub(super) fn add(flow: &Flow<'_>, session: &Session, task: Task) -> Result<(), StoreError> {
    sessions::set_tasks(
        flow.connection,
        &session.id,
        &session.tasks.clone().with(task),
        flow.now,
    )?;
    Ok(())
}

/// Removes a completed task from a session.
pub(super) fn complete(flow: &Flow<'_>, session: Session, task: Task) -> Result<Session, StoreError> {
    if !session.tasks.contains(task) {
        return Ok(session);
    }
    sessions::set_tasks(
        flow.connection,
        &session.id,
        &session.tasks.clone().without(task),
        flow.now,
    )?;
    current(flow, session)
}

impl Flow<'_> {
    /// Removes a completed task from all live sessions of a user.
    pub(crate) fn complete_task_of(&self, user_id: &str, task: Task) -> Result<(), StoreError> {
        for session in sessions::of_user(self.connection, user_id, self.now)? {
            if session.is_live() {
                complete(self, session, task)?;
            }
        }
        Ok(())
    }
}

fn current(flow: &Flow<'_>, session: Session) -> Result<Session, StoreError> {
    Ok(sessions::find(flow.connection, &session.id, flow.now)?.unwrap_or(session))
}
