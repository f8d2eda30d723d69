//! The claims of a verified session token, in both versions of Clerk's format.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::custom::from_claims;
use super::header::Header;
use super::payload::Payload;
use super::permissions::{self, Holder};
use super::rights::Rights;
use super::spread::Counted;
use super::unverified::{Decoded, claims_json, claims_map};
use super::{FactorAges, OrganizationClaims, SessionId, UnverifiedToken, UserId};
use crate::clock::UnixTime;
use crate::key::VerifyingKey;
use crate::secret::Secret;

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
pub struct SessionClaims {
    verified: Counted<Verified>,
    /// Read on first use. Clones of one request share both, and the cache of verified tokens does not keep them.
    json: OnceLock<Arc<Map<String, Value>>>,
    large_rights: OnceLock<Arc<Rights>>,
}

/// The largest rights that are kept with a token, in bytes. A short claim can stand for thousands of permissions.
pub(super) const MAX_KEPT_RIGHTS_BYTES: usize = 1024;

/// A token whose signature was verified, and its key.
pub(super) struct Verified {
    pub(super) token: Secret,
    pub(super) header: Arc<Header>,
    pub(super) key: VerifyingKey,
    pub(super) payload: Arc<Payload>,
    /// `sub`.
    user_id: UserId,
    /// Read on first use, because most requests do not need them. `None` if they are too large to be kept.
    rights: OnceLock<Option<Box<Rights>>>,
    /// `false` if a cookie or header with this token would be refused by its kind.
    pub(super) is_session_token: bool,
    /// `true` once the token was put into the cache of verified tokens.
    pub(super) is_cached: AtomicBool,
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

    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Pending]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

impl SessionClaims {
    /// Creates the claims of a token whose signature `key` has verified.
    pub(super) fn new(token: &UnverifiedToken<'_>, decoded: &Decoded, key: &VerifyingKey, user_id: UserId) -> Self {
        let verified = Verified {
            token: Secret::new(token.text()),
            header: Arc::clone(&decoded.header),
            key: key.clone(),
            is_session_token: !token.is_other_than_session_token(),
            payload: Arc::clone(&decoded.payload),
            user_id,
            rights: OnceLock::new(),
            is_cached: AtomicBool::new(false),
        };
        Self::from(Arc::new(Arc::new(verified)))
    }

    pub(super) fn counted(&self) -> &Counted<Verified> {
        &self.verified
    }

    pub(super) fn verified(&self) -> &Arc<Verified> {
        &self.verified
    }

    /// Returns `true` if the token was verified for an earlier request.
    pub(crate) fn is_remembered(&self) -> bool {
        self.verified.is_cached.load(Relaxed)
    }

    /// Returns the session token.
    #[must_use]
    pub fn token(&self) -> &Secret {
        &self.verified.token
    }

