use std::fmt;
use std::sync::Arc;

use portal_sdk::authorization::Requirement;
use portal_sdk::portal::PortalPage;
use tower_layer::Layer;

use super::{Refusal, RequireAuth};
use crate::auth::Auth;

/// Lets only people through who are signed in and meet a requirement. See the [module](super) for the table of answers.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct RequireAuthLayer {
    rule: Rule,
}

/// What is asked for, and where those are sent who do not have it.
#[derive(Clone)]
pub(super) struct Rule {
    requirement: Option<Arc<dyn Requirement + Send + Sync>>,
    sign_in_page: PortalPage,
    unmet_location: Option<Arc<str>>,
    pub(super) no_store: bool,
}

impl RequireAuthLayer {
    /// Requires somebody to be signed in, whoever it is.
    pub fn signed_in() -> Self {
        Self {
            rule: Rule {
                requirement: None,
                sign_in_page: PortalPage::SignIn,
                unmet_location: None,
                no_store: false,
            },
        }
    }

    /// Requires somebody to be signed in who meets `requirement`: a
    /// [`Role`](portal_sdk::authorization::Role), [`Permission`](portal_sdk::authorization::Permission),
    /// [`Feature`](portal_sdk::authorization::Feature), [`Plan`](portal_sdk::authorization::Plan) or
    /// [`Reverification`](portal_sdk::authorization::Reverification), several of them joined with `and` and `or`, a
    /// closure over the claims, or a type of your own.
    ///
    /// ```
    /// use portal_tower::RequireAuthLayer;
    /// use portal_tower::sdk::authorization::{Permission, Requirement as _, Reverification, Role};
    ///
    /// let may_pay = Role::new("org:admin").or(Permission::new("org:invoices:pay"));
    /// let layer = RequireAuthLayer::with(may_pay.and(Reverification::STRICT)).or_redirect_unmet_to("/ask-for-access");
    /// ```
    pub fn with(requirement: impl Requirement + Send + Sync + 'static) -> Self {
        let mut layer = Self::signed_in();
        layer.rule.requirement = Some(Arc::new(requirement));
        layer
    }

    /// Sends browsers of people who are not signed in to `page` of the portal instead of the sign-in page.
    pub fn or_redirect_to(mut self, page: PortalPage) -> Self {
        self.rule.sign_in_page = page;
        self
    }

    /// Sends browsers of people who are signed in but do not meet the requirement to `location` instead of answering
    /// 403: a path of the application or an absolute address. It is the application's own choice, so it is not checked;
    /// do not pass on what a visitor sent, and do not choose a page behind the same requirement.
    pub fn or_redirect_unmet_to(mut self, location: impl Into<Arc<str>>) -> Self {
        self.rule.unmet_location = Some(location.into());
        self
    }

    /// Keeps what is let through out of all caches, the browser's own included, so that Back never shows it again:
    /// `Cache-Control: no-store`, whatever the handler set. For pages that must not be seen by the next user of the same
    /// browser; see [After sign-out](crate::sign_out#after-sign-out) for what browsers do without it. Default: `false`.
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
}

impl Rule {
    /// The answer to whoever is not let through.
    pub(super) fn refusal(&self, auth: &Auth) -> Option<Refusal> {
        if let Some(refusal) = Refusal::of(auth, self.sign_in_page) {
            return Some(refusal);
        }
        let (requirement, claims) = (self.requirement.as_ref()?, auth.signed_in()?);
        Refusal::by_verdict(auth, requirement.verdict(claims), || {
            let location = self.unmet_location.as_deref()?;
            auth.public_url().as_url().join(location).ok()
        })
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
            .field("sign_in_page", &self.sign_in_page)
            .field("unmet_location", &self.unmet_location)
            .field("no_store", &self.no_store)
            .finish()
    }
}
