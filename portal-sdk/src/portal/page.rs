//! [`PortalPage`]: the pages of the portal.

use std::fmt;

/// A page of the Account Portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PortalPage {
    /// Sign in.
    SignIn,
    /// Sign up.
    SignUp,
    /// The signed-in person's own profile.
    UserProfile,
    /// The active organization's profile.
    OrganizationProfile,
    /// Create an organization.
    CreateOrganization,
}

impl PortalPage {
    /// The page's path on the portal.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::SignIn => "/sign-in",
            Self::SignUp => "/sign-up",
            Self::UserProfile => "/user",
            Self::OrganizationProfile => "/organization",
            Self::CreateOrganization => "/create-organization",
        }
    }

    /// Whether the page is of use only to somebody who is signed in.
    #[must_use]
    pub fn needs_session(self) -> bool {
        !matches!(self, Self::SignIn | Self::SignUp)
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
        })
    }
}
