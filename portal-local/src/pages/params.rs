//! The parameters that travel with a person from page to page.

use portal_sdk::names::query;
use url::form_urlencoded;

use crate::redirect::{MOST_BYTES, Refused};

pub(super) const EMAIL_ADDRESS: &str = "email_address";
pub(super) const FIRST_NAME: &str = "first_name";
pub(super) const LAST_NAME: &str = "last_name";
pub(super) const TICKET: &str = "__clerk_ticket";

/// The parameters of redirects and prefilled fields, which travel through a flow. All other parameters belong to one
/// page.
const CARRIED: [&str; 11] = [
    query::REDIRECT_URL,
    query::SIGN_IN_FORCE_REDIRECT_URL,
    query::SIGN_IN_FALLBACK_REDIRECT_URL,
    query::SIGN_UP_FORCE_REDIRECT_URL,
    query::SIGN_UP_FALLBACK_REDIRECT_URL,
    EMAIL_ADDRESS,
    FIRST_NAME,
    LAST_NAME,
    "username",
    "phone_number",
    TICKET,
];

/// The carried parameters of one request, in a fixed order.
#[derive(Clone, Default)]
pub(super) struct Params {
    pairs: Vec<(&'static str, String)>,
    /// Name and length of the values that are too long to be carried.
    too_long: Vec<(&'static str, usize)>,
}

impl Params {
    pub(super) fn parse(raw: &str) -> Self {
        let mut params = Self::default();
        for wanted in CARRIED {
            let found =
                form_urlencoded::parse(raw.as_bytes()).find(|(name, value)| name == wanted && !value.is_empty());
            match found {
                // Every link and form of a page repeats these: a longer value would be in the page many times.
                Some((_, value)) if value.len() > MOST_BYTES => params.too_long.push((wanted, value.len())),
                Some((_, value)) => params.pairs.push((wanted, value.into_owned())),
                None => {}
            }
        }
        params
    }

    /// A sentence for each value that is too long to be carried.
    pub(super) fn left_out(&self) -> Vec<String> {
        let sentence = |(name, bytes): &(&'static str, usize)| match *name {
            EMAIL_ADDRESS | FIRST_NAME | LAST_NAME | "username" | "phone_number" | TICKET => format!(
                "{name} is ignored because it's too long: it has {bytes} bytes, and at most {MOST_BYTES} are allowed."
            ),
            _ => Refused::TooLong(*bytes).to_string(),
        };
        self.too_long.iter().map(sentence).collect()
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Names and values, for a form that carries them along.
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        self.pairs.clone()
    }

    /// The same parameters with `value` for `name`; blank removes it.
    pub(super) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut pairs: Vec<_> = self.pairs.iter().filter(|(key, _)| *key != name).cloned().collect();
        if !value.is_empty() {
            pairs.push((name, value.to_owned()));
        }
        Self {
            pairs,
            too_long: self.too_long.clone(),
        }
    }

    /// The same parameters without the ticket, which is valid for one flow.
    pub(super) fn without_ticket(&self) -> Self {
        self.with(TICKET, "")
    }

    /// `path` with these parameters, and with `extra` that is meant for that page only.
    pub(super) fn link(&self, path: &str, extra: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(extra);
        query.extend_pairs(&self.pairs);
        let query = query.finish();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_parameters_travel_and_others_stay() {
        let params = Params::parse(
            "x=1&redirect_url=http%3A%2F%2Flocalhost%3A3000%2F%3Fa%3Db&email_address=a%2Bb%40x.y&first_name=",
        );
        assert_eq!(params.value("redirect_url"), Some("http://localhost:3000/?a=b"));
        assert_eq!(
            params.link("/sign-up", &[("notice", "expired")]),
            "/sign-up?notice=expired&redirect_url=http%3A%2F%2Flocalhost%3A3000%2F%3Fa%3Db&email_address=a%2Bb%40x.y"
        );
        assert_eq!(
            params
                .with("email_address", "")
                .with("redirect_url", "")
                .link("/user", &[]),
            "/user"
        );
    }
}
