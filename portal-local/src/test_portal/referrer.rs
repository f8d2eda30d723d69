//! The page that a navigation comes from: the fields `Referer` and `Origin`.

use url::Url;

use super::site::{is_trustworthy, without_credentials};

/// The page that a user leaves by a link or a form.
#[derive(Clone, Debug)]
pub(super) struct Initiator {
    pub(super) url: Url,
    pub(super) policy: Policy,
}

/// `Referrer-Policy` (<https://www.w3.org/TR/referrer-policy/>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Policy {
    NoReferrer,
    NoReferrerWhenDowngrade,
    Origin,
    OriginWhenCrossOrigin,
    SameOrigin,
    StrictOrigin,
    #[default]
    StrictOriginWhenCrossOrigin,
    UnsafeUrl,
}

impl Policy {
    /// The last known policy of the field's list, else `self`.
    pub(super) fn or_of(self, field: &str) -> Self {
        field
            .split(',')
            .filter_map(|name| Self::named(name.trim()))
            .next_back()
            .unwrap_or(self)
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "no-referrer" => Self::NoReferrer,
            "no-referrer-when-downgrade" => Self::NoReferrerWhenDowngrade,
            "origin" => Self::Origin,
            "origin-when-cross-origin" => Self::OriginWhenCrossOrigin,
            "same-origin" => Self::SameOrigin,
            "strict-origin" => Self::StrictOrigin,
            "strict-origin-when-cross-origin" => Self::StrictOriginWhenCrossOrigin,
            "unsafe-url" => Self::UnsafeUrl,
            _ => return None,
        })
    }
}

impl Initiator {
    /// The field `Referer` of a request to `target`.
    pub(super) fn referrer(&self, target: &Url) -> Option<String> {
        let is_same_origin = self.url.origin() == target.origin();
        let is_downgrade = is_trustworthy(&self.url) && !is_trustworthy(target);
        let (is_sent, is_whole) = match self.policy {
            Policy::NoReferrer => (false, false),
            Policy::NoReferrerWhenDowngrade => (!is_downgrade, true),
            Policy::Origin => (true, false),
            Policy::OriginWhenCrossOrigin => (true, is_same_origin),
            Policy::SameOrigin => (is_same_origin, true),
            Policy::StrictOrigin => (!is_downgrade, false),
            Policy::StrictOriginWhenCrossOrigin => (is_same_origin || !is_downgrade, is_same_origin),
            Policy::UnsafeUrl => (true, true),
        };
        if !is_sent {
            return None;
        }
        if !is_whole {
            return Some(format!("{}/", self.url.origin().ascii_serialization()));
        }
        let mut url = self.url.clone();
        url.set_fragment(None);
        Some(without_credentials(url).into())
    }

    /// The field `Origin` of an unsafe request (<https://fetch.spec.whatwg.org/#append-a-request-origin-header>).
    pub(super) fn origin(&self, target: &Url) -> String {
        let is_same_origin = self.url.origin() == target.origin();
        let is_downgrade = self.url.scheme() == "https" && target.scheme() != "https";
        let is_hidden = match self.policy {
            Policy::NoReferrer => true,
            Policy::SameOrigin => !is_same_origin,
            Policy::NoReferrerWhenDowngrade | Policy::StrictOrigin | Policy::StrictOriginWhenCrossOrigin => {
                is_downgrade
            }
            Policy::Origin | Policy::OriginWhenCrossOrigin | Policy::UnsafeUrl => false,
        };
        if is_hidden {
            "null".to_owned()
        } else {
            self.url.origin().ascii_serialization()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(policy: &str, target: &str) -> (Option<String>, String) {
        let from = Initiator {
            url: Url::parse("https://app.example.com/a?b=1#c").unwrap(),
            policy: Policy::default().or_of(policy),
        };
        let target = Url::parse(target).unwrap();
        (from.referrer(&target), from.origin(&target))
    }

    #[test]
    fn policy_decides_on_referrer_and_origin() {
        let (own, other, plain) = ("https://app.example.com/x", "https://b.example/", "http://b.example/");
        let (whole, origin, null) = ("https://app.example.com/a?b=1", "https://app.example.com", "null");
        let start = "https://app.example.com/";
        for (policy, target, referrer, sent) in [
            ("", own, Some(whole), origin),
            ("", other, Some(start), origin),
            ("", plain, None, null),
            ("no-referrer", own, None, null),
            ("same-origin", own, Some(whole), origin),
            ("same-origin", other, None, null),
            ("origin", plain, Some(start), origin),
            ("unknown, unsafe-url", plain, Some(whole), origin),
            ("no-referrer, strict-origin, unknown", other, Some(start), origin),
            ("no-referrer-when-downgrade", other, Some(whole), origin),
            ("origin-when-cross-origin", plain, Some(start), origin),
        ] {
            let expected = (referrer.map(str::to_owned), sent.to_owned());
            assert_eq!(fields(policy, target), expected, "{policy} {target}");
        }
    }
}
