//! Changes that an administrator makes to a user's addresses.
//!
//! They send no code, and the restrictions on sign-ups do not apply to them.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::{FlowError, Outcome, is_test_address};
use crate::store::outbox::Content;
use crate::store::{EmailAddress, MailKind, StoreError, Strategy, User};
use crate::store::{email_addresses, external_accounts, instance, outbox, settings, users};

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

/// The reason why a change to an address was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AddressRefusal {
    Flow(FlowError),
    /// An unverified address cannot become primary.
    PrimaryUnverified,
    /// The primary address cannot become unverified.
    UnverifiesPrimary,
}

/// Adds an address and returns its ID.
pub(crate) fn add_address(
    connection: &Connection,
    user: &User,
    address: &str,
    change: AddressChange,
    now: UnixTime,
) -> Result<Result<String, AddressRefusal>, StoreError> {
    let own = email_addresses::of_user(connection, &user.id)?;
    let wanted = email_addresses::normalize(address);
    let is_own = own.iter().any(|one| email_addresses::normalize(&one.address) == wanted);
    if is_own || email_addresses::find_verified(connection, address)?.is_some() {
        return Ok(Err(AddressRefusal::Flow(FlowError::IdentifierExists)));
    }
    let id = email_addresses::insert_unverified(connection, &user.id, address, now)?;
    let Some(added) = email_addresses::find(connection, &id)? else {
        return Ok(Err(AddressRefusal::Flow(FlowError::IdentifierNotFound)));
    };
    let is_first = user.primary_email_address_id.is_none() && change.verified == Some(true);
    let change = AddressChange {
        primary: change.primary || is_first,
        ..change
    };
    Ok(change_address(connection, &added, change, now)?.map(|()| id))
}

/// Changes an address.
pub(crate) fn change_address(
    connection: &Connection,
    address: &EmailAddress,
    change: AddressChange,
    now: UnixTime,
) -> Result<Result<(), AddressRefusal>, StoreError> {
    let Some(user) = users::find(connection, &address.user_id)? else {
        return Ok(Err(AddressRefusal::Flow(FlowError::UserUnknown)));
    };
    let is_primary = user.primary_email_address_id.as_deref() == Some(address.id.as_str());
    let is_verified = address.verified_at.is_some();
    let verified = change.verified.unwrap_or(is_verified);
    if !verified && change.primary {
        return Ok(Err(AddressRefusal::PrimaryUnverified));
    }
    if !verified && is_primary && is_verified {
        return Ok(Err(AddressRefusal::UnverifiesPrimary));
    }
    if verified && !is_verified {
        if email_addresses::find_verified(connection, &address.address)?.is_some() {
            return Ok(Err(AddressRefusal::Flow(FlowError::IdentifierExists)));
        }
        email_addresses::set_verified(connection, &address.id, now)?;
        email_addresses::set_strategy(connection, &address.id, Strategy::Admin)?;
    }
    if !verified && is_verified {
        email_addresses::set_unverified(connection, &address.id, now)?;
    }
    if change.primary && !is_primary {
        users::set_primary_email_address(connection, &user.id, &address.id, now)?;
        if change.notify {
            tell(connection, &user, now)?;
        }
    }
    Ok(Ok(()))
}

/// Removes an address. Another verified address replaces it as the primary one.
///
/// Refuses if the user could no longer sign in without it.
pub(crate) fn drop_address(connection: &Connection, address: &EmailAddress, now: UnixTime) -> Outcome<()> {
    let own = email_addresses::of_user(connection, &address.user_id)?;
    let mut others = own
        .iter()
        .filter(|one| one.id != address.id && one.verified_at.is_some());
    let next = others.next();
    let is_last = address.verified_at.is_some() && next.is_none();
    if is_last && external_accounts::of_user(connection, &address.user_id)?.is_empty() {
        return Ok(Err(FlowError::LastIdentification));
    }
    let user = users::find(connection, &address.user_id)?;
    let primary = user.and_then(|user| user.primary_email_address_id);
    if primary.as_deref() == Some(address.id.as_str()) {
        match next {
            Some(next) => users::set_primary_email_address(connection, &address.user_id, &next.id, now)?,
            None => users::forget_primary_email_address(connection, &address.user_id, now)?,
        }
    }
    email_addresses::delete(connection, &address.id)?;
    Ok(Ok(()))
}

/// Sends a mail to the previous primary address.
fn tell(connection: &Connection, before: &User, now: UnixTime) -> Result<(), StoreError> {
    let address = match &before.primary_email_address_id {
        Some(id) => email_addresses::find(connection, id)?,
        None => None,
    };
    let Some(address) = address.map(|address| address.address) else {
        return Ok(());
    };
    if settings::read(connection)?.test_mode && is_test_address(&address) {
        return Ok(());
    }
    let (origin, name) = instance::address_and_name(connection)?;
    outbox::insert(
        connection,
        &address,
        MailKind::PrimaryAddressChanged,
        &format!("Your primary address at {name} has changed"),
        &format!("Another address is now the primary one of your account at {name}. See your account for the details."),
        Content::Link(&format!("{origin}/user")),
        now,
    )?;
    Ok(())
}