    /// Returns the user's ID (claim `sub`).
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.verified.user_id
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
        self.payload().session_id.as_ref()
    }

    /// Returns the active organization; `None` for the personal account.
    #[must_use]
    pub fn organization(&self) -> Option<&OrganizationClaims> {
        self.rights().organization.as_ref()
    }

    /// Returns the session's status (claim `sts`); `None` if the instance does not send it.
    #[must_use]
    pub fn session_status(&self) -> Option<SessionStatus> {
        self.payload().status
    }

    /// Returns `true` if the session is pending, which counts as signed out.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.session_status() == Some(SessionStatus::Pending)
    }

    /// Returns the user who acts as the session's user (claim `act`); `None` without impersonation.
    #[must_use]
    pub fn actor(&self) -> Option<Actor<'_>> {
        let (user_id, claim) = self.rights().actor.as_ref()?;
        Some(Actor { user_id, claim })
    }

    /// Returns the origin for which the token was issued (claim `azp`).
    #[must_use]
    pub fn authorized_party(&self) -> Option<&str> {
        self.payload().authorized_party.as_ref()?.as_str()
    }

    /// Returns the token's issuer (claim `iss`).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.payload().issuer.as_ref()?.as_str()
    }

    /// Returns the time of issue (claim `iat`), in whole seconds.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        whole_seconds(self.payload().issued_at.as_ref())
    }

    /// Returns the time of expiry (claim `exp`), in whole seconds; `None` if it is out of range.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        whole_seconds(self.payload().expires_at.as_ref())
    }

    /// Returns the ages of the user's factors (claim `fva`); `None` if the claim is missing or malformed.
    #[must_use]
    pub fn factor_ages(&self) -> Option<FactorAges> {
        self.rights().factor_ages
    }

    /// Returns the active organization's features (claim `fea`); none if the claim is malformed.
    pub fn organization_features(&self) -> impl Iterator<Item = &str> {
        permissions::names(Holder::Organization, &self.rights().features)
    }

    /// Returns the user's own features (claim `fea`); none if the claim is malformed.
    pub fn user_features(&self) -> impl Iterator<Item = &str> {
        permissions::names(Holder::User, &self.rights().features)
    }

    /// Returns the active organization's plans (claim `pla`); none if the claim is malformed.
    pub fn organization_plans(&self) -> impl Iterator<Item = &str> {
        permissions::names(Holder::Organization, &self.rights().plans)
    }

    /// Returns the user's own plans (claim `pla`); none if the claim is malformed.
    pub fn user_plans(&self) -> impl Iterator<Item = &str> {
        permissions::names(Holder::User, &self.rights().plans)
    }

    /// Returns the slug that Clerk compares with the path's: the claim as sent, even with an empty ID.
    pub(crate) fn organization_slug(&self) -> Option<&str> {
        self.rights().organization_slug.as_deref()
    }

    /// Deserializes all claims into `T`, including the application's own.
    ///
    /// [`IgnoredAny`](serde::de::IgnoredAny) reads nothing.
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
        from_claims(|| claims_json(self.token().expose()))
    }

    /// Returns all claims as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Value> {
        // Not kept with the token, because a map takes several times its memory.
        self.json.get_or_init(|| claims_map(self.token().expose()).into())
    }

    pub(super) fn payload(&self) -> &Payload {
        &self.verified.payload
    }

    fn rights(&self) -> &Rights {
        let read = || Rights::parse(self.as_json());
        let kept = self.verified.rights.get_or_init(|| {
            let rights = read();
            (rights.size() <= MAX_KEPT_RIGHTS_BYTES).then(|| rights.into())
        });
        match kept {
            Some(rights) => rights,
            None => self.large_rights.get_or_init(|| read().into()),
        }
    }
}

impl From<Counted<Verified>> for SessionClaims {
    fn from(verified: Counted<Verified>) -> Self {
        Self {
            verified,
            json: OnceLock::new(),
            large_rights: OnceLock::new(),
        }
    }
}

fn whole_seconds(claim: Option<&Value>) -> Option<UnixTime> {
    claim?.as_i64().map(UnixTime::from_secs)
}

impl fmt::Debug for SessionClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionClaims")
            .field("user_id", &self.user_id().as_str())
            .field("session_id", &self.session_id().map(SessionId::as_str))
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

    impl SessionClaims {
        /// The claims of a token with this payload, for tests of what they say.
        pub(crate) fn of_payload(subject: &str, mut payload: Map<String, Value>) -> Self {
            payload.insert("sub".to_owned(), subject.into());
            let key = crate::testing::TestKey::of_process();
            let token = key.sign(
                &serde_json::json!({ "alg": "RS256", "typ": "JWT" }),
                &Value::Object(payload),
            );
            let verifying_key = VerifyingKey::from_pem(&key.pem()).unwrap();
            let token = UnverifiedToken::decode(&token).unwrap();
            Self::new(&token, &token.decoded().unwrap(), &verifying_key, subject.into())
        }
    }

    fn claims(payload: &Value) -> SessionClaims {
        SessionClaims::of_payload("user_1", payload.as_object().unwrap().clone())
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
