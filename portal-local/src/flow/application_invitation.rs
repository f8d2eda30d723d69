//! Invitations to the application: sending them.

use super::{Field, Flow, FlowError, INVITATION_DAYS, Outcome, check_email_address};
use crate::clock::Millis as _;
use crate::ids;
use crate::secrets::random_token;
use crate::store::outbox::{Content, NewMail};
use crate::store::tickets::set_status;
use crate::store::{
    ApplicationInvitation, MailKind, Metadata, TicketStatus, WaitlistStatus, application_invitations, email_addresses,
    waitlist,
};

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

impl NewApplicationInvitation {
    /// An invitation with a mail, for the usual time.
    pub(crate) fn new(address: String) -> Self {
        Self {
            address,
            redirect_url: None,
            public_metadata: Metadata::default(),
            expires_in_days: INVITATION_DAYS,
            notify: true,
            ignore_existing: false,
        }
    }
}

impl Flow<'_> {
    /// Invites an address to create an account. Returns the invitation and its link.
    pub(crate) fn invite_to_application(
        &self,
        new: NewApplicationInvitation,
    ) -> Outcome<(ApplicationInvitation, String)> {
        let address = check_email_address(&new.address, Field::EmailAddress)?;
        if let Some(open) = application_invitations::find_pending(self.db, &address)? {
            if !new.ignore_existing {
                return Err(FlowError::AlreadyInvited { address }.into());
            }
            set_status::<ApplicationInvitation>(self.db, &open.id, TicketStatus::Revoked)?;
        }
        if !new.ignore_existing && email_addresses::find_verified(self.db, &address)?.is_some() {
            return Err(FlowError::IdentifierExists.into());
        }
        let invitation = ApplicationInvitation {
            id: ids::new_id(ids::INVITATION, self.now),
            address,
            redirect_url: new.redirect_url,
            public_metadata: new.public_metadata,
            status: TicketStatus::Pending,
            expires_at: self.now.plus_millis(i64::from(new.expires_in_days) * DAY_MILLIS),
            created_at: self.now,
            updated_at: self.now,
        };
        let ticket = random_token();
        application_invitations::insert(self.db, &invitation, &ticket)?;
        waitlist::set_status(self.db, &invitation.address, WaitlistStatus::Invited)?;
        let link = self.application.ticket_link(&ticket);
        if new.notify {
            let name = &self.application.name;
            let days = new.expires_in_days;
            self.send_mail(NewMail {
                to: &invitation.address,
                kind: MailKind::Invitation,
                subject: format!("You're invited to {name}"),
                body: format!("Open the link to create your account at {name}. It expires in {days} days."),
                content: Content::Link(&link),
            })?;
        }
        Ok((invitation, link))
    }
}
