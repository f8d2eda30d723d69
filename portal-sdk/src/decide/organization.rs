//! The path's organization: a handshake activates it if it is not the active one.

use super::Question;
use crate::instance::{Instance, OrganizationTarget};
use crate::request::{AuthenticateContext, PublicUrl};
use crate::state::{Outcome, RequestState};
use crate::token::SessionClaims;

/// Returns the organization or personal account of a URL's path.
pub(super) fn target_of(instance: &Instance, url: &PublicUrl) -> Option<OrganizationTarget> {
    instance.organization_patterns().target(url.application_path())
}

/// Returns the Frontend API's parameter: an ID, a slug, or an empty string for the personal account.
pub(super) fn parameter(target: &OrganizationTarget) -> &str {
    match target {
        OrganizationTarget::Id(name) | OrganizationTarget::Slug(name) => name,
        OrganizationTarget::PersonalAccount => "",
    }
}

/// Starts a handshake if the path's organization is not the active one.
///
/// If the request cannot be redirected, or the redirect limit was reached, the user stays signed in with the active
/// organization; see [`note_mismatch`]. A renewed session is checked too, because its new token may have another
/// organization; Clerk's SDK serves the page in that case.
pub(super) fn activate(question: Question<'_, '_>, state: &mut RequestState) {
    let Outcome::SignedIn(signed_in) = &state.outcome else {
        return;
    };
    let target = mismatch(question.cx, &signed_in.claims);
    if let Some(handshake) = target.and_then(|target| question.activation(target, &state.headers)) {
        *state = handshake;
    }
}

/// Sets `organization_mismatch` on a signed-in state if the path's organization is not the active one.
pub(super) fn note_mismatch(cx: &AuthenticateContext<'_>, state: &mut RequestState) {
    if let Outcome::SignedIn(state) = &mut state.outcome {
        state.organization_mismatch = mismatch(cx, &state.claims).is_some();
    }
}

/// Returns the path's organization if it is not the active one. Pending sessions and tokens without a user are exempt.
fn mismatch<'c>(cx: &'c AuthenticateContext<'_>, claims: &SessionClaims) -> Option<&'c OrganizationTarget> {
    if cx.instance().organization_patterns().is_empty() || claims.is_pending() || !claims.has_user() {
        return None;
    }
    cx.organization_target().filter(|target| !is_active(claims, target))
}

fn is_active(claims: &SessionClaims, target: &OrganizationTarget) -> bool {
    let active = claims.organization();
    match target {
        OrganizationTarget::Id(id) => active.is_some_and(|active| active.id() == id.as_str()),
        OrganizationTarget::Slug(slug) => claims.organization_slug() == Some(slug.as_str()),
        OrganizationTarget::PersonalAccount => active.is_none(),
    }
}
