//! Where people come back to after the portal.

use portal_sdk::names::query;
use portal_sdk::request::RequestKind;
use url::Url;

use crate::auth::Auth;

impl Auth {
    /// The page to come back to, without Clerk's own parameters: the one being asked for, or the one that a form stands
    /// on or a script runs on, since their own addresses are none. `None` where there is no page.
    pub(crate) fn page_to_return_to(&self) -> Option<Url> {
        let facts = self.facts();
        let here = || Some(self.clean_url());
        let around = || facts.same_origin_referer.clone();
        let page = match facts.kind {
            RequestKind::Page | RequestKind::HtmxHistoryRestore => here(),
            RequestKind::Htmx { is_boosted: true } | RequestKind::Turbo { is_partial: false } if facts.is_read_only => {
                here()
            }
            RequestKind::Htmx { .. } => facts.htmx_page.clone().or_else(around),
            RequestKind::Form | RequestKind::Turbo { .. } | RequestKind::Api => around(),
            _ => return None,
        };
        let page = match facts.kind {
            RequestKind::Api => page?,
            _ => page.unwrap_or_else(|| self.public_url().root()),
        };
        Some(without_clerk_parameters(page))
    }

    /// The request's own address without what Clerk added to it.
    pub(crate) fn clean_url(&self) -> Url {
        without_clerk_parameters(self.public_url().as_url().clone())
    }

    /// The page that the person came from, if it is one of the application's and not the one being asked for; else the
    /// application's root.
    pub(crate) fn page_before(&self) -> Url {
        let here = self.public_url().as_url();
        let referer = self.facts().same_origin_referer.as_ref();
        referer
            .filter(|referer| referer.path() != here.path())
            .cloned()
            .unwrap_or_else(|| self.public_url().root())
    }
}

/// `url` as it was before Clerk added to it. An invitation's ticket stays: the page needs it.
fn without_clerk_parameters(mut url: Url) -> Url {
    let is_clerks = |name: &str| {
        let is_own = name.starts_with("__clerk_") || matches!(name, query::LEGACY_DEV_BROWSER | query::COOKIE_CHECK);
        is_own && !matches!(name, "__clerk_ticket" | "__clerk_status")
    };
    if !url.query_pairs().any(|(name, _)| is_clerks(&name)) {
        return url;
    }
    let pairs: Vec<_> = url
        .query_pairs()
        .into_owned()
        .filter(|(name, _)| !is_clerks(name))
        .collect();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url
}
