//! [`PortalPage`]: the pages of the portal and their default paths.

use std::borrow::Cow;
use std::fmt;

/// A page of the Account Portal.
///
/// ```
/// use portal_sdk::portal::{PortalPage, SessionTask};
///
/// assert_eq!(PortalPage::UserProfile.path(), "/user");
/// assert_eq!(PortalPage::SessionTask(SessionTask::SetupMfa).path(), "/sign-in/tasks/setup-mfa");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PortalPage {
    /// The sign-in page.
    SignIn,
    /// The sign-up page.
    SignUp,
    /// The signed-in user's profile.
    UserProfile,
    /// The active organization's profile.
    OrganizationProfile,
    /// The form that creates an organization.
    CreateOrganization,
    /// The form that joins the waitlist for sign-up.
    Waitlist,
    /// The notice that an unrecognized sign-in was revoked. Clerk's security email links to it.
    UnauthorizedSignIn,
    /// The current task of a pending session.
    SessionTasks,
    /// One task of a pending session.
    SessionTask(SessionTask),
}

/// A task that a pending session requires of its user.
///
/// See <https://clerk.com/docs/guides/configure/session-tasks>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionTask {
    /// `choose-organization`
    ChooseOrganization,
    /// `reset-password`
    ResetPassword,
    /// `setup-mfa`
    SetupMfa,
}

impl PortalPage {
    /// The page's default path on the portal.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::SignIn => "/sign-in",
            Self::SignUp => "/sign-up",
            Self::UserProfile => "/user",
            Self::OrganizationProfile => "/organization",
            Self::CreateOrganization => "/create-organization",
            Self::Waitlist => "/waitlist",
            Self::UnauthorizedSignIn => "/unauthorized-sign-in",
            Self::SessionTasks => "/sign-in/tasks",
            Self::SessionTask(SessionTask::ChooseOrganization) => "/sign-in/tasks/choose-organization",
            Self::SessionTask(SessionTask::ResetPassword) => "/sign-in/tasks/reset-password",
            Self::SessionTask(SessionTask::SetupMfa) => "/sign-in/tasks/setup-mfa",
        }
    }

    /// Returns `true` if the page requires a session.
    #[must_use]
    pub fn needs_session(self) -> bool {
        matches!(
            self,
            Self::UserProfile | Self::OrganizationProfile | Self::CreateOrganization
        )
    }

    /// Returns `true` for sign-in and sign-up, which accept the redirect URLs of both flows.
    pub(super) fn is_flow(self) -> bool {
        matches!(self, Self::SignIn | Self::SignUp)
    }
}

impl fmt::Display for PortalPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignIn => "sign-in",
            Self::SignUp => "sign-up",
            Self::UserProfile => "user profile",
            Self::OrganizationProfile => "organization profile",
            Self::CreateOrganization => "create organization",
            Self::Waitlist => "waitlist",
            Self::UnauthorizedSignIn => "unauthorized sign-in",
            Self::SessionTasks => "session tasks",
            Self::SessionTask(task) => task.as_str(),
        })
    }
}

impl SessionTask {
    /// The task's key in the page's path and in Clerk's API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ChooseOrganization => "choose-organization",
            Self::ResetPassword => "reset-password",
            Self::SetupMfa => "setup-mfa",
        }
    }
}

/// Returns the portal's origin for `frontend_api`, a host or a local portal's `http://` URL.
///
/// Clerk derives it by string replacement: `clerk.accountsstage.` becomes `accountsstage.`, then the first
/// `clerk.accounts.` or `clerk.` becomes `accounts.`. A local portal serves its pages from the origin of its Frontend
/// API.
pub(crate) fn portal_base(frontend_api: &str) -> String {
    if let Some(rest) = frontend_api.strip_prefix("http://") {
        let host = rest.split('/').next().unwrap_or_default();
        return format!("http://{host}");
    }
    let host = frontend_api.strip_prefix("https://").unwrap_or(frontend_api);
    let host: Cow<'_, str> = if host.contains("clerk.accountsstage.") {
        host.replacen("clerk.accountsstage.", "accountsstage.", 1).into()
    } else {
        host.into()
    };
    let Some(at) = host.find("clerk.") else {
        return format!("https://{host}");
    };
    let rest = &host[at + "clerk.".len()..];
    let rest = rest.strip_prefix("accounts.").unwrap_or(rest);
    format!("https://{}accounts.{rest}", &host[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_has_its_name_and_path() {
        use SessionTask::{ChooseOrganization, ResetPassword, SetupMfa};
        for (page, name, path) in [
            (PortalPage::SignIn, "sign-in", "/sign-in"),
            (PortalPage::SignUp, "sign-up", "/sign-up"),
            (PortalPage::UserProfile, "user profile", "/user"),
            (PortalPage::OrganizationProfile, "organization profile", "/organization"),
            (
                PortalPage::CreateOrganization,
                "create organization",
                "/create-organization",
            ),
            (PortalPage::Waitlist, "waitlist", "/waitlist"),
            (
                PortalPage::UnauthorizedSignIn,
                "unauthorized sign-in",
                "/unauthorized-sign-in",
            ),
            (PortalPage::SessionTasks, "session tasks", "/sign-in/tasks"),
        ] {
            assert_eq!((page.to_string().as_str(), page.path()), (name, path));
        }
        for task in [ChooseOrganization, ResetPassword, SetupMfa] {
            let page = PortalPage::SessionTask(task);
            assert_eq!(page.path(), format!("/sign-in/tasks/{task}", task = task.as_str()));
            assert_eq!(page.to_string(), task.as_str());
            assert!(!page.needs_session() && !page.is_flow());
        }
    }

    #[test]
    fn portal_origin_is_derived_as_clerk_does() {
        for (frontend_api, base) in [
            ("clerk.example.com", "https://accounts.example.com"),
            ("clerk.app.example.co.uk", "https://accounts.app.example.co.uk"),
            ("foo-bar-13.clerk.accounts.dev", "https://foo-bar-13.accounts.dev"),
            ("clerk.foo.bar-13.lcl.dev", "https://accounts.foo.bar-13.lcl.dev"),
            (
                "foo-bar-13.clerk.accountsstage.dev",
                "https://foo-bar-13.accountsstage.dev",
            ),
            (
                "foo-bar-13.clerk.accounts.lclclerk.com",
                "https://foo-bar-13.accounts.lclclerk.com",
            ),
            ("frontend.example.com", "https://frontend.example.com"),
            ("myclerk.com", "https://myaccounts.com"),
            ("http://127.0.0.1:8787/accounts.dev", "http://127.0.0.1:8787"),
        ] {
            assert_eq!(portal_base(frontend_api), base);
        }
    }
}
