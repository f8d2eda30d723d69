//! [`Prefill`]: values in the portal's forms.

use super::PortalPage;

/// A value that fills a field of the sign-in or sign-up page.
///
/// ```
/// use portal_sdk::instance::PublishableKey;
/// use portal_sdk::portal::{Portal, Prefill};
///
/// let key: PublishableKey = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse()?;
/// let portal = Portal::from(key.frontend_api());
/// let url = portal.sign_up().with_prefill(Prefill::EmailAddress("ada@example.com".into())).to_url()?;
/// assert_eq!(url.as_str(), "https://accounts.example.com/sign-up?email_address=ada%40example.com");
///
/// // The sign-in page has no field for names.
/// assert!(portal.sign_in().with_prefill(Prefill::FirstName("Ada".into())).to_url().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
///
/// The value travels in the URL, where proxies and browser histories record it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Prefill {
    /// An email address, on sign-in and sign-up.
    EmailAddress(String),
    /// A phone number with its country code, such as `+15555550100`, on sign-in and sign-up.
    PhoneNumber(String),
    /// A username, on sign-in and sign-up.
    Username(String),
    /// A first name, on sign-up.
    FirstName(String),
    /// A last name, on sign-up.
    LastName(String),
}

impl Prefill {
    /// The query parameter's name, such as `email_address`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::EmailAddress(_) => "email_address",
            Self::PhoneNumber(_) => "phone_number",
            Self::Username(_) => "username",
            Self::FirstName(_) => "first_name",
            Self::LastName(_) => "last_name",
        }
    }

    /// The query parameter's value, not encoded.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::EmailAddress(value)
            | Self::PhoneNumber(value)
            | Self::Username(value)
            | Self::FirstName(value)
            | Self::LastName(value) => value,
        }
    }

    /// Returns `true` if `page` has a field for this value.
    #[must_use]
    pub fn is_known_to(&self, page: PortalPage) -> bool {
        match page {
            PortalPage::SignUp => true,
            PortalPage::SignIn => !matches!(self, Self::FirstName(_) | Self::LastName(_)),
            _ => false,
        }
    }
}
