//! Signing up: address, password and names, then the proof that mail to the address arrives.

use super::lockout::Tries;
use super::restriction::{Use, check_new_address};
use super::sign_in::ATTEMPT_LIFETIME_MILLIS;
use super::ticket::accept_ticket;
use super::{BrowserFlow, CodeRequest, Field, Flow, FlowError, FlowFailure, Names, Outcome, code};
use crate::clock::Millis as _;
use crate::ids;
use crate::password;
use crate::store::{
    AttemptStatus, NewUser, Result, Session, Settings, SignUp, SignUpMode, Strategy, Subject, clients, email_addresses,
    external_accounts, sign_ups, users, verifications,
};

/// RFC 5321's limit for a mailbox in angle brackets, without the brackets.
const MOST_ADDRESS_BYTES: usize = 254;
const MOST_LOCAL_PART_BYTES: usize = 64;

/// The input of a sign-up, checked by [`check_new_sign_up`].
#[derive(Clone, Debug)]
pub(crate) struct NewSignUp {
    pub(crate) email_address: String,
    pub(crate) names: Names,
}

/// Everything that can be said about the input without asking the database, all at once.
pub(crate) fn check_new_sign_up(
    email: &str,
    password: &str,
    first_name: &str,
    last_name: &str,
    names_required: bool,
) -> Result<NewSignUp, Vec<FlowError>> {
    let mut errors = Vec::new();
    let parsed = Names::parse(first_name, last_name).and_then(|names| names.complete(names_required));
    let names = parsed.unwrap_or_else(|wrong| {
        errors.extend(wrong);
        Names::default()
    });
    let email_address = check_email_address(email, Field::EmailAddress).unwrap_or_else(|error| {
        errors.push(error);
        String::new()
    });
    if password.is_empty() {
        errors.push(FlowError::Missing { field: Field::Password });
    } else if let Err(error) = password::check_policy(password, &email_address) {
        errors.push(error.into());
    }
    if errors.is_empty() {
        Ok(NewSignUp { email_address, names })
    } else {
        Err(errors)
    }
}

/// Returns the trimmed address if it looks like one. The check only catches typing errors.
pub(crate) fn check_email_address(text: &str, field: Field) -> Result<String, FlowError> {
    let address = text.trim();
    if address.is_empty() {
        return Err(FlowError::Missing { field });
    }
    let is_plausible = address.len() <= MOST_ADDRESS_BYTES
        && !address.contains(|c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
        && address.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && local.len() <= MOST_LOCAL_PART_BYTES
                && !domain.contains('@')
                && domain.contains('.')
                && domain.split('.').all(|label| !label.is_empty())
        });
    if is_plausible {
        Ok(address.to_owned())
    } else {
        Err(FlowError::EmailAddressInvalid { field })
    }
}

/// Returns an error unless users may sign up without an invitation.
pub(crate) fn may_sign_up(settings: &Settings) -> Result<(), FlowError> {
    match settings.sign_up_mode {
        SignUpMode::Public => Ok(()),
        SignUpMode::Restricted => Err(FlowError::SignUpRestricted),
        SignUpMode::Waitlist => Err(FlowError::SignUpWaitlist),
    }
}

impl BrowserFlow<'_> {
    /// Keeps the entered values and sends the code that verifies the address.
    pub(crate) fn start_sign_up(&self, new: NewSignUp, password_hash: String) -> Outcome<()> {
        may_sign_up(self.settings)?;
        check_new_address(self, &new.email_address, Use::SignUp)?;
        let client = self.client()?;
        let normalize = email_addresses::normalize;
        let previous = sign_ups::current(self.db, &client)?.filter(|one| {
            one.email_verified_at.is_none() && normalize(&one.email_address) == normalize(&new.email_address)
        });
        if previous.is_none() {
            code::may_send(self, &new.email_address, Strategy::EmailCode)?;
        }
        let sign_up = SignUp {
            id: ids::new_id(ids::SIGN_UP, self.now),
            email_address: new.email_address,
            password_hash: Some(password_hash),
            first_name: new.names.first,
            last_name: new.names.last,
            external_profile: None,
            status: AttemptStatus::MissingRequirements,
            email_verified_at: None,
            abandon_at: self.now.plus_millis(ATTEMPT_LIFETIME_MILLIS),
        };
        sign_ups::insert(self.db, &client, &sign_up)?;
        // A restart in the same browser sends no other code while the last one is recent, because it stays valid.
        let is_carried = match &previous {
            Some(previous) => {
                let (from, to) = (Subject::SignUp(&previous.id), Subject::SignUp(&sign_up.id));
                verifications::carry_over(self.db, from, to)?
            }
            None => false,
        };
        match self.send_sign_up_code(&sign_up) {
            Err(FlowFailure::Refused(FlowError::TooManyRequests { .. })) if is_carried => Ok(()),
            // The attempt is kept: the user asks for the code later.
            sent => sent.map_err(FlowFailure::recorded),
        }
    }

    /// Creates an account from an invitation. Its link came by mail, so no code is needed.
    pub(crate) fn sign_up_with_ticket(&self, new: NewSignUp, password_hash: String, ticket: &str) -> Outcome<Session> {
        // A request beside this one may have used it since it was looked up.
        let ticket = self.find_ticket(ticket)?.ok_or(FlowError::InvitationOver)?;
        let address = ticket.address().ok_or(FlowError::AttemptLost)?;
        check_new_address(self, address, Use::SignUp)?;
        let user = NewUser {
            id: None,
            email_address: address.to_owned(),
            strategy: Strategy::Ticket,
            password_hash: Some(password_hash),
            first_name: new.names.first,
            last_name: new.names.last,
        };
        let user_id = users::insert(self.db, &user)?;
        let session = self.sign_in(&user_id)?;
        accept_ticket(self, &ticket, session)
    }

    /// The browser's attempt, if it has one that can still be completed.
    pub(crate) fn pending_sign_up(&self) -> Result<Option<SignUp>> {
        let Some(client) = clients::find_of_dev_browser(self.db, self.browser)? else {
            return Ok(None);
        };
        let sign_up = sign_ups::current(self.db, &client)?;
        Ok(sign_up
            .filter(|attempt| attempt.status == AttemptStatus::MissingRequirements && attempt.abandon_at > self.now))
    }

    /// Checks a code and, if it is the right one, creates the account and signs it in.
    pub(crate) fn attempt_sign_up_code(&self, entered: &str) -> Outcome<SignUpStep> {
        let sign_up = self.pending_sign_up()?.ok_or(FlowError::AttemptLost)?;
        code::check(
            self,
            Subject::SignUp(&sign_up.id),
            Strategy::EmailCode,
            Tries::Address(&sign_up.email_address),
            entered,
        )?;
        // The code is used, whatever comes now.
        finish_proven(self, sign_up).map_err(FlowFailure::recorded)
    }

    /// Adds the names that were missing and creates the account.
    pub(crate) fn continue_sign_up(&self, names: Names) -> Outcome<Session> {
        let pending = self.pending_sign_up()?;
        let mut sign_up = pending
            .filter(|sign_up| sign_up.email_verified_at.is_some())
            .ok_or(FlowError::AttemptLost)?;
        sign_up.first_name = names.first;
        sign_up.last_name = names.last;
        complete(self, sign_up)
    }
}

