//! [`Report`]: the findings of an examination, as text and for programs.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::instance::Setting;
use crate::portal::PortalPage;

/// The longest text from a server, such as a list of key IDs or an error, in a finding, in characters.
const MAX_TEXT: usize = 300;

/// The findings of one examination, in the order of the checks.
///
/// `Display` writes one line for each. It serializes as `{"failed": …, "findings": [{"check", "status", "found", "fix",
/// "setting"}]}`.
#[derive(Clone, Debug, Default)]
pub struct Report(Vec<Finding>);

impl Report {
    /// Returns `true` if a check failed. Warnings and checks not made do not count.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.0.iter().any(|finding| finding.status == Status::Fail)
    }

    /// The findings, in the order of the checks.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }

    pub(super) fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'r> {
            failed: bool,
            findings: &'r [Finding],
        }
        let wire = Wire {
            failed: self.has_failed(),
            findings: &self.0,
        };
        wire.serialize(serializer)
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    check: Check,
    status: Status,
    found: String,
    fix: Option<String>,
    setting: Option<Setting>,
}

impl Finding {
    pub(super) fn new(check: Check, status: Status, found: impl AsRef<str>) -> Self {
        Self {
            check,
            status,
            found: printable(found.as_ref()),
            fix: None,
            setting: None,
        }
    }

    pub(super) fn ok(check: Check, found: impl AsRef<str>) -> Self {
        Self::new(check, Status::Ok, found)
    }

    /// `reason` names the failed check or the missing setting.
    pub(super) fn not_checked(check: Check, reason: impl AsRef<str>) -> Self {
        Self::new(check, Status::NotChecked, reason)
    }

    /// Sets an imperative sentence without a full stop.
    pub(super) fn with_fix(mut self, fix: impl AsRef<str>) -> Self {
        self.fix = Some(printable(fix.as_ref()));
        self
    }

    pub(super) fn with_setting(mut self, setting: Setting) -> Self {
        self.setting = Some(setting);
        self
    }

    /// The check.
    #[must_use]
    pub fn check(&self) -> Check {
        self.check
    }

    /// The check's outcome.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The facts, or the reason why the check was not made. Without secrets.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }

    /// The remedy, if there is something to mend.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.fix.as_deref()
    }

    /// The setting to correct first, if there is one.
    #[must_use]
    pub fn setting(&self) -> Option<Setting> {
        self.setting
    }
}

impl fmt::Display for Finding {
    /// Writes one line: status, check, facts, and the fix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<11}  {}: {}", self.status.as_str(), self.check, self.found)?;
        match &self.fix {
            Some(fix) => write!(f, "; fix: {fix}"),
            None => Ok(()),
        }
    }
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works, but not for long or not everywhere.
    Warn,
    /// It does not work.
    Fail,
    /// A failed check or a missing setting prevented this one.
    NotChecked,
}

impl Status {
    /// `ok`, `warn`, `fail` or `not checked`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::NotChecked => "not checked",
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A property of the configuration that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// Both keys are of the same type, test or live.
    KeyTypes,
    /// The Backend API answers and accepts the secret key.
    BackendApi,
    /// Keys that verify session tokens can be fetched, and `CLERK_JWT_KEY` is one of them.
    SigningKeys,
    /// This machine's clock agrees with Clerk's.
    Clock,
    /// The Frontend API answers at the address that browsers use.
    FrontendApi,
    /// The secret key and the publishable key belong to the same instance.
    KeyPair,
    /// The page URLs can be read from the instance. Made only with
    /// [`discover_pages`](crate::instance::InstanceBuilder::discover_pages).
    PageUrls,
    /// A hosted page answers.
    Page(PortalPage),
    /// The application's public origin is set.
    PublicOrigin,
    /// The cookies that the application reads.
    Cookies,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyTypes => "key types",
            Self::BackendApi => "Backend API",
            Self::SigningKeys => "signing keys",
            Self::Clock => "clock",
            Self::FrontendApi => "Frontend API",
            Self::KeyPair => "key pair",
            Self::PageUrls => "page URLs",
            Self::Page(page) => return write!(f, "{page} page"),
            Self::PublicOrigin => "public origin",
            Self::Cookies => "cookies",
        })
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Returns `text` on one line and not too long, because parts of it come from servers.
fn printable(text: &str) -> String {
    let mut printable: String = text.chars().take(MAX_TEXT).flat_map(escaped).collect();
    if text.chars().nth(MAX_TEXT).is_some() {
        printable.push('…');
    }
    printable
}

/// Escapes control characters, by which a server could write to the terminal.
fn escaped(c: char) -> impl Iterator<Item = char> {
    let is_control = c.is_control();
    let plain = (!is_control).then_some(c);
    plain
        .into_iter()
        .chain(is_control.then(|| c.escape_debug()).into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_text_is_escaped_and_cut() {
        let finding = Finding::ok(Check::Clock, format!("a\x1b[2J\nb{}", "x".repeat(MAX_TEXT)));
        let line = finding.to_string();
        assert!(line.starts_with("ok           clock: a\\u{1b}[2J\\nbxxx"), "{line}");
        assert!(line.ends_with("x…") && line.len() < MAX_TEXT + 40, "{line}");
    }

    #[test]
    fn only_failures_fail_a_report() {
        let mut report = Report::default();
        for status in [Status::Ok, Status::Warn, Status::NotChecked] {
            report.add(Finding::new(Check::Cookies, status, "x"));
        }
        assert!(!report.has_failed());
        report.add(Finding::new(Check::KeyPair, Status::Fail, "y").with_fix("z"));
        assert!(report.has_failed());
        assert!(
            report.to_string().ends_with("\nfail         key pair: y; fix: z\n"),
            "{report}"
        );
    }
}
