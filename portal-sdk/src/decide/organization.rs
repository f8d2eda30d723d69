//! The address may name another organization than the active one: a handshake then activates it.

use super::Question;
use crate::instance::{Instance, OrganizationTarget};
use crate::request::{AuthenticateContext, PublicUrl};
use crate::state::{Outcome, RequestState};
use crate::token::SessionClaims;

/// The organization, or the personal account, that the request's path names.
pub(super) fn target(cx: &AuthenticateContext<'_>) -> Option<OrganizationTarget> {
    target_of(cx.instance(), cx.url())
}

/// [`target`] for a request of which only the address is left.
pub(super) fn target_of(instance: &Instance, url: &PublicUrl) -> Option<OrganizationTarget> {
    instance.organization_patterns().target(url.application_path())
}

/// How the Frontend API is told: an id, a slug, or nothing for the personal account.
pub(super) fn parameter(target: &OrganizationTarget) -> &str {
    match target {
        OrganizationTarget::Id(name) | OrganizationTarget::Slug(name) => name,
        OrganizationTarget::PersonalAccount => "",
    }
}

/// Sends the browser into a handshake if another organization is to become active. Where that is impossible, or has not
/// helped before, the user stays signed in with the organization that is active; see [`note_mismatch`].
///
/// A session that was just renewed counts too: its new token may be of another organization. Clerk's SDK serves the page
/// then.
pub(super) fn activate(question: Question<'_, '_>, state: RequestState) -> RequestState {
    let Outcome::SignedIn(signed_in) = &state.outcome else {
        return state;
    };
    let target = mismatch(question.cx, &signed_in.claims);
    let handshake = target.and_then(|target| question.activation(&target, &state.headers));
    handshake.unwrap_or(state)
}

/// Notes on a state that is signed in all the same whether another organization is active than the path names.
pub(super) fn note_mismatch(cx: &AuthenticateContext<'_>, state: &mut RequestState) {
    if let Outcome::SignedIn(state) = &mut state.outcome {
        state.organization_mismatch = mismatch(cx, &state.claims).is_some();
    }
}

/// Returns the path's organization if it is not the active one. Pending sessions and tokens without a user are exempt.
fn mismatch(cx: &AuthenticateContext<'_>, claims: &SessionClaims) -> Option<OrganizationTarget> {
    if cx.instance().organization_patterns().is_empty() || claims.is_pending() || claims.user_id().as_str().is_empty() {
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
