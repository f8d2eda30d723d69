//! The address may name another organization than the active one: a handshake then activates it.

use super::Question;
use crate::instance::{Instance, OrganizationTarget};
use crate::request::{AuthenticateContext, ClerkUrl};
use crate::state::RequestState;
use crate::token::SessionClaims;

/// The organization, or the personal account, that the request's path names.
pub(super) fn target(cx: &AuthenticateContext<'_>) -> Option<OrganizationTarget> {
    target_of(cx.instance(), cx.url())
}

/// [`target`] for a request of which only the address is left.
pub(super) fn target_of(instance: &Instance, url: &ClerkUrl) -> Option<OrganizationTarget> {
    instance.organization_patterns().target(url.application_path())
}

/// How the Frontend API is told: an id, a slug, or nothing for the personal account.
pub(super) fn parameter(target: &OrganizationTarget) -> &str {
    match target {
        OrganizationTarget::Id(name) | OrganizationTarget::Slug(name) => name,
        OrganizationTarget::PersonalAccount => "",
    }
}

/// A handshake, if another organization is to become active. Where none is possible, or it has not helped before, the
/// user stays signed in with the organization that is active; see [`note_mismatch`].
pub(super) fn answer(question: Question<'_, '_>, claims: &SessionClaims) -> Option<RequestState> {
    let target = mismatch(question.cx, claims)?;
    question.activation(&target)
}

/// [`answer`] for a session that was just renewed: the new token may be of another organization too. Clerk's SDK serves
/// the page then.
pub(super) fn answer_renewed(question: Question<'_, '_>, state: RequestState) -> RequestState {
    let RequestState::SignedIn(renewed) = &state else {
        return state;
    };
    // A token in the header decides alone.
    if question.cx.bearer().is_some() {
        return state;
    }
    let Some(RequestState::Handshake(mut handshake)) = answer(question, &renewed.claims) else {
        return state;
    };
    let mut directives = renewed.directives.clone();
    for (name, value) in handshake.directives.iter() {
        directives.append(name.clone(), value.clone());
    }
    handshake.directives = directives;
    RequestState::Handshake(handshake)
}

/// Notes on a state that is signed in all the same whether another organization is active than the path names.
pub(super) fn note_mismatch(cx: &AuthenticateContext<'_>, state: &mut RequestState) {
    if let RequestState::SignedIn(state) = state {
        state.organization_mismatch = mismatch(cx, &state.claims).is_some();
    }
}

/// Returns the path's organization if it is not the active one. Pending sessions and tokens without a user are exempt.
fn mismatch(cx: &AuthenticateContext<'_>, claims: &SessionClaims) -> Option<OrganizationTarget> {
    if claims.is_pending() || claims.user_id().as_str().is_empty() {
        return None;
    }
    target(cx).filter(|target| !is_active(claims, target))
}

fn is_active(claims: &SessionClaims, target: &OrganizationTarget) -> bool {
    let active = claims.organization();
    match target {
        OrganizationTarget::Id(id) => active.is_some_and(|active| active.id() == id.as_str()),
        OrganizationTarget::Slug(slug) => claims.organization_slug() == Some(slug.as_str()),
        OrganizationTarget::PersonalAccount => active.is_none(),
    }
}
