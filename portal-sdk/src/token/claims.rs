//! The claims of a verified session token, in both versions of Clerk's format.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::organization::{self, text};
use super::permissions::{self, Holder};
use super::{FactorAges, OrganizationClaims, SessionId, UserId};
use crate::clock::UnixTime;

/// A verified session token's claims.
///
/// Only [`verify_session_token`](super::verify_session_token) creates them, so they prove that the instance's key
/// signed the token. Cloning is cheap.
///
/// ```
/// use portal_sdk::token::SessionClaims;
///
/// fn greeting(claims: &SessionClaims) -> String {
///     match claims.actor() {
///         Some(actor) => format!("{} acts as {}", actor.user_id, claims.user_id()),
///         None => format!("Hello {}", claims.user_id()),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct SessionClaims(Arc<Claims>);

struct Claims {
    user_id: UserId,
    session_id: Option<SessionId>,
    /// Both are read from the payload on first use, because most requests do not need them.
    organization: OnceLock<Option<OrganizationClaims>>,
    actor_id: OnceLock<Option<UserId>>,
    payload: Arc<Map<String, Value>>,
}

/// The user who acts as the session's user (impersonation), from claim `act`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Actor<'c> {
    /// The impersonator's ID (`act.sub`).
    pub user_id: &'c UserId,
    /// The whole claim.
    pub claim: &'c Map<String, Value>,
}

/// The status of a session, from claim `sts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionStatus {
    /// The user is signed in.
    Active,
    /// The user has outstanding tasks, such as choosing an organization. The session counts as signed out.
    Pending,
}

impl SessionStatus {
    /// Returns Clerk's word for the status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
        }
    }
}

impl SessionClaims {
    pub(crate) fn new(subject: &str, payload: impl Into<Arc<Map<String, Value>>>) -> Self {
        let payload = payload.into();
        Self(Arc::new(Claims {
            user_id: subject.into(),
            session_id: text(&payload, "sid").map(Into::into),
            organization: OnceLock::new(),
            actor_id: OnceLock::new(),
            payload,
        }))
    }

    /// Returns the user's ID (claim `sub`).
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.0.user_id
    }

    /// Returns `true` if the claims name a user.
    ///
    /// A token with an empty `sub` passes verification, as in Clerk's SDK. It is treated as signed out and meets no
    /// requirement.
    #[must_use]
    pub fn has_user(&self) -> bool {
        !self.user_id().as_str().is_empty()
    }

    /// Returns the session's ID (claim `sid`).
    #[must_use]
    pub fn session_id(&self) -> Option<&SessionId> {
        self.0.session_id.as_ref()
    }

    /// Returns the active organization; `None` for the personal account.
    #[must_use]
    pub fn organization(&self) -> Option<&OrganizationClaims> {
        let parse = || OrganizationClaims::parse(&self.0.payload);
        self.0.organization.get_or_init(parse).as_ref()
    }

    /// Returns the session's status (claim `sts`); `None` if the instance does not send it.
    #[must_use]
    pub fn session_status(&self) -> Option<SessionStatus> {
        match text(&self.0.payload, "sts")? {
            "active" => Some(SessionStatus::Active),
            "pending" => Some(SessionStatus::Pending),
            _ => None,
        }
    }

    /// Returns `true` if the session is pending, which counts as signed out.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.session_status() == Some(SessionStatus::Pending)
    }

    /// Returns the user who acts as the session's user (claim `act`); `None` without impersonation.
    #[must_use]
    pub fn actor(&self) -> Option<Actor<'_>> {
        let claim = self.0.payload.get("act")?.as_object()?;
        let user_id = self.0.actor_id.get_or_init(|| text(claim, "sub").map(Into::into));
        Some(Actor {
            user_id: user_id.as_ref()?,
            claim,
        })
    }

    /// Returns the origin for which the token was issued (claim `azp`).
    #[must_use]
    pub fn authorized_party(&self) -> Option<&str> {
        text(&self.0.payload, "azp")
    }

    /// Returns the token's issuer (claim `iss`).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        text(&self.0.payload, "iss")
    }

    /// Returns the time of issue (claim `iat`), in whole seconds.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.time("iat")
    }

    /// Returns the time of expiry (claim `exp`), in whole seconds; `None` if it is out of range.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.time("exp")
    }

    /// Returns the ages of the user's factors (claim `fva`); `None` if the claim is missing or malformed.
    #[must_use]
    pub fn factor_ages(&self) -> Option<FactorAges> {
        FactorAges::parse(self.0.payload.get("fva")?)
    }

    /// Returns the active organization's features (claim `fea`); none if the claim is malformed.
    pub fn organization_features(&self) -> impl Iterator<Item = &str> {
        self.names(Holder::Organization, "fea")
    }

    /// Returns the user's own features (claim `fea`); none if the claim is malformed.
    pub fn user_features(&self) -> impl Iterator<Item = &str> {
        self.names(Holder::User, "fea")
    }

    /// Returns the active organization's plans (claim `pla`); none if the claim is malformed.
    pub fn organization_plans(&self) -> impl Iterator<Item = &str> {
        self.names(Holder::Organization, "pla")
    }

    /// Returns the user's own plans (claim `pla`); none if the claim is malformed.
    pub fn user_plans(&self) -> impl Iterator<Item = &str> {
        self.names(Holder::User, "pla")
    }

    /// Returns the slug that Clerk compares with the path's: the claim as sent, even with an empty ID.
    pub(crate) fn organization_slug(&self) -> Option<&str> {
        organization::slug(&self.0.payload)
    }

    /// Deserializes all claims into `T`, including the application's own.
    ///
    /// ```
    /// use portal_sdk::token::SessionClaims;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Team {
    ///     team: String,
    /// }
    ///
    /// fn team(claims: &SessionClaims) -> Option<String> {
    ///     claims.custom::<Team>().ok().map(|claims| claims.team)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`serde_json::Error`] if the claims do not fit `T`.
    pub fn custom<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&*self.0.payload)
    }

    /// Returns all claims as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.0.payload
    }

    fn time(&self, claim: &str) -> Option<UnixTime> {
        self.0.payload.get(claim)?.as_i64().map(UnixTime::from_secs)
    }

    fn names(&self, holder: Holder, claim: &'static str) -> impl Iterator<Item = &str> {
        permissions::names(holder, text(&self.0.payload, claim).unwrap_or_default())
    }
}

