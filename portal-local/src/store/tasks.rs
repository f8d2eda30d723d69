//! Tasks that a pending session waits for.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::record::columns;

/// A task, named by Clerk's key of session tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    ResetPassword,
    SetupMfa,
    ChooseOrganization,
}

impl Task {
    /// All tasks, in their order.
    const ALL: [Self; 3] = [Self::ResetPassword, Self::SetupMfa, Self::ChooseOrganization];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset-password",
            Self::SetupMfa => "setup-mfa",
            Self::ChooseOrganization => "choose-organization",
        }
    }
}

/// Everything that one session waits for, in the order in which it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tasks(Vec<Task>);

impl Tasks {
    pub(crate) fn first(&self) -> Option<Task> {
        self.0.first().copied()
    }

    pub(crate) fn contains(&self, task: Task) -> bool {
        self.0.contains(&task)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Task> + '_ {
        self.0.iter().copied()
    }

    /// The same with `task`, in its place in the order.
    pub(crate) fn with(self, task: Task) -> Self {
        let wanted = Task::ALL.into_iter();
        Self(wanted.filter(|one| *one == task || self.contains(*one)).collect())
    }

    /// The same without `task`, which is done.
    pub(crate) fn without(mut self, task: Task) -> Self {
        self.0.retain(|one| *one != task);
        self
    }
}

impl ToSql for Tasks {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let words: Vec<&str> = self.iter().map(Task::as_str).collect();
        Ok(match words.is_empty() {
            true => rusqlite::types::Null.into(),
            false => words.join(",").into(),
        })
    }
}

impl FromSql for Tasks {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let Some(text) = value.as_str_or_null()? else {
            return Ok(Self::default());
        };
        let known = |word| Task::ALL.into_iter().find(|task| task.as_str() == word);
        let tasks: Option<Vec<Task>> = text.split(',').map(known).collect();
        tasks.map(Self).ok_or(FromSqlError::InvalidType)
    }
}

columns!(Tasks);
