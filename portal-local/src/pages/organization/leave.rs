//! `/organization/leave` and `/organization/delete`, confirmed by typing the organization's name.

use axum::body::Body;
use axum::http::Response;

use super::{DELETE, LEAVE, inside, refused};
use crate::flow::{Access, FlowError};
use crate::html::Frame;
use crate::pages::confirm::ConfirmPage;
use crate::pages::destination::Flow;
use crate::pages::errors::PageResult;
use crate::pages::fields::Confirmation;
use crate::pages::form::form_page;
use crate::pages::path;
use crate::pages::person::{Person, PersonSubmission};
use crate::store::roles::DELETE_PROFILE;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
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

pub(super) async fn show_leave(person: Person) -> PageResult {
    show(person, Way::Leave).await
}

pub(super) async fn show_delete(person: Person) -> PageResult {
    show(person, Way::Delete).await
}

pub(super) async fn leave(submission: PersonSubmission<Confirmation>) -> PageResult {
    submit(submission, Way::Leave).await
}

pub(super) async fn delete(submission: PersonSubmission<Confirmation>) -> PageResult {
    submit(submission, Way::Delete).await
}

async fn show(person: Person, way: Way) -> PageResult {
    let access = match inside(&person).await? {
        Ok(access) => access,
        Err(elsewhere) => return Ok(elsewhere),
    };
    match way.check(&access) {
        Ok(()) => Ok(render(&person, &access, way, String::new(), &[])),
        Err(error) => refused(&person, &error),
    }
}

async fn submit(PersonSubmission { person, form }: PersonSubmission<Confirmation>, way: Way) -> PageResult {
    let shown = match inside(&person).await? {
        Ok(shown) => shown,
        Err(elsewhere) => return Ok(elsewhere),
    };
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
    let error = match done.await {
        Ok(()) => return Ok(person.visit.after_organization()),
        Err(failure) => failure.refusal()?,
    };
    match error {
        FlowError::PermissionMissing { .. } => refused(&person, &error),
        error => Ok(render(&person, &shown, way, typed, &[error])),
    }
}

fn render(person: &Person, access: &Access, way: Way, typed: String, found: &[FlowError]) -> Response<Body> {
    let visit = &person.visit;
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
    let template = ConfirmPage {
        frame: Frame::new(&visit.app, heading),
        form: person.form_frame(way.path(), found),
        page,
        consequence,
        expected: name.clone(),
        typed,
        button,
        cancel: visit.params.link(path::ORGANIZATION, &[]),
    };
    form_page(
        visit,
        &template,
        found,
        visit.destination(Flow::LeaveOrganization).url.as_ref(),
    )
}
