//! [`TestSession`]: a session of a user, as a token, cookies or a request.

use std::time::Duration;

use http::header::COOKIE;
use http::{Method, Uri, request};
use serde_json::{Map, Value, json};

use super::claims::{OrganizationRights, features_and_plans, minutes};
use super::{TestInstance, TestKey};
use crate::clock::{Clock as _, UnixTime};
use crate::instance::with_scheme;
use crate::names::cookie;
use crate::token::{FactorAges, OrganizationId, SessionId, UserId};

/// The category (`cat`) of Clerk's session tokens.
const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";

/// A session of a user at a [`TestInstance`], created by [`TestInstance::signed_in`].
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::testing::TestInstance;
/// use portal_sdk::token::{FactorAge, FactorAges};
///
/// let clerk = TestInstance::new();
/// let ages = FactorAges { first: FactorAge::VerifiedAgo(Duration::from_secs(60)), second: FactorAge::NotEnrolled };
/// let request = clerk
///     .signed_in("user_1")
///     .organization("org_1")
///     .role("org:admin")
///     .permissions(["org:invoices:read"])
///     .organization_plans(["gold"])
///     .factor_ages(ages)
///     .claim("theme", "dark")
///     .get("/invoices")
///     .body(())
///     .expect("a valid request");
/// ```
///
/// A session serves several requests. Each token is issued at the time of the instance's clock and valid for a minute.
#[derive(Clone, Debug)]
#[must_use = "a session does nothing until a request is made from it"]
pub struct TestSession {
    clerk: TestInstance,
    key: TestKey,
    user_id: UserId,
    session_id: SessionId,
    organization: OrganizationRights,
    user_features: Vec<String>,
    user_plans: Vec<String>,
    organization_plans: Vec<String>,
    factor_ages: Option<FactorAges>,
    actor: Option<UserId>,
    is_pending: bool,
    is_expired: bool,
    claims: Map<String, Value>,
}

impl TestSession {
    pub(super) fn new(clerk: TestInstance, user_id: UserId) -> Self {
        Self {
            clerk,
            key: TestKey::of_process(),
            user_id,
            session_id: "sess_test".into(),
            organization: OrganizationRights::default(),
            user_features: Vec::new(),
            user_plans: Vec::new(),
            organization_plans: Vec::new(),
            factor_ages: None,
            actor: None,
            is_pending: false,
            is_expired: false,
            claims: Map::new(),
        }
    }

    /// Sets the session's ID. Default: `sess_test`.
    pub fn session_id(mut self, id: impl Into<SessionId>) -> Self {
        self.session_id = id.into();
        self
    }

    /// Sets the active organization.
    ///
    /// Default: the personal account, or `org_test` if another setting needs an organization.
    pub fn organization(mut self, id: impl Into<OrganizationId>) -> Self {
        self.organization.id = Some(id.into());
        self
    }

    /// Sets the slug of the active organization.
    pub fn organization_slug(mut self, slug: impl Into<String>) -> Self {
        self.organization.slug = Some(slug.into());
        self
    }