impl Flow<'_> {
    /// Sends a code to the address that is being proven.
    pub(crate) fn send_sign_up_code(&self, sign_up: &SignUp) -> Outcome<()> {
        let subject = Subject::SignUp(&sign_up.id);
        code::send(
            self,
            subject,
            Strategy::EmailCode,
            &sign_up.email_address,
            CodeRequest::Another,
        )
    }
}

/// The next step after a proven address.
#[derive(Clone, Debug)]
pub(crate) enum SignUpStep {
    /// The account exists and is signed in.
    Done(Box<Session>),
    /// Something that an account needs is missing.
    Continue,
}

/// Creates an account for a verified address, unless a required field is missing.
pub(super) fn finish_proven(flow: &BrowserFlow<'_>, sign_up: SignUp) -> Outcome<SignUpStep> {
    let names = Names {
        first: sign_up.first_name.clone(),
        last: sign_up.last_name.clone(),
    };
    // An administrator may have begun to require names since this attempt began.
    if names.complete(flow.settings.names_required).is_err() {
        sign_ups::set_email_verified(flow.db, &sign_up.id)?;
        return Ok(SignUpStep::Continue);
    }
    let session = complete(flow, sign_up)?;
    Ok(SignUpStep::Done(Box::new(session)))
}

fn complete(flow: &BrowserFlow<'_>, sign_up: SignUp) -> Outcome<Session> {
    // Check again: since the start, settings may have changed and another user may have verified the same address.
    check_new_address(flow, &sign_up.email_address, Use::SignUp)?;
    let is_proven_by_provider = sign_up
        .external_profile
        .as_ref()
        .is_some_and(|profile| profile.email_address_verified);
    let new = NewUser {
        id: None,
        email_address: sign_up.email_address,
        strategy: match is_proven_by_provider {
            true => Strategy::Provider,
            false => Strategy::EmailCode,
        },
        password_hash: sign_up.password_hash,
        first_name: sign_up.first_name,
        last_name: sign_up.last_name,
    };
    let user_id = users::insert(flow.db, &new)?;
    if let Some(profile) = &sign_up.external_profile {
        // Another user may have connected the same account since this attempt began.
        if external_accounts::find_by_provider_user(flow.db, &profile.provider_user_id)?.is_none() {
            external_accounts::insert(flow.db, &user_id, profile)?;
        }
    }
    let session = flow.sign_in(&user_id)?;
    sign_ups::complete(flow.db, &sign_up.id, &user_id, &session.id)?;
    Ok(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_in_addresses_are_caught() {
        for address in [
            "ada@example.com",
            " ada@example.com ",
            "a.b+c@x.example",
            "ä@bücher.example",
            "o'hara@example.com",
        ] {
            assert_eq!(
                check_email_address(address, Field::EmailAddress).as_deref(),
                Ok(address.trim())
            );
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for address in [
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            "a@b@example.com",
            "a@example",
            "a@.com",
            "a@b..c",
            &long,
        ] {
            assert!(check_email_address(address, Field::EmailAddress).is_err(), "{address}");
        }
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let errors = check_new_sign_up("nobody", "short", &"x".repeat(300), "", false).unwrap_err();
        let fields: Vec<_> = errors.iter().filter_map(FlowError::field).collect();
        assert_eq!(fields, [Field::FirstName, Field::EmailAddress, Field::Password]);
    }

    #[test]
    fn required_names_are_asked_for() {
        let errors = check_new_sign_up("ada@example.com", "correct horse battery", "Ada", " ", true).unwrap_err();
        assert_eq!(errors, [FlowError::Missing { field: Field::LastName }]);
    }
}
