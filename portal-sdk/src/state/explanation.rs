//! [`Explanation`]: the facts behind a decision, for developers.

use std::fmt;

use super::LikelyCause;

/// The facts by which a request was decided, for developers: its URL, cookies, token, keys, and the outcome.
///
/// `{}` writes one line, for logs, and `{:#}` writes one line per fact.
///
/// # Security
///
/// It holds no token, no cookie's value and no query string. It names what clients send, escaped, and what the instance
/// accepts: show it to developers only.
///
/// ```
/// use http::Request;
/// use portal_sdk::authenticator::Authenticator;
/// use portal_sdk::instance::Instance;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
/// let authenticator = Authenticator::builder(instance).build();
/// let (parts, ()) = Request::get("https://app.example.com/inbox").header("host", "app.example.com").body(())?.into_parts();
/// let explanation = authenticator.explain(&parts);
/// assert_eq!(explanation.get("outcome"), Some("signed-out: session-token-and-uat-missing"));
/// println!("{explanation:#}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    facts: Vec<(&'static str, String)>,
    likely_cause: Option<LikelyCause>,
}

impl Explanation {
    pub(crate) fn add(&mut self, name: &'static str, text: impl Into<String>) {
        self.facts.push((name, text.into()));
    }

    pub(crate) fn set_likely_cause(&mut self, cause: Option<LikelyCause>) {
        self.likely_cause = cause;
    }

    /// Returns the likely cause of a redirect loop or an undecided request.
    ///
    /// Returns `None` if the facts support no cause, such as for a request that is signed in or has no session.
    #[must_use]
    pub fn likely_cause(&self) -> Option<&LikelyCause> {
        self.likely_cause.as_ref()
    }

    /// Iterates over the facts in the order of the decision: a name in lower case, and a text.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.facts.iter().map(|(name, text)| (*name, &**text))
    }

    /// Returns the text of a fact, such as `outcome`; `None` if it does not apply to the request.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.facts().find_map(|(fact, text)| (fact == name).then_some(text))
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if f.alternate() { "\n" } else { " | " };
        for (position, (name, text)) in self.facts().enumerate() {
            let separator = if position == 0 { "" } else { separator };
            write!(f, "{separator}{name}: {text}")?;
        }
        Ok(())
    }
}
