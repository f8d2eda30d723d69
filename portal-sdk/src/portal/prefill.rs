//! [`Prefill`]: what the portal's forms already hold.

use super::PortalPage;

/// A value that stands in a field of the sign-in or sign-up page before the person types anything.
///
/// It travels in the address, where proxies and histories see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefill {
    name: &'static str,
    value: Box<str>,
}

impl Prefill {
    /// An email address, on sign-in and sign-up.
    #[must_use]
    pub fn email_address(address: impl Into<Box<str>>) -> Self {
        Self::new("email_address", address.into())
    }

    /// A phone number with its country, such as `+15555550100`, on sign-in and sign-up.
    #[must_use]
    pub fn phone_number(number: impl Into<Box<str>>) -> Self {
        Self::new("phone_number", number.into())
    }

    /// A username, on sign-in and sign-up.
    #[must_use]
    pub fn username(name: impl Into<Box<str>>) -> Self {
        Self::new("username", name.into())
    }

    /// A first name, on sign-up only.
    #[must_use]
    pub fn first_name(name: impl Into<Box<str>>) -> Self {
        Self::new("first_name", name.into())
    }

    /// A last name, on sign-up only.
    #[must_use]
    pub fn last_name(name: impl Into<Box<str>>) -> Self {
        Self::new("last_name", name.into())
    }

    fn new(name: &'static str, value: Box<str>) -> Self {
        Self { name, value }
    }

    /// The query parameter's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The query parameter's value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns `true` if `page` has the field.
    #[must_use]
    pub fn is_known_to(&self, page: PortalPage) -> bool {
        match page {
            PortalPage::SignUp => true,
            PortalPage::SignIn => !matches!(self.name, "first_name" | "last_name"),
            _ => false,
        }
    }
}