impl fmt::Debug for SessionClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionClaims")
            .field("user_id", &self.0.user_id.as_str())
            .field("session_id", &self.0.session_id.as_ref().map(SessionId::as_str))
            .field("organization", &self.organization().map(OrganizationClaims::id))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::FactorAge;
    use super::*;

    fn claims(payload: &Value) -> SessionClaims {
        SessionClaims::new("user_1", payload.as_object().unwrap().clone())
    }

    #[test]
    fn each_claim_has_its_getter() {
        let claims = claims(&json!({
            "sid": "sess_1", "azp": "https://app.example.com", "iss": "https://clerk.example.com", "sts": "active",
            "iat": 1_800_000_000, "exp": 1_800_000_060, "act": { "sub": "user_2", "iss": "x" }, "plan": "pro",
            "fea": "o:dash,u:beta,uo:both", "pla": "u:free,o:team", "fva": [3, -1], "v": 2,
        }));
        assert_eq!(
            (claims.user_id().as_str(), claims.session_id().unwrap().to_string()),
            ("user_1", "sess_1".into())
        );
        assert_eq!(claims.authorized_party(), Some("https://app.example.com"));
        assert_eq!(claims.issuer(), Some("https://clerk.example.com"));
        assert_eq!(claims.session_status().map(SessionStatus::as_str), Some("active"));
        assert!(!claims.is_pending() && claims.organization().is_none());
        assert_eq!(claims.issued_at(), Some(UnixTime::from_secs(1_800_000_000)));
        assert_eq!(claims.expires_at(), Some(UnixTime::from_secs(1_800_000_060)));
        let actor = claims.actor().unwrap();
        assert_eq!((actor.user_id.as_str(), actor.claim.len()), ("user_2", 2));
        assert_eq!(
            claims.factor_ages(),
            Some(FactorAges {
                first: FactorAge::VerifiedAgo(Duration::from_secs(180)),
                second: FactorAge::NotEnrolled,
            })
        );
        assert!(claims.organization_features().eq(["dash", "both"]));
        assert!(claims.user_features().eq(["beta", "both"]));
        assert!(claims.organization_plans().eq(["team"]) && claims.user_plans().eq(["free"]));
        #[derive(serde::Deserialize)]
        struct Custom {
            plan: String,
        }
        assert_eq!(claims.custom::<Custom>().unwrap().plan, "pro");
        assert_eq!(claims.as_json()["v"], 2);
    }

    #[test]
    fn missing_or_malformed_claims_are_none() {
        let claims = claims(&json!({ "sts": "asleep", "act": { "iss": "x" }, "fva": [0], "iat": "1", "exp": 1e300 }));
        assert!(claims.session_id().is_none() && claims.session_status().is_none() && claims.actor().is_none());
        assert!(claims.factor_ages().is_none() && claims.issued_at().is_none() && claims.expires_at().is_none());
        assert_eq!(
            (claims.user_features().count(), claims.organization_plans().count()),
            (0, 0)
        );
    }

    #[test]
    fn pending_session_is_pending_and_debug_hides_other_claims() {
        let claims = claims(&json!({ "sts": "pending", "secret": "hunter2" }));
        assert_eq!(claims.session_status().map(SessionStatus::as_str), Some("pending"));
        assert!(claims.is_pending() && !format!("{claims:?}").contains("hunter2"));
    }
}
