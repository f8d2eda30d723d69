//! The claims of a verified session token, in both versions of Clerk's format.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::permissions::Scoped;
use super::{OrganizationClaims, SessionId, UserId, organization};
use crate::clock::UnixTime;

/// The claims of a session token whose signature and times were checked. Cloning is cheap.
///
/// They are made by [`verify_session_token`](super::verify_session_token) only.
#[derive(Clone)]
pub struct SessionClaims(Arc<Claims>);

struct Claims {
    user_id: UserId,
    session_id: Option<SessionId>,
    /// Read from the payload when first asked for: most requests do not ask.
    organization: OnceLock<Option<OrganizationClaims>>,
    payload: Arc<Map<String, Value>>,
}

/// Who acts as the user (impersonation), from claim `act`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The impersonator's id.
    pub user_id: UserId,
    /// The whole claim.
    pub claim: Map<String, Value>,
}

/// Whether a session still has tasks before it counts, from claim `sts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionStatus {
    /// Signed in.
    Active,
    /// Authenticated, but tasks such as choosing an organization are outstanding: counts as signed out.
    Pending,
}

impl SessionStatus {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
        }
    }
}

/// How long ago a factor was verified when the token was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FactorAge {
    /// The user has no such factor.
    NotEnrolled,
    /// Whole or broken minutes.
    Minutes(f64),
}

impl SessionClaims {
    pub(crate) fn new(subject: &str, payload: impl Into<Arc<Map<String, Value>>>) -> Self {
        let payload = payload.into();
        Self(Arc::new(Claims {
            user_id: subject.into(),
            session_id: text(&payload, "sid").map(Into::into),
            organization: OnceLock::new(),
            payload,
        }))
    }

    /// The user (claim `sub`).
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.0.user_id
    }

    /// The session (claim `sid`).
    #[must_use]
    pub fn session_id(&self) -> Option<&SessionId> {
        self.0.session_id.as_ref()
    }

    /// The active organization; `None` for the personal account.
    #[must_use]
    pub fn organization(&self) -> Option<&OrganizationClaims> {
        let parse = || OrganizationClaims::parse(&self.0.payload);
        self.0.organization.get_or_init(parse).as_ref()
    }

    /// Claim `sts`; `None` where the instance does not send it.
    #[must_use]
    pub fn session_status(&self) -> Option<SessionStatus> {
        match text(&self.0.payload, "sts")? {
            "active" => Some(SessionStatus::Active),
            "pending" => Some(SessionStatus::Pending),
            _ => None,
        }
    }

    /// Whether tasks are outstanding, so that the session counts as signed out.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.session_status() == Some(SessionStatus::Pending)
    }

    /// Who acts as the user, if somebody does.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        let claim = self.0.payload.get("act")?.as_object()?;
        Some(Actor {
            user_id: text(claim, "sub")?.into(),
            claim: claim.clone(),
        })
    }

    /// The origin the token was made for (claim `azp`).
    #[must_use]
    pub fn authorized_party(&self) -> Option<&str> {
        text(&self.0.payload, "azp")
    }

    /// Who issued the token (claim `iss`).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        text(&self.0.payload, "iss")
    }

    /// When the token was issued (claim `iat`), in whole seconds.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.time("iat")
    }

    /// When the token ends (claim `exp`), in whole seconds; `None` if that is beyond any date.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.time("exp")
    }

    /// How long ago the first and the second factor were verified (claim `fva`); `None` if the claim is absent or
    /// malformed.
    #[must_use]
    pub fn factor_ages(&self) -> Option<(FactorAge, FactorAge)> {
        let [first, second] = self.0.payload.get("fva")?.as_array()?.as_slice() else {
            return None;
        };
        Some((factor_age(first)?, factor_age(second)?))
    }

    /// The active organization's features, from claim `fea`; empty if it is malformed.
    #[must_use]
    pub fn organization_features(&self) -> Vec<&str> {
        self.scoped("fea").organization
    }

    /// The user's own features, from claim `fea`; empty if it is malformed.
    #[must_use]
    pub fn user_features(&self) -> Vec<&str> {
        self.scoped("fea").user
    }

    /// The active organization's plans, from claim `pla`; empty if it is malformed.
    #[must_use]
    pub fn organization_plans(&self) -> Vec<&str> {
        self.scoped("pla").organization
    }

    /// The user's own plans, from claim `pla`; empty if it is malformed.
    #[must_use]
    pub fn user_plans(&self) -> Vec<&str> {
        self.scoped("pla").user
    }

    /// The slug that Clerk compares with the one in a path: the claim as it stands, even beside an empty id.
    pub(crate) fn organization_slug(&self) -> Option<&str> {
        organization::slug(&self.0.payload)
    }

    /// All claims as a type of the application's own, for claims added in Clerk's session token settings.
    ///
    /// # Errors
    ///
    /// [`serde_json::Error`] if the claims do not fit the type.
    pub fn custom<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&*self.0.payload)
    }

    /// All claims as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.0.payload
    }

    fn time(&self, claim: &str) -> Option<UnixTime> {
        self.0.payload.get(claim)?.as_i64().map(UnixTime::from_secs)
    }

    fn scoped(&self, claim: &str) -> Scoped<'_> {
        text(&self.0.payload, claim).and_then(Scoped::parse).unwrap_or_default()
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

pub(super) fn text<'p>(payload: &'p Map<String, Value>, claim: &str) -> Option<&'p str> {
    payload.get(claim).and_then(Value::as_str)
}

fn factor_age(value: &Value) -> Option<FactorAge> {
    match value.as_f64()? {
        -1.0 => Some(FactorAge::NotEnrolled),
        minutes if minutes >= 0.0 => Some(FactorAge::Minutes(minutes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(payload: &Value) -> SessionClaims {
        SessionClaims::new("user_1", payload.as_object().unwrap().clone())
    }

    #[test]
    fn claims_are_read_by_name() {
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
            Some((FactorAge::Minutes(3.0), FactorAge::NotEnrolled))
        );
        assert_eq!(claims.organization_features(), ["dash", "both"]);
        assert_eq!(claims.user_features(), ["beta", "both"]);
        assert_eq!(
            (claims.organization_plans(), claims.user_plans()),
            (vec!["team"], vec!["free"])
        );
        #[derive(serde::Deserialize)]
        struct Custom {
            plan: String,
        }
        assert_eq!(claims.custom::<Custom>().unwrap().plan, "pro");
        assert_eq!(claims.as_json()["v"], 2);
    }

    #[test]
    fn what_is_absent_or_odd_is_nothing() {
        let claims = claims(&json!({ "sts": "asleep", "act": { "iss": "x" }, "fva": [0], "iat": "1", "exp": 1e300 }));
        assert!(claims.session_id().is_none() && claims.session_status().is_none() && claims.actor().is_none());
        assert!(claims.factor_ages().is_none() && claims.issued_at().is_none() && claims.expires_at().is_none());
        assert!(claims.user_features().is_empty() && claims.organization_plans().is_empty());
    }

    #[test]
    fn a_pending_session_says_so_and_nothing_prints_the_claims() {
        let claims = claims(&json!({ "sts": "pending", "secret": "hunter2" }));
        assert_eq!(claims.session_status().map(SessionStatus::as_str), Some("pending"));
        assert!(claims.is_pending() && !format!("{claims:?}").contains("hunter2"));
    }
}
