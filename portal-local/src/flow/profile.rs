//! A user's profile: names and picture.

use super::{Field, Flow, FlowError};
use crate::store::{Result, users};

const MOST_NAME_CHARS: usize = 256;

/// First and last name; either may be absent, neither is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
}

impl Names {
    /// Reads the two inputs; blank is absent.
    pub(crate) fn parse(first: &str, last: &str) -> Result<Self, Vec<FlowError>> {
        let mut errors = Vec::new();
        let mut read = |text: &str, field| {
            // A line break or a NUL in a name is an accident or an attack.
            let name: String = text.trim().chars().filter(|c| !c.is_control()).collect();
            if name.chars().count() > MOST_NAME_CHARS {
                errors.push(FlowError::TooLong {
                    field,
                    most: MOST_NAME_CHARS,
                });
            }
            (!name.is_empty()).then_some(name)
        };
        let names = Self {
            first: read(first, Field::FirstName),
            last: read(last, Field::LastName),
        };
        if errors.is_empty() { Ok(names) } else { Err(errors) }
    }

    /// These names, if both are there or need not be.
    pub(crate) fn complete(self, is_required: bool) -> Result<Self, Vec<FlowError>> {
        let both = [(&self.first, Field::FirstName), (&self.last, Field::LastName)];
        let missing: Vec<FlowError> = both
            .into_iter()
            .filter(|(name, _)| is_required && name.is_none())
            .map(|(_, field)| FlowError::Missing { field })
            .collect();
        if missing.is_empty() { Ok(self) } else { Err(missing) }
    }
}

impl Flow<'_> {
    pub(crate) fn change_names(&self, user_id: &str, names: &Names) -> Result<()> {
        users::set_names(self.db, user_id, names.first.as_deref(), names.last.as_deref())
    }
}
