//! Redirect targets of guards: [`SignInLink`] and [`UnmetLocation`].

use std::sync::Arc;

use portal_sdk::portal::{PortalPage, Prefill};
use url::Url;

use crate::auth::Auth;

/// The portal page for signed-out requests, and its prefilled fields.
#[derive(Clone)]
pub(crate) struct SignInLink {
    pub(crate) page: PortalPage,
    pub(crate) prefill: Arc<[Prefill]>,
}

impl SignInLink {
    pub(crate) fn push(&mut self, value: Prefill) {
        self.prefill = self.prefill.iter().cloned().chain([value]).collect();
    }
}

impl Default for SignInLink {
    fn default() -> Self {
        Self {
            page: PortalPage::SignIn,
            prefill: Arc::default(),
        }
    }
}

/// The redirect target for users who do not meet a requirement.
///
/// See [`with_unmet_redirect`](crate::RequireAuthLayer::with_unmet_redirect).
///
/// ```
/// use portal_tower::UnmetLocation;
/// use portal_tower::portal_sdk::portal::PortalPage;
///
/// assert_eq!(UnmetLocation::from("/ask-for-access"), UnmetLocation::Address("/ask-for-access".into()));
/// assert_eq!(UnmetLocation::from(PortalPage::SignIn), UnmetLocation::Page(PortalPage::SignIn));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnmetLocation {
    /// A page of the portal, which leads back to the requested page.
    Page(PortalPage),
    /// A path of the application, or an absolute URL.
    Address(Arc<str>),
}

impl UnmetLocation {
    pub(super) fn resolve(&self, auth: &Auth) -> Option<Url> {
        match self {
            Self::Page(page) => Some(auth.link_back_to(*page, auth.clean_url().as_str())),
            Self::Address(address) => auth.public_url().join(address).ok(),
        }
    }
}

impl From<PortalPage> for UnmetLocation {
    fn from(page: PortalPage) -> Self {
        Self::Page(page)
    }
}

impl From<&str> for UnmetLocation {
    fn from(address: &str) -> Self {
        Self::Address(address.into())
    }
}

impl From<String> for UnmetLocation {
    fn from(address: String) -> Self {
        Self::Address(address.into())
    }
}

impl From<Arc<str>> for UnmetLocation {
    fn from(address: Arc<str>) -> Self {
        Self::Address(address)
    }
}
