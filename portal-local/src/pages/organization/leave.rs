//! `/organization/leave` and `/organization/delete`, confirmed by typing the organization's name.

use axum::response::Response;

use super::{DELETE, LEAVE, inside, refusal};
use crate::flow::{Access, FlowError};
use crate::pages::confirm::ConfirmPage;
use crate::pages::destination::Flow;
use crate::pages::errors::{PageResult, not_allowed};
use crate::pages::fields::Confirmation;
use crate::pages::path;
use crate::pages::person::{Person, PersonSubmission};
use crate::store::roles::DELETE_PROFILE;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Leave,
    Delete,
}

impl Way {
    fn path(self) -> &'static str {
        match self {
            Self::Leave => LEAVE,
            Self::Delete => DELETE,
        }
    }

    fn check(self, access: &Access) -> Result<(), FlowError> {
        match self {
            Self::Leave => Ok(()),
            Self::Delete if access.organization.admin_delete_enabled => access.require(DELETE_PROFILE),
            Self::Delete => Err(FlowError::PermissionMissing {
                permission: DELETE_PROFILE,
            }),
        }
    }
}

pub(super) async fn show(person: Person, way: Way) -> PageResult {
    let access = inside(&person).await?;
    Ok(match way.check(&access) {
        Ok(()) => render(&person, &access, way, String::new(), &[]),
        Err(error) => not_allowed(&person.visit.app, &error),
    })
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<Confirmation>, way: Way) -> PageResult {
    let shown = inside(&person).await?;
    let typed = form.confirmation;
    let (confirmation, id) = (typed.trim().to_owned(), shown.organization.id.clone());
    let done = person.flow(move |flow, session| {
        let access = flow.access(&session.user_id, &id)?.ok_or(FlowError::MemberUnknown)?;
        way.check(&access)?;
        if confirmation != access.organization.name {
            let expected = access.organization.name;
            return Err(FlowError::ConfirmationWrong { expected }.into());
        }
        match way {
            Way::Leave => flow.remove_member(&access.organization, &session.user_id).map(drop),
            Way::Delete => Ok(flow.delete_organization(&access.organization)?),
        }
    });
    Ok(match done.await {
        Ok(()) => person.visit.after_organization(),
        Err(failure) => render(&person, &shown, way, typed, &[refusal(&person, failure)?]),
    })
}

fn render(person: &Person, access: &Access, way: Way, typed: String, found: &[FlowError]) -> Response {
    let name = &access.organization.name;
    let (page, heading, consequence, button) = match way {
        Way::Leave => (
            "organization-leave",
            format!("Leave {name}"),
            "You lose access to everything in this organization until another member invites you again.",
            "Leave the organization",
        ),
        Way::Delete => (
            "organization-delete",
            format!("Delete {name}"),
            "The organization, its memberships and its invitations are deleted for good.",
            "Delete the organization",
        ),
    };
    let target = person.visit.destination(Flow::LeaveOrganization).url;
    let form = person.form_page(heading, way.path(), found).target(target);
    form.about(&access.organization).render(|frame| ConfirmPage {
        frame,
        page,
        consequence,
        expected: name.clone(),
        typed,
        button,
        cancel: path::ORGANIZATION,
    })
}
