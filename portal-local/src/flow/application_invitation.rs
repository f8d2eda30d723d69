//! Invitations to the application: sending them.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::{Field, FlowError, Outcome, check_email_address};
use crate::clock::Millis as _;
use crate::secrets::random_token;
use crate::state::App;
use crate::store::outbox::Content;
use crate::store::{ApplicationInvitation, MailKind, Metadata, TicketStatus, WaitlistStatus};
use crate::store::{application_invitations, email_addresses, outbox, waitlist};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// An invitation to the application that is not written yet.
#[derive(Clone, Debug)]
pub(crate) struct NewApplicationInvitation {
    pub(crate) address: String,
    /// Was checked when it was read.
    pub(crate) redirect_url: Option<String>,
    pub(crate) public_metadata: Metadata,
    pub(crate) expires_in_days: u32,
    /// `true` if a mail is written.
    pub(crate) notify: bool,
    /// `true` if an existing account or open invitation with this address is accepted.
    pub(crate) ignore_existing: bool,
}

/// Invites an address to create an account. Returns the invitation and its link.
pub(crate) fn invite_to_application(
    app: &App,
    connection: &Connection,
    new: NewApplicationInvitation,
    now: UnixTime,
) -> Outcome<(ApplicationInvitation, String)> {
    let address = match check_email_address(&new.address, Field::EmailAddress) {
        Ok(address) => address,
        Err(error) => return Ok(Err(error)),
    };
    if let Some(open) = application_invitations::find_pending(connection, &address, now)? {
        if !new.ignore_existing {
            return Ok(Err(FlowError::AlreadyInvited { address }));
        }
        application_invitations::set_status(connection, &open.id, TicketStatus::Revoked, now)?;
    }
    if !new.ignore_existing && email_addresses::find_verified(connection, &address)?.is_some() {
        return Ok(Err(FlowError::IdentifierExists));
    }
    let invitation = ApplicationInvitation {
        id: application_invitations::new_id(now),
        address,
        redirect_url: new.redirect_url,
        public_metadata: new.public_metadata,
        status: TicketStatus::Pending,
        expires_at: now.plus_millis(i64::from(new.expires_in_days) * DAY_MILLIS),
        created_at: now,
        updated_at: now,
    };
    let ticket = random_token();
    application_invitations::insert(connection, &invitation, &ticket)?;
    waitlist::set_status(connection, &invitation.address, WaitlistStatus::Invited, now)?;
    let link = app.ticket_link(&ticket);
    if new.notify {
        let name = &app.application_name;
        outbox::insert(
            connection,
            &invitation.address,
            MailKind::Invitation,
            &format!("You are invited to {name}"),
            &format!(
                "Open the link to make your account at {name}. It is good for {} days.",
                new.expires_in_days
            ),
            Content::Link(&link),
            now,
        )?;
    }
    Ok(Ok((invitation, link)))
}
