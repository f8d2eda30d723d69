//! The pages that users return to from the portal.

use crate::caller::ReturnsTo;
use portal_sdk::portal::PortalPage;
use portal_sdk::request::without_clerk_parameters;
use url::Url;

use super::Auth;

impl Auth {
    /// Returns the page that the portal leads back to, without Clerk's parameters.
    ///
    /// For a page request it is the requested page; for a form or a script, whose URL is not a page, the page that
    /// contains it. Returns `None` if the page is unknown, or if it would be the application's root and `portal_page`
    /// has a fallback.
    pub(crate) fn page_to_return_to(&self, portal_page: PortalPage) -> Option<Url> {
        let context = self.context();
        let caller = self.caller();
        let sender = || {
            let page_of_script = caller.page_of_script(self.parts());
            let page_of_script = page_of_script.and_then(|page| context.same_origin(&page));
            page_of_script.or_else(|| context.same_origin_referer().cloned())
        };
        let page = match caller.returns_to(context.method()) {
            ReturnsTo::Requested => self.clean_url(),
            ReturnsTo::Sender => sender().or_else(|| self.page_of_last_resort(portal_page))?,
            ReturnsTo::NamedSender => sender()?,
            ReturnsTo::Nowhere => return None,
        };
        Some(without_clerk_parameters(page))
    }

    /// The request's URL without Clerk's parameters.
    pub(crate) fn clean_url(&self) -> Url {
        without_clerk_parameters(self.public_url().as_url().clone())
    }

    /// Returns the application's referring page, or else the page of last resort.
    ///
    /// A page does not count as referring to itself.
    pub(crate) fn page_before(&self, portal_page: PortalPage) -> Option<Url> {
        let here = self.public_url().as_url();
        let context = self.context();
        context
            .same_origin_referer()
            .filter(|referer| referer.path() != here.path())
            .cloned()
            .or_else(|| self.page_of_last_resort(portal_page))
    }

    /// Returns the application's root, or `None` if a fallback is set for the flow of `portal_page`.
    ///
    /// The portal reads the fallback only if no `redirect_url` is given; see
    /// <https://clerk.com/docs/guides/development/customize-redirect-urls>.
    fn page_of_last_resort(&self, portal_page: PortalPage) -> Option<Url> {
        let instance = self.instance();
        let has_fallback = match portal_page {
            PortalPage::SignIn => instance.sign_in_fallback_redirect_url().is_some(),
            PortalPage::SignUp => instance.sign_up_fallback_redirect_url().is_some(),
            _ => false,
        };
        (!has_fallback).then(|| self.public_url().root())
    }
}
