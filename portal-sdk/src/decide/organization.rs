//! The address may name another organization than the active one: a handshake then activates it.

use super::Question;
use super::redirect::MAX_REDIRECTS;
use crate::instance::{Instance, OrganizationTarget};
use crate::request::{AuthenticateContext, ClerkUrl};
use crate::state::{AuthReason, RequestState};
use crate::token::SessionClaims;

/// The organization, or the personal account, that the request's path names.
pub(super) fn target(cx: &AuthenticateContext<'_>) -> Option<OrganizationTarget> {
    target_of(cx.instance(), cx.url())
}

/// [`target`] for a request of which only the address is left.
pub(super) fn target_of(instance: &Instance, url: &ClerkUrl) -> Option<OrganizationTarget> {
    instance.organization_patterns().target(url.as_url().path())
}

/// How the Frontend API is told: an id, a slug, or nothing for the personal account.
pub(super) fn parameter(target: &OrganizationTarget) -> &str {
    match target {
        OrganizationTarget::Id(name) | OrganizationTarget::Slug(name) => name,
        OrganizationTarget::PersonalAccount => "",
    }
}

/// A handshake, if another organization is to become active. Where none is possible, or it has not helped before, the
/// person stays signed in with the organization they have. A pending session has no say in this yet.
pub(super) fn answer(question: Question<'_, '_>, claims: &SessionClaims) -> Option<RequestState> {
    let cx = question.cx;
    let is_possible = cx.is_eligible_for_handshake() && cx.redirect_count() < MAX_REDIRECTS && !claims.is_pending();
    if !is_possible || is_active(claims, &target(cx)?) {
        return None;
    }
    Some(question.handshake_or_signed_out(AuthReason::ActiveOrganizationMismatch.into()))
}

fn is_active(claims: &SessionClaims, target: &OrganizationTarget) -> bool {
    let active = claims.organization();
    match target {
        OrganizationTarget::Id(id) => active.is_some_and(|active| *active.id == **id),
        OrganizationTarget::Slug(slug) => active.is_some_and(|active| active.slug.as_deref() == Some(slug.as_str())),
        OrganizationTarget::PersonalAccount => active.is_none(),
    }
}
