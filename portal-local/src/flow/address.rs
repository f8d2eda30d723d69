//! Changes that an administrator makes to a user's addresses.
//!
//! They send no code, and the restrictions on sign-ups do not apply to them.

use super::code::is_tested;
use super::{Flow, FlowError, Outcome};
use crate::store::outbox::{Content, NewMail};
use crate::store::{EmailAddress, MailKind, Result, Strategy, User, email_addresses, external_accounts, users};

/// A change to an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddressChange {
    /// The new verification status; `None` keeps the current one.
    pub(crate) verified: Option<bool>,
    /// Makes the address the primary one.
    pub(crate) primary: bool,
    /// Sends a mail to the previous primary address.
    pub(crate) notify: bool,
}

impl Flow<'_> {
    /// Adds an address and returns its ID.
    pub(crate) fn add_address(&self, user: &User, address: &str, change: AddressChange) -> Outcome<String> {
        let own = email_addresses::of_user(self.db, &user.id)?;
        let wanted = email_addresses::normalize(address);
        let is_own = own.iter().any(|one| email_addresses::normalize(&one.address) == wanted);
        if is_own || email_addresses::find_verified(self.db, address)?.is_some() {
            return Err(FlowError::IdentifierExists.into());
        }
        let id = email_addresses::insert_unverified(self.db, &user.id, address)?;
        let added = email_addresses::find(self.db, &id)?.ok_or(FlowError::IdentifierNotFound)?;
        let is_first = user.primary_email_address_id.is_none() && change.verified == Some(true);
        let change = AddressChange {
            primary: change.primary || is_first,
            ..change
        };
        self.change_address(&added, change)?;
        Ok(id)
    }

    /// Changes an address.
    pub(crate) fn change_address(&self, address: &EmailAddress, change: AddressChange) -> Outcome<()> {
        let user = users::find(self.db, &address.user_id)?.ok_or(FlowError::UserUnknown)?;
        let is_primary = user.primary_email_address_id.as_deref() == Some(address.id.as_str());
        let is_verified = address.verified_at.is_some();
        let verified = change.verified.unwrap_or(is_verified);
        if !verified && change.primary {
            return Err(FlowError::PrimaryUnverified.into());
        }
        if !verified && is_primary && is_verified {
            return Err(FlowError::UnverifiesPrimary.into());
        }
        if verified && !is_verified {
            if email_addresses::find_verified(self.db, &address.address)?.is_some() {
                return Err(FlowError::IdentifierExists.into());
            }
            email_addresses::set_verified(self.db, &address.id)?;
            email_addresses::set_strategy(self.db, &address.id, Strategy::Admin)?;
        }
        if !verified && is_verified {
            email_addresses::set_unverified(self.db, &address.id)?;
        }
        if change.primary && !is_primary {
            let previous = email_addresses::primary(self.db, &user.id)?;
            users::set_primary_email_address(self.db, &user.id, Some(&address.id))?;
            if change.notify
                && let Some(previous) = previous
            {
                tell(self, &previous.address)?;
            }
        }
        Ok(())
    }

    /// Removes an address. Another verified address replaces it as the primary one.
    ///
    /// Refuses if the user could no longer sign in without it.
    pub(crate) fn drop_address(&self, address: &EmailAddress) -> Outcome<()> {
        let own = email_addresses::of_user(self.db, &address.user_id)?;
        let mut others = own
            .iter()
            .filter(|one| one.id != address.id && one.verified_at.is_some());
        let next = others.next();
        let is_last = address.verified_at.is_some() && next.is_none();
        if is_last && external_accounts::of_user(self.db, &address.user_id)?.is_empty() {
            return Err(FlowError::LastIdentification.into());
        }
        let user = users::find(self.db, &address.user_id)?;
        let primary = user.and_then(|user| user.primary_email_address_id);
        if primary.as_deref() == Some(address.id.as_str()) {
            let next = next.map(|next| next.id.as_str());
            users::set_primary_email_address(self.db, &address.user_id, next)?;
        }
        email_addresses::delete(self.db, &address.id)?;
        Ok(())
    }
}

/// Sends a mail to the previous primary address.
fn tell(flow: &Flow<'_>, address: &str) -> Result<()> {
    if is_tested(flow, address) {
        return Ok(());
    }
    let (origin, name) = (&flow.application.origin, &flow.application.name);
    flow.send_mail(NewMail {
        to: address,
        kind: MailKind::PrimaryAddressChanged,
        subject: format!("Your primary email address at {name} has changed"),
        body: format!(
            "Your account at {name} has a new primary email address. If you didn't change it, sign in and check your account."
        ),
        content: Content::Link(&format!("{origin}/user")),
    })
}
