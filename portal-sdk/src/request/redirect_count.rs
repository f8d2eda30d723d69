//! [`RedirectCount`]: the number of a browser's consecutive redirects, and their organization.

use std::fmt;

use super::cookies::unsigned;
use crate::instance::OrganizationTarget;

/// The most consecutive redirects before the request is decided without another one.
pub(crate) const MAX_REDIRECTS: u64 = 3;

/// The value of the cookie `__clerk_redirect_count`.
///
/// A plain decimal, as Clerk writes it, counts redirects for any reason. Redirects that activate an organization append
/// a mark of that organization, as in `2.1a2b3c4d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RedirectCount {
    count: u64,
    target: Option<u32>,
}

impl RedirectCount {
    /// Parses the cookie; a malformed value counts as zero.
    pub(crate) fn parse(text: &str) -> Self {
        let (count, mark) = text
            .split_once('.')
            .map_or((text, None), |(count, mark)| (count, Some(mark)));
        let is_mark = |mark: &str| mark.len() == 8 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
        let target = mark.map(|mark| is_mark(mark).then(|| u32::from_str_radix(mark, 16).ok()).flatten());
        match (unsigned(count), target) {
            (Some(count), None) => Self { count, target: None },
            (Some(count), Some(Some(mark))) => Self {
                count,
                target: Some(mark),
            },
            _ => Self::default(),
        }
    }

    /// The number of consecutive redirects, for any reason.
    pub(crate) fn total(self) -> u64 {
        self.count
    }

    /// Returns the count after another redirect, or `None` if the redirect limit was reached.
    ///
    /// Redirects for another organization than `target` do not count.
    pub(crate) fn another(self, target: Option<&OrganizationTarget>) -> Option<Self> {
        let target = target.map(mark);
        let is_for_another = target.is_some() && self.target.is_some() && self.target != target;
        let count = if is_for_another { 0 } else { self.count };
        (count < MAX_REDIRECTS).then(|| Self {
            count: count + 1,
            target,
        })
    }
}

impl fmt::Display for RedirectCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target {
            Some(mark) => write!(f, "{}.{mark:08x}", self.count),
            None => self.count.fmt(f),
        }
    }
}

/// Hashes an organization (FNV-1a, 32 bits), equally in every process, so that several can serve one browser.
fn mark(target: &OrganizationTarget) -> u32 {
    let (kind, name) = match target {
        OrganizationTarget::Id(name) => ("id", name.as_str()),
        OrganizationTarget::Slug(name) => ("slug", name.as_str()),
        OrganizationTarget::PersonalAccount => ("personal", ""),
    };
    let bytes = kind.bytes().chain([b':']).chain(name.bytes());
    bytes.fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(name: &str) -> OrganizationTarget {
        OrganizationTarget::Slug(name.to_owned())
    }

    #[test]
    fn redirects_for_another_organization_do_not_count() {
        let mut count = RedirectCount::default();
        for expected in 1..=MAX_REDIRECTS {
            count = count.another(Some(&slug("nowhere"))).unwrap();
            assert_eq!(RedirectCount::parse(&count.to_string()), count);
            assert_eq!(count.total(), expected);
        }
        assert_eq!(count.another(Some(&slug("nowhere"))), None);
        assert_eq!(count.another(None), None);
        assert_eq!(count.another(Some(&slug("acme"))).unwrap().total(), 1);
        assert_eq!(
            count
                .another(Some(&OrganizationTarget::Id("nowhere".into())))
                .unwrap()
                .total(),
            1
        );
        assert_eq!(
            count
                .another(Some(&OrganizationTarget::PersonalAccount))
                .unwrap()
                .total(),
            1
        );
    }

    #[test]
    fn plain_count_is_for_every_organization() {
        let plain = RedirectCount::parse("2");
        assert_eq!(plain.another(Some(&slug("acme"))).unwrap().total(), 3);
        assert_eq!(plain.another(None).unwrap().to_string(), "3");
        assert_eq!(RedirectCount::parse("3").another(Some(&slug("acme"))), None);
        for odd in [
            "",
            "x",
            "-1",
            "1.5",
            "1.",
            ".1a2b3c4d",
            "1.1a2b3c4d5",
            "1.+a2b3c4d",
            "1.1a2b3c4d.2",
        ] {
            assert_eq!(RedirectCount::parse(odd), RedirectCount::default(), "{odd:?}");
        }
    }
}