    /// Sets the user's role in the active organization, such as `org:admin`.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.organization.role = Some(role.into());
        self
    }

    /// Sets the user's permissions in the active organization, such as `org:invoices:read`.
    ///
    /// Their features become features of the organization, because Clerk's tokens list permissions by feature.
    ///
    /// # Panics
    ///
    /// Panics later, when the token is created, if a permission does not have the form `org:feature:permission`.
    pub fn permissions(mut self, permissions: impl IntoIterator<Item: Into<String>>) -> Self {
        self.organization.permissions = permissions.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the active organization's features.
    pub fn organization_features(mut self, features: impl IntoIterator<Item: Into<String>>) -> Self {
        self.organization.features = features.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the user's own features.
    pub fn user_features(mut self, features: impl IntoIterator<Item: Into<String>>) -> Self {
        self.user_features = features.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the active organization's plans.
    pub fn organization_plans(mut self, plans: impl IntoIterator<Item: Into<String>>) -> Self {
        self.organization_plans = plans.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the user's own plans.
    pub fn user_plans(mut self, plans: impl IntoIterator<Item: Into<String>>) -> Self {
        self.user_plans = plans.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the ages of the factors, in whole minutes. Default: the token has no such claim.
    pub fn factor_ages(mut self, ages: FactorAges) -> Self {
        self.factor_ages = Some(ages);
        self
    }

    /// Sets the user who acts as the session's user (impersonation).
    pub fn actor(mut self, user_id: impl Into<UserId>) -> Self {
        self.actor = Some(user_id.into());
        self
    }

    /// Sets if the session is pending, which counts as signed out (default: `false`).
    pub fn pending(mut self, is_on: bool) -> Self {
        self.is_pending = is_on;
        self
    }

    /// Sets if the token has expired. Default: `false`.
    pub fn expired(mut self, is_on: bool) -> Self {
        self.is_expired = is_on;
        self
    }

    /// Sets a claim, such as one added in Clerk's session token settings.
    ///
    /// It replaces the claim of that name; `null` removes it.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Sets the key that signs the tokens. Default: [`TestKey::of_process`], the only one that the instance believes.
    ///
    /// ```
    /// use portal_sdk::testing::{TestInstance, TestKey};
    ///
    /// let clerk = TestInstance::new();
    /// let forged = clerk.signed_in("user_1").signed_by(TestKey::generate());
    /// let request = forged.get("/").body(()).expect("a valid request").into_parts().0;
    /// let state = clerk.authenticator().try_authenticate(&request).expect("no fetch").state;
    /// assert!(state.claims().is_none());
    /// ```
    pub fn signed_by(mut self, key: TestKey) -> Self {
        self.key = key;
        self
    }

    /// Returns the instance.
    #[must_use]
    pub fn test_instance(&self) -> &TestInstance {
        &self.clerk
    }

    /// Returns a session token, as a script sends it: `Authorization: Bearer …`.
    #[must_use]
    pub fn token(&self) -> String {
        let header = json!({ "alg": "RS256", "cat": SESSION_CATEGORY, "kid": TestKey::ID, "typ": "JWT" });
        self.key.sign(&header, &self.to_claims().into())
    }

    /// Returns the value of the `Cookie` field that a signed-in browser sends.
    #[must_use]
    pub fn cookies(&self) -> String {
        let suffix = self.clerk.instance().publishable_key().cookie_suffix();
        // `__client_uat` must not be later than the token's time of issue.
        let cookies = format!(
            "{}_{suffix}={}; {}_{suffix}=1",
            cookie::SESSION,
            self.token(),
            cookie::CLIENT_UAT
        );
        match self.clerk.instance().is_development() {
            true => format!("{cookies}; {}_{suffix}=test", cookie::DEV_BROWSER),
            false => cookies,
        }
    }

    /// Returns a `GET` request with the session's cookies; add fields and a body.
    pub fn get<U>(&self, uri: U) -> request::Builder
    where
        U: TryInto<Uri, Error: Into<http::Error>>,
    {
        self.request(Method::GET, uri)
    }

    /// Returns a request with the session's cookies; add fields and a body.
    ///
    /// An invalid `uri` is an error of the builder's `body`, as for [`http::Request::builder`].
    pub fn request<U>(&self, method: Method, uri: U) -> request::Builder
    where
        U: TryInto<Uri, Error: Into<http::Error>>,
    {
        http::Request::builder()
            .method(method)
            .uri(uri)
            .header(COOKIE, self.cookies())
    }

    /// The claims of version 2, Clerk's current one.
    fn to_claims(&self) -> Map<String, Value> {
        let instance = self.clerk.instance();
        let issued_at = self.issued_at().as_secs();
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("v", 2.into());
        set("sub", self.user_id.as_str().into());
        set("sid", self.session_id.as_str().into());
        set("sts", if self.is_pending { "pending" } else { "active" }.into());
        set("iat", issued_at.into());
        set("nbf", (issued_at - 10).into());
        set("exp", (issued_at + 60).into());
        let frontend_api = || with_scheme(&instance.issuer_host());
        let issuer = instance.issuers().next().map_or_else(frontend_api, ToOwned::to_owned);
        set("iss", issuer.into());
        if let Some(party) = instance.authorized_parties().first() {
            set("azp", party.as_str().into());
        }
        if let Some(organization) = self.organization.to_claim(&self.organization_plans) {
            set("o", organization);
        }
        let organization_features = self.organization.features();
        for (name, organization, user) in [
            ("fea", &organization_features, &self.user_features),
            ("pla", &self.organization_plans, &self.user_plans),
        ] {
            if !(organization.is_empty() && user.is_empty()) {
                set(name, features_and_plans(organization, user).into());
            }
        }
        if let Some(ages) = self.factor_ages {
            set("fva", json!([minutes(ages.first), minutes(ages.second)]));
        }
        if let Some(actor) = &self.actor {
            set("act", json!({ "sub": actor.as_str() }));
        }
        for (name, value) in &self.claims {
            match value {
                Value::Null => claims.remove(name),
                value => claims.insert(name.clone(), value.clone()),
            };
        }
        claims
    }

    /// Returns the current time, or for an expired session a time beyond the tolerated clock skew.
    fn issued_at(&self) -> UnixTime {
        let now = self.clerk.clock().now();
        if !self.is_expired {
            return now;
        }
        now - self.clerk.instance().clock_skew() - Duration::from_secs(120)
    }
}
