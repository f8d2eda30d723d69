use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portal_sdk::token::OrganizationClaims;
use portal_tower::{Auth, Identity, SignedInRef};

use super::{AuthRejection, SignedIn};

/// A signed-in user's active organization.
///
/// Dereferences to the organization's claims in the session token.
///
/// Rejects a personal account with 403 and a link to the portal's organization page; see the table of
/// [`require`](portal_tower::require). `Option<ActiveOrganization>` is `None` for a personal account, a signed-out
/// request or a pending session.
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
    /// The signed-in user.
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

impl ActiveOrganization {
    pub(crate) fn from_auth(auth: &Auth) -> Result<Self, AuthRejection> {
        let user = auth.check()?;
        match Self::new(auth, user)? {
            Some(organization) => Ok(organization),
            None => Err(auth.refuse_without_organization().into()),
        }
    }

    fn new(auth: &Auth, user: SignedInRef<'_>) -> Result<Option<Self>, AuthRejection> {
        let Some(organization) = user.claims().organization() else {
            return Ok(None);
        };
        Ok(Some(Self {
            signed_in: SignedIn::new(auth, user)?,
            organization: organization.clone(),
        }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ActiveOrganization {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let auth = Auth::from_request_parts(parts, state).await?;
        Self::from_auth(&auth)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for ActiveOrganization {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Self::Rejection> {
        let auth = Auth::from_request_parts(parts, state).await?;
        match auth.identity() {
            Identity::SignedIn(user) => Self::new(&auth, user),
            Identity::SignedOut(_) | Identity::Pending(_) => Ok(None),
            other => Err(auth.refuse(other).into()),
        }
    }
}
