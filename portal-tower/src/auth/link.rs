//! Links to the portal, and the cookie that records a visit there.

use std::sync::Once;

use http::HeaderValue;
use http::header::SET_COOKIE;
use portal_sdk::decide;
use portal_sdk::portal::{LinkError, PortalPage, Prefill};
use portal_sdk::state::ResponseHeaders;
use portal_sdk::token::SessionClaims;
use url::Url;

use super::{Auth, Identity};

impl Auth {
    /// Returns the URL of a portal page, such as for "Sign in".
    ///
    /// The portal leads back to the requested page. The link opens the tasks of a pending session, and carries the
    /// development browser's token and the satellite marker if they are needed.
    #[must_use]
    pub fn link(&self, page: PortalPage) -> Url {
        self.link_prefilled(page, &[])
    }

    /// Returns [`link`](Self::link) with prefilled form fields.
    ///
    /// A value is omitted if the page has no such field, with one warning in the log.
    ///
    /// ```
    /// use portal_tower::Auth;
    /// use portal_tower::portal_sdk::portal::{PortalPage, Prefill};
    ///
    /// fn invitation(auth: &Auth, address: &str) -> String {
    ///     auth.link_prefilled(PortalPage::SignUp, &[Prefill::EmailAddress(address.into())]).into()
    /// }
    /// ```
    #[must_use]
    pub fn link_prefilled(&self, page: PortalPage, prefill: &[Prefill]) -> Url {
        let back = self.page_to_return_to(page);
        self.link_to(page, back.as_ref().map_or("", Url::as_str), prefill)
    }

    /// Returns [`link`](Self::link) with another return-back URL.
    ///
    /// It is absolute, or a path of this application.
    ///
    /// A URL that the portal would drop is omitted (see [`ReturnBackUrl`](portal_sdk::portal::ReturnBackUrl)), with one
    /// warning in the log.
    #[must_use]
    pub fn link_back_to(&self, page: PortalPage, return_back_to: &str) -> Url {
        self.link_to(page, return_back_to, &[])
    }

    pub(crate) fn link_to(&self, page: PortalPage, return_back_to: &str, prefill: &[Prefill]) -> Url {
        let portal = self.accounts().portal();
        let here = self.public_url().as_url();
        let context = self.context();
        let dev_browser = context.dev_browser_for_links();
        let mut link = portal
            .link(page)
            .with_requested_from(here)
            .with_dev_browser(dev_browser);
        if matches!(self.identity(), Identity::Pending(_)) && !page.needs_session() {
            link = link.with_tasks(true);
        }
        for value in prefill {
            if value.is_known_to(page) {
                link = link.with_prefill(value.clone());
            } else {
                warn_of_prefill(page, value.name());
            }
        }
        match link.clone().with_return_back(return_back_to).to_url() {
            Ok(url) => return url,
            Err(error) => warn_of_return_address(page, &error),
        }
        // Only the return-back URL can be invalid. Without it the user stays at the portal.
        link.to_url().unwrap_or_else(|_| here.clone())
    }

    /// Returns `true` if `url` is a page of the portal.
    pub(crate) fn is_portals(&self, url: &Url) -> bool {
        let portal = self.accounts().portal();
        Url::parse(portal.base()).is_ok_and(|base| base.origin() == url.origin())
    }

    /// Returns the cookie that records a visit to the portal with the current session token.
    pub(crate) fn portal_visit(&self) -> Option<HeaderValue> {
        let expires_at = self.outcome().claims()?.expires_at();
        Some(self.portal_visits().sent(self.public_url(), self.at(), expires_at))
    }

    /// Returns `true` if the user may have changed something at the portal since the session token was issued.
    pub(crate) fn was_at_portal(&self) -> bool {
        let state = self.outcome();
        let Some(issued_at) = state.claims().map(SessionClaims::issued_at) else {
            return false;
        };
        decide::comes_from_portal(&self.context(), state)
            || issued_at.is_some_and(|issued_at| self.portal_visits().is_since(issued_at))
    }

    /// Returns the handshake that renews an outdated session token.
    ///
    /// The token may be outdated if the user [was at the portal](Self::was_at_portal) since it was issued.
    pub(crate) fn renewal(&self) -> Option<ResponseHeaders> {
        let visits = self.portal_visits();
        if !self.was_at_portal() || !visits.may_renew(self.at()) {
            return None;
        }
        let mut headers = decide::renewal(&self.context(), self.outcome())?;
        headers.append(SET_COOKIE, visits.renewed(self.public_url(), self.at()));
        Some(headers)
    }
}

/// Warns once, because every request with this link has the same problem.
fn warn_of_prefill(page: PortalPage, name: &'static str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(
        || tracing::warn!(%page, name, "a link omits a prefilled value, because the page has no such field"),
    );
}

/// Warns once, without the address.
///
/// A client may have chosen the address, and its query string may hold a secret.
fn warn_of_return_address(page: PortalPage, error: &LinkError) {
    static ONCE: Once = Once::new();
    let LinkError::ReturnBackUrl(_) = error else {
        return;
    };
    ONCE.call_once(|| {
        tracing::warn!(
            %page,
            "a link omits its return-back URL, because the portal would drop it; check it with ReturnBackUrl to see why"
        );
    });
}
