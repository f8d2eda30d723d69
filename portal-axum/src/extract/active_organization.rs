use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portal_sdk::authorization::{Requirement, Verdict};
use portal_sdk::token::{OrganizationClaims, SessionClaims};

use super::{Auth, AuthRejection, SignedIn};

/// Somebody is signed in with an organization active. It dereferences to the organization as the session token has it.
///
/// Rejects a personal account with 403 and a link to the portal's organization page; see the table of
/// [`RequireAuthLayer`](crate::RequireAuthLayer). `Option<ActiveOrganization>` is `None` for a personal account, but still
/// rejects signed-out requests.
///
/// ```
/// use portal_axum::ActiveOrganization;
///
/// async fn team(organization: ActiveOrganization) -> String {
///     format!("{} in {}", organization.signed_in().user_id(), organization.id())
/// }
/// # axum::Router::<()>::new().route("/", axum::routing::get(team));
/// ```
#[derive(Clone, Debug)]
pub struct ActiveOrganization {
    signed_in: SignedIn,
    organization: OrganizationClaims,
}

impl ActiveOrganization {
    /// Who is signed in.
    #[must_use]
    pub fn signed_in(&self) -> &SignedIn {
        &self.signed_in
    }
}

impl Deref for ActiveOrganization {
    type Target = OrganizationClaims;

    fn deref(&self) -> &Self::Target {
        &self.organization
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ActiveOrganization {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Auth::of(parts)?.require(&AnyOrganization)?;
        let organization = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        // Who passes has one.
        organization.ok_or(AuthRejection::MissingAuthenticateLayer)
    }
}

/// Any organization is active.
struct AnyOrganization;

impl Requirement for AnyOrganization {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        match claims.organization() {
            Some(_) => Verdict::Met,
            None => Verdict::NoActiveOrganization,
        }
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for ActiveOrganization {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Self::Rejection> {
        let signed_in = <SignedIn as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let organization = signed_in.organization().cloned();
        Ok(organization.map(|organization| Self {
            signed_in,
            organization,
        }))
    }
}
