//! Session tasks: steps to complete before a session counts as signed in.

use super::Flow;
use crate::store::{Result, Session, Settings, Task, Tasks, memberships, sessions, users};

/// Sets the tasks of a new session.
///
/// If the user has exactly one organization, that one becomes active and the user need not choose.
pub(super) fn settle_new(flow: &Flow<'_>, session: Session) -> Result<Session> {
    let settings = flow.settings;
    let mut tasks = Tasks::default();
    let user = users::find(flow.db, &session.user_id)?;
    let is_compromised = user.is_some_and(|user| user.password_hash.is_some() && user.password_compromised);
    if settings.force_password_reset && is_compromised {
        tasks = tasks.with(Task::ResetPassword);
    }
    if settings.mfa_required && !flow.has_totp(&session.user_id)? {
        tasks = tasks.with(Task::SetupMfa);
    }
    let tasks = choose_organization(flow, settings, &session, tasks)?;
    sessions::set_tasks(flow.db, &session.id, &tasks)?;
    current(flow, session)
}

/// Sets the tasks of a session in which an actor impersonates the user.
pub(super) fn settle_impersonated(flow: &Flow<'_>, session: Session) -> Result<Session> {
    let settings = flow.settings;
    let tasks = choose_organization(flow, settings, &session, Tasks::default())?;
    sessions::set_tasks(flow.db, &session.id, &tasks)?;
    current(flow, session)
}

fn choose_organization(flow: &Flow<'_>, settings: &Settings, session: &Session, mut tasks: Tasks) -> Result<Tasks> {
    if settings.organizations_enabled && settings.force_organization_selection {
        match memberships::of_user(flow.db, &session.user_id)?.as_slice() {
            [only] => {
                let organization = Some(only.organization_id.as_str());
                sessions::set_organization(flow.db, &session.id, organization)?;
            }
            _ => tasks = tasks.with(Task::ChooseOrganization),
        }
    }
    Ok(tasks)
}

/// Adds a task to a session.
pub(super) fn add(flow: &Flow<'_>, session: &Session, task: Task) -> Result<()> {
    sessions::set_tasks(flow.db, &session.id, &session.tasks.clone().with(task))
}

/// Removes a completed task from a session.
pub(super) fn complete(flow: &Flow<'_>, session: Session, task: Task) -> Result<Session> {
    if !session.tasks.contains(task) {
        return Ok(session);
    }
    sessions::set_tasks(flow.db, &session.id, &session.tasks.clone().without(task))?;
    current(flow, session)
}

impl Flow<'_> {
    /// Removes a completed task from all live sessions of a user.
    pub(crate) fn complete_task_of(&self, user_id: &str, task: Task) -> Result<()> {
        for session in sessions::live_of_user(self.db, user_id)? {
            complete(self, session, task)?;
        }
        Ok(())
    }
}

fn current(flow: &Flow<'_>, session: Session) -> Result<Session> {
    Ok(sessions::find(flow.db, &session.id)?.unwrap_or(session))
}
