//! The hosted pages: the status of each, without following redirects.

use http::StatusCode;
use tokio::task::JoinSet;
use url::Url;

use super::Doctor;
use super::problem::problem_of;
use super::report::{Check, Finding, Status};
use crate::backend::BackendApi as _;
use crate::effect::BackendError;
use crate::instance::Setting;
use crate::portal::{Portal, PortalPage};
use crate::secret::WithoutQuery;

/// The pages that links of the application lead to.
const PAGES: [PortalPage; 6] = [
    PortalPage::SignIn,
    PortalPage::SignUp,
    PortalPage::UserProfile,
    PortalPage::OrganizationProfile,
    PortalPage::CreateOrganization,
    PortalPage::Waitlist,
];

impl Doctor {
    /// Checks all pages at once, unless neither API answered (`is_online`).
    pub(super) async fn pages(&self, is_online: bool) -> Vec<Finding> {
        if !is_online {
            let reason = "neither API answered, so this machine may be offline";
            return PAGES.map(|page| Finding::not_checked(Check::Page(page), reason)).into();
        }
        let mut portal = Portal::from(&self.instance);
        let mut findings = Vec::with_capacity(PAGES.len() + 1);
        if self.instance.discovers_pages() {
            let problem = match self.backend.portal_pages().await {
                Ok(pages) if !pages.is_empty() => {
                    portal = portal.with_discovered(pages);
                    None
                }
                Ok(_) => Some("no page URL in display_config".to_owned()),
                Err(error) => Some(problem_of(&error, &self.backend)),
            };
            findings.push(page_urls(problem));
        }
        findings.extend(self.each_page(&portal).await);
        findings
    }

    async fn each_page(&self, portal: &Portal) -> Vec<Finding> {
        let mut findings: Vec<Option<Finding>> = vec![None; PAGES.len()];
        let mut calls = JoinSet::new();
        for (index, page) in PAGES.into_iter().enumerate() {
            let mut link = portal.link(page);
            if let Some(origin) = self.instance.public_origins().first() {
                link = link.with_requested_from(origin);
            }
            let Ok(url) = link.target() else {
                findings[index] = Some(address_unknown(page));
                continue;
            };
            let backend = self.backend.clone();
            calls.spawn(async move {
                let answer = backend.probe_page(&url).await;
                (index, url, answer)
            });
        }
        while let Some(asked) = calls.join_next().await {
            if let Ok((index, url, answer)) = asked {
                findings[index] = Some(self.page(PAGES[index], &url, &answer));
            }
        }
        findings.into_iter().flatten().collect()
    }

    fn page(&self, page: PortalPage, url: &Url, answer: &Result<StatusCode, BackendError>) -> Finding {
        let address = WithoutQuery(url);
        let (status, problem) = match answer {
            Ok(status) if status.is_success() || status.is_redirection() => {
                return Finding::ok(Check::Page(page), format!("{address} answers with status {status}"));
            }
            // The page exists, but a firewall or a sign-in stands before it.
            Ok(status) if status.is_client_error() && !is_missing(*status) => {
                let found = format!("{address} answers with status {status}");
                return Finding::new(Check::Page(page), Status::Warn, found).with_fix("open it in a browser");
            }
            Ok(status) if is_missing(*status) && !is_essential(page) => {
                let found = format!("{address} does not exist: status {status}");
                return Finding::new(Check::Page(page), Status::Warn, found)
                    .with_fix("do not link to it, or turn its feature on in the Clerk dashboard");
            }
            Ok(status) if is_missing(*status) => (Status::Fail, format!("does not exist: status {status}")),
            Ok(status) => (Status::Fail, format!("fails: status {status}")),
            Err(error) => {
                let problem = problem_of(error, &self.backend);
                (self.unreachable(url), format!("is unreachable: {problem}"))
            }
        };
        let finding = Finding::new(Check::Page(page), status, format!("{address} {problem}"));
        match self.setting_of(page) {
            Some((setting, fix)) => finding.with_fix(fix).with_setting(setting),
            None => finding.with_fix(
                "check the Account Portal page of the Clerk dashboard; the address follows from CLERK_PUBLISHABLE_KEY, or \
                 from the instance with discover_pages",
            ),
        }
    }

    /// A page on the application's own origin is reachable only while the application runs.
    fn unreachable(&self, url: &Url) -> Status {
        match self.instance.public_origins().iter().any(|own| own.is_origin_of(url)) {
            true => Status::Warn,
            false => Status::Fail,
        }
    }

    /// Returns the variable that the page's address is from, and the remedy.
    fn setting_of(&self, page: PortalPage) -> Option<(Setting, &'static str)> {
        let has_own_sign_in = self.instance.sign_in_url().is_some();
        let has_own_sign_up = self.instance.sign_up_url().is_some();
        match page {
            PortalPage::SignIn if has_own_sign_in => {
                let fix = "correct CLERK_SIGN_IN_URL, or start the application that serves it";
                Some((Setting::SignInUrl, fix))
            }
            PortalPage::SignUp if has_own_sign_up => {
                let fix = "correct CLERK_SIGN_UP_URL, or start the application that serves it";
                Some((Setting::SignUpUrl, fix))
            }
            PortalPage::SignUp if has_own_sign_in => {
                let fix = "set CLERK_SIGN_UP_URL: without it the page is below CLERK_SIGN_IN_URL";
                Some((Setting::SignUpUrl, fix))
            }
            _ => None,
        }
    }
}

/// The finding for page URLs that are read from the instance.
fn page_urls(problem: Option<String>) -> Finding {
    let Some(problem) = problem else {
        return Finding::ok(Check::PageUrls, "read from the instance");
    };
    let found = format!("cannot be read from the instance: {problem}; links use the derived ones");
    Finding::new(Check::PageUrls, Status::Warn, found)
        .with_fix("check that the Frontend API answers, or turn discover_pages off")
}

/// The finding for a page at a path of the application, whose origin is unknown.
fn address_unknown(page: PortalPage) -> Finding {
    let reason =
        "the page is a path of the application, whose address is unknown; set PORTAL_PUBLIC_ORIGIN to check it";
    Finding::not_checked(Check::Page(page), reason).with_setting(Setting::PublicOrigin)
}

fn is_missing(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

/// Returns `true` for the pages that every application's users need.
fn is_essential(page: PortalPage) -> bool {
    matches!(page, PortalPage::SignIn | PortalPage::SignUp | PortalPage::UserProfile)
}
