//! [`FlowError`]: what can be wrong with what somebody entered, with Clerk's code and a sentence of ours.

/// Which input a message belongs to. The names are those of the form fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Identifier,
    EmailAddress,
    Password,
    Code,
    FirstName,
    LastName,
}

impl Field {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::EmailAddress => "emailAddress",
            Self::Password => "password",
            Self::Code => "code",
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Identifier | Self::EmailAddress => "email address",
            Self::Password => "password",
            Self::Code => "code",
            Self::FirstName => "first name",
            Self::LastName => "last name",
        }
    }
}

/// Why a step of a flow was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FlowError {
    #[error("Enter your {}.", .field.noun())]
    Missing { field: Field },
    #[error("Enter a valid email address.")]
    EmailAddressInvalid { field: Field },
    #[error("Shorten your {} to {most} characters or fewer.", .field.noun())]
    TooLong { field: Field, most: usize },
    #[error("No account was found for this address.")]
    IdentifierNotFound,
    #[error("An account with this address exists already.")]
    IdentifierExists,
    #[error("That password is not correct.")]
    PasswordIncorrect,
    #[error("This account has no password. Use another method.")]
    NoPassword,
    #[error("Too many attempts. Try again in {}.", minutes(*.retry_after_secs))]
    Locked { retry_after_secs: i64 },
    #[error("Choose a password with at least {least} characters.")]
    PasswordTooShort { least: usize },
    #[error("Choose a password with at most {most} characters.")]
    PasswordTooLong { most: usize },
    #[error("Choose a shorter password: in bytes it may have at most {most}.")]
    PasswordTooManyBytes { most: usize },
    #[error("Choose a password that is not your email address.")]
    PasswordIsIdentifier,
    #[error("This password is among the first that a stranger would try. Choose another.")]
    PasswordWellKnown,
    #[error("The code has six digits.")]
    CodeMalformed,
    #[error("That code is not correct. {} left.", tries(*.tries_left))]
    CodeIncorrect { tries_left: u32 },
    #[error("This code has expired. Send a new one.")]
    CodeExpired,
    #[error("Too many wrong codes. Send a new one.")]
    CodeUsedUp,
    #[error("A code was sent a moment ago. Wait {} before you ask for another.", seconds(*.retry_after_secs))]
    TooManyRequests { retry_after_secs: i64 },
    #[error("Your attempt expired. Please start again.")]
    AttemptLost,
}

impl FlowError {
    /// Clerk's code for this error.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "form_param_nil",
            Self::EmailAddressInvalid { .. } | Self::CodeMalformed => "form_param_format_invalid",
            Self::TooLong { .. } => "form_param_max_length_exceeded",
            Self::IdentifierNotFound => "form_identifier_not_found",
            Self::IdentifierExists => "form_identifier_exists",
            Self::PasswordIncorrect => "form_password_incorrect",
            Self::NoPassword => "strategy_for_user_invalid",
            Self::Locked { .. } => "user_locked",
            Self::PasswordTooShort { .. } => "form_password_length_too_short",
            Self::PasswordTooLong { .. } => "form_password_length_too_long",
            Self::PasswordTooManyBytes { .. } => "form_password_size_in_bytes_exceeded",
            Self::PasswordIsIdentifier => "form_password_matches_identifier",
            Self::PasswordWellKnown => "form_password_pwned",
            Self::CodeIncorrect { .. } => "form_code_incorrect",
            Self::CodeExpired => "verification_expired",
            Self::CodeUsedUp => "verification_failed",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::AttemptLost => "resource_not_found",
        }
    }

    /// The input that the person should look at.
    pub(crate) fn field(&self) -> Option<Field> {
        match self {
            Self::Missing { field } | Self::EmailAddressInvalid { field } | Self::TooLong { field, .. } => Some(*field),
            Self::IdentifierNotFound => Some(Field::Identifier),
            Self::IdentifierExists => Some(Field::EmailAddress),
            Self::PasswordIncorrect
            | Self::PasswordTooShort { .. }
            | Self::PasswordTooLong { .. }
            | Self::PasswordTooManyBytes { .. }
            | Self::PasswordIsIdentifier
            | Self::PasswordWellKnown => Some(Field::Password),
            Self::CodeMalformed | Self::CodeIncorrect { .. } | Self::CodeExpired | Self::CodeUsedUp => {
                Some(Field::Code)
            }
            Self::NoPassword | Self::Locked { .. } | Self::TooManyRequests { .. } | Self::AttemptLost => None,
        }
    }

    /// How long to wait, where waiting helps.
    pub(crate) fn retry_after_secs(&self) -> Option<i64> {
        match self {
            Self::Locked { retry_after_secs } | Self::TooManyRequests { retry_after_secs } => Some(*retry_after_secs),
            _ => None,
        }
    }
}

fn minutes(secs: i64) -> String {
    count(secs.saturating_add(59) / 60, "minute", "minutes")
}

fn seconds(secs: i64) -> String {
    count(secs, "second", "seconds")
}

fn tries(left: u32) -> String {
    count(i64::from(left), "try", "tries")
}

fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_count_correctly() {
        for (error, sentence) in [
            (
                FlowError::Locked {
                    retry_after_secs: 3_600,
                },
                "Too many attempts. Try again in 60 minutes.",
            ),
            (
                FlowError::Locked { retry_after_secs: 1 },
                "Too many attempts. Try again in 1 minute.",
            ),
            (
                FlowError::CodeIncorrect { tries_left: 1 },
                "That code is not correct. 1 try left.",
            ),
            (
                FlowError::Missing {
                    field: Field::Identifier,
                },
                "Enter your email address.",
            ),
        ] {
            assert_eq!(error.to_string(), sentence);
        }
    }
}
