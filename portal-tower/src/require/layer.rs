use std::fmt;
use std::sync::Arc;

use portal_sdk::authorization::Requirement;
use portal_sdk::portal::{PortalPage, Prefill};
use tower_layer::Layer;

use super::{Refusal, RequireAuth, SignInLink, UnmetLocation};
use crate::auth::{Auth, Identity};

/// Admits only signed-in users who meet a requirement. See the [module](super) for the responses to other requests.
///
/// ```
/// use portal_tower::portal_sdk::instance::Instance;
/// use portal_tower::{AuthenticateLayer, RequireAuthLayer};
/// use tower::ServiceBuilder;
///
/// fn guard(instance: Instance) {
///     let layers = ServiceBuilder::new()
///         .layer(AuthenticateLayer::new(instance))
///         .layer(RequireAuthLayer::signed_in());
/// #   let _ = layers;
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct RequireAuthLayer {
    rule: Rule,
}

/// The requirement of a guard, and its settings for refusals.
#[derive(Clone)]
pub(super) struct Rule {
    requirement: Option<Arc<dyn Requirement + Send + Sync>>,
    sign_in: SignInLink,
    unmet_location: Option<UnmetLocation>,
    pub(super) no_store: bool,
    allows_preflight: bool,
}

impl RequireAuthLayer {
    /// Requires a signed-in user.
    pub fn signed_in() -> Self {
        Self {
            rule: Rule {
                requirement: None,
                sign_in: SignInLink::default(),
                unmet_location: None,
                no_store: false,
                allows_preflight: false,
            },
        }
    }

    /// Requires a signed-in user who meets `requirement`.
    ///
    /// See [`authorization`](portal_sdk::authorization) for roles, permissions, features, plans, re-verification and
    /// functions of the claims, and for ways to combine them.
    ///
    /// ```
    /// use portal_tower::RequireAuthLayer;
    /// use portal_tower::portal_sdk::authorization::{Permission, Requirement as _, Reverification, Role};
    ///
    /// let may_pay = Role::new("org:admin").or(Permission::new("org:invoices:pay"));
    /// let layer = RequireAuthLayer::with(may_pay.and(Reverification::STRICT)).with_unmet_redirect("/ask-for-access");
    /// ```
    pub fn with(requirement: impl Requirement + Send + Sync + 'static) -> Self {
        let mut layer = Self::signed_in();
        layer.rule.requirement = Some(Arc::new(requirement));
        layer
    }

    /// Sets the portal page for signed-out browsers (default: the sign-in page).
    ///
    /// ```
    /// use portal_tower::RequireAuthLayer;
    /// use portal_tower::portal_sdk::portal::PortalPage;
    ///
    /// let layer = RequireAuthLayer::signed_in().with_sign_in_page(PortalPage::SignUp);
    /// ```
    pub fn with_sign_in_page(mut self, page: PortalPage) -> Self {
        self.rule.sign_in.page = page;
        self
    }

    /// Fills in a field of the sign-in page.
    ///
    /// Applies to the page set with [`with_sign_in_page`](Self::with_sign_in_page) too. A value is omitted if the page
    /// has no such field, with one warning in the log.
    ///
    /// ```
    /// use portal_tower::RequireAuthLayer;
    /// use portal_tower::portal_sdk::portal::Prefill;
    ///
    /// let layer = RequireAuthLayer::signed_in().with_prefill(Prefill::EmailAddress("demo@example.com".into()));
    /// ```
    pub fn with_prefill(mut self, value: Prefill) -> Self {
        self.rule.sign_in.push(value);
        self
    }

    /// Redirects browsers instead of responding 403 if the requirement is unmet.
    ///
    /// The location is a page of the portal (which leads back to the requested page), a path of the application, or an
    /// absolute URL. Do not choose a page with the same requirement.
    ///
    /// # Security
    ///
    /// The URL is not checked. Do not pass on a client's input (open redirect).
    ///
    /// ```
    /// use portal_tower::RequireAuthLayer;
    /// use portal_tower::portal_sdk::authorization::Role;
    /// use portal_tower::portal_sdk::portal::PortalPage;
    ///
    /// let admins = || RequireAuthLayer::with(Role::new("org:admin"));
    /// let choose_another = admins().with_unmet_redirect(PortalPage::OrganizationProfile);
    /// let explain = admins().with_unmet_redirect("/ask-for-access");
    /// ```
    pub fn with_unmet_redirect(mut self, location: impl Into<UnmetLocation>) -> Self {
        self.rule.unmet_location = Some(location.into());
        self
    }

    /// Sets `Cache-Control: no-store` on the inner service's responses (default: `false`).
    ///
    /// It replaces the handler's value. No cache then keeps the response, not even the browser's, so that Back does not
    /// show it to the browser's next user; see [After sign-out](crate::sign_out#after-sign-out).
    ///
    /// ```
    /// use portal_tower::RequireAuthLayer;
    ///
    /// let payslips = RequireAuthLayer::signed_in().with_no_store(true);
    /// ```
    pub fn with_no_store(mut self, no_store: bool) -> Self {
        self.rule.no_store = no_store;
        self
    }

    /// Forwards CORS preflights to the inner service (default: `false`, which refuses them with 401).
    ///
    /// If you can, put the CORS layer outside the guard instead. It then answers preflights itself, and refusals carry
    /// its headers too. See the [order of layers](crate#the-order-of-layers).
    ///
    /// # Security
    ///
    /// Inner handlers then run without a user for preflights, which any client can send.
    pub fn with_preflight_allowed(mut self, allow: bool) -> Self {
        self.rule.allows_preflight = allow;
        self
    }
}

impl Rule {
    /// Returns the refusal of the request; `None` if the request is admitted.
    pub(super) fn refusal(&self, auth: &Auth) -> Option<Refusal> {
        if self.allows_preflight && auth.is_preflight() {
            return None;
        }
        let user = match auth.identity() {
            Identity::SignedIn(user) => user,
            other => return Some(Refusal::of(auth, other, &self.sign_in)),
        };
        let verdict = self.requirement.as_ref()?.verdict(user.claims());
        Refusal::by_verdict(auth, verdict, self.unmet_location.as_ref())
    }
}

impl<S> Layer<S> for RequireAuthLayer {
    type Service = RequireAuth<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireAuth::new(inner, self.rule.clone())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("has_requirement", &self.requirement.is_some())
            .field("sign_in_page", &self.sign_in.page)
            .field("unmet_location", &self.unmet_location)
            .field("no_store", &self.no_store)
            .field("allows_preflight", &self.allows_preflight)
            .finish()
    }
}
