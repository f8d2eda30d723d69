//! [`Watch`]: sees every response, counts it, and judges it by the fault that it met.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use url::Url;

use super::weather::{Fault, Weather};
use super::wire::Lost;

/// The most violations of a property whose texts are kept. All are counted.
const MOST_TEXTS: usize = 12;

/// A program under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Program {
    Portal,
    Demo,
    Notes,
}

impl Program {
    pub(super) const ALL: [Self; 3] = [Self::Portal, Self::Demo, Self::Notes];
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portal => "portal",
            Self::Demo => "demo",
            Self::Notes => "notes",
        })
    }
}

/// A property that a run checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Property {
    Accounts,
    Answers,
    SignOut,
    ServerErrors,
    Redirects,
    Recovery,
    Programs,
    Memory,
    Descriptors,
    Log,
    Database,
}

impl Property {
    pub(super) const ALL: [Self; 11] = [
        Self::Accounts,
        Self::Answers,
        Self::SignOut,
        Self::ServerErrors,
        Self::Redirects,
        Self::Recovery,
        Self::Programs,
        Self::Memory,
        Self::Descriptors,
        Self::Log,
        Self::Database,
    ];
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accounts => "no account and no confirmed change is lost",
            Self::Answers => "no wrong answer: another user's page, or a failed step without a fault",
            Self::SignOut => "signed out after sign-out, at the latest after `exp` and the tolerated clock difference",
            Self::ServerErrors => "5xx and broken connections only with a fault, as documented",
            Self::Redirects => "redirects stay on allowed origins",
            Self::Recovery => "users can sign in again after each fault",
            Self::Programs => "no program panics or ends",
            Self::Memory => "memory is flat",
            Self::Descriptors => "file descriptors and threads are flat",
            Self::Log => "the log is bounded",
            Self::Database => "the database holds what accounts and sign-ins explain",
        })
    }
}

/// The origins of the programs.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) portal: String,
    pub(super) demo: String,
    pub(super) notes: String,
}

impl Places {
    pub(super) fn origin(&self, program: Program) -> &str {
        match program {
            Program::Portal => &self.portal,
            Program::Demo => &self.demo,
            Program::Notes => &self.notes,
        }
    }

    /// Returns the program at `url`.
    pub(super) fn program(&self, url: &Url) -> Option<Program> {
        let origin = url.origin().ascii_serialization();
        Program::ALL.into_iter().find(|program| self.origin(*program) == origin)
    }

    /// Returns `true` if `url`, and each URL to return to inside of it, is at one of the programs.
    fn is_allowed(&self, url: &Url) -> bool {
        let inner = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            name != "redirect_url" || Url::parse(&value).is_ok_and(|inner| self.is_allowed(&inner))
        };
        self.program(url).is_some() && url.query_pairs().all(inner)
    }
}

/// The number of violations of a property, and the texts of the first ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Violations {
    pub(super) count: u64,
    pub(super) texts: Vec<String>,
}

/// The counts of one kind of weather.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: u64,
    /// Responses with 5xx.
    pub(super) errors: u64,
    /// Requests without a response.
    pub(super) lost: u64,
}

/// Everything that was seen.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) places: Places,
    pub(super) weather: Weather,
    pub(super) writes_in_flight: AtomicU64,
    /// Responses that took longer than applications wait for Clerk.
    pub(super) slow: AtomicU64,
    counts: Mutex<BTreeMap<Option<Fault>, Counts>>,
    statuses: Mutex<BTreeMap<(Program, u16), u64>>,
    violations: Mutex<BTreeMap<Property, Violations>>,
    /// Texts of violations that were not printed yet.
    news: Mutex<Vec<String>>,
}

impl Watch {
    pub(super) fn new(places: Places) -> Self {
        Self {
            places,
            weather: Weather::default(),
            writes_in_flight: AtomicU64::new(0),
            slow: AtomicU64::new(0),
            counts: Mutex::default(),
            statuses: Mutex::default(),
            violations: Mutex::default(),
            news: Mutex::default(),
        }
    }

    /// Records a violation, with the fault in effect.
    pub(super) fn violated(&self, property: Property, text: impl fmt::Display) {
        let mut violations = self.violations.lock().unwrap_or_else(PoisonError::into_inner);
        let found = violations.entry(property).or_default();
        found.count += 1;
        if found.texts.len() < MOST_TEXTS {
            let weather = self
                .weather
                .now()
                .map_or_else(|| "no fault".to_owned(), |fault| fault.to_string());
            let text = format!("{text} [{weather}]");
            found.texts.push(text.clone());
            self.news.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    }

    /// Takes the violations since the last call.
    pub(super) fn take_news(&self) -> Vec<String> {
        std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn violations(&self, property: Property) -> Violations {
        let violations = self.violations.lock().unwrap_or_else(PoisonError::into_inner);
        violations.get(&property).cloned().unwrap_or_default()
    }

    /// Judges a response to a request that began at `since`.
    pub(super) fn saw_response(&self, asked: &str, url: &Url, since: Instant, status: u16, location: Option<&str>) {
        let met = self.weather.met(since);
        if self.weather.took(since.elapsed()) {
            self.slow.fetch_add(1, Ordering::Relaxed);
        }
        self.count(|counts| {
            counts.requests += 1;
            counts.errors += u64::from(status >= 500);
        });
        let Some(program) = self.places.program(url) else {
            return self.violated(Property::Redirects, format_args!("{asked} left the programs: {url}"));
        };
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        *statuses.entry((program, status)).or_default() += 1;
        drop(statuses);
        let is_documented = met.iter().any(|fault| is_documented(program, status, *fault))
            // Clerk took longer than applications wait.
            || (status == 503 && program != Program::Portal && self.weather.was_slow(since));
        if status >= 500 && !is_documented {
            let text = format_args!("{asked}: {program} answered {status}, faults met: {met:?}");
            self.violated(Property::ServerErrors, text);
        }
        if let Some(location) = location {
            let target = url.join(location);
            if !target.is_ok_and(|target| self.places.is_allowed(&target)) {
                self.violated(Property::Redirects, format_args!("{asked}: redirect to {location}"));
            }
        }
    }

    /// Judges a request without a response.
    pub(super) fn saw_loss(&self, asked: &str, url: &Url, since: Instant, lost: &Lost) {
        self.count(|counts| {
            counts.requests += 1;
            counts.lost += 1;
        });
        let met = self.weather.met(since);
        let is_portal = self.places.program(url) == Some(Program::Portal);
        if !(is_portal && *lost != Lost::TimedOut && met.iter().any(|fault| fault.may_break())) {
            self.violated(
                Property::ServerErrors,
                format_args!("{asked}: {lost}, faults met: {met:?}"),
            );
        }
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        change(counts.entry(self.weather.now()).or_default());
    }

    /// Returns the counts in this weather.
    pub(super) fn counts(&self, weather: Option<Fault>) -> Counts {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(&weather).copied().unwrap_or_default()
    }

    pub(super) fn total(&self) -> Counts {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.values().fold(Counts::default(), |sum, one| Counts {
            requests: sum.requests + one.requests,
            errors: sum.errors + one.errors,
            lost: sum.lost + one.lost,
        })
    }

    /// Returns the number of responses of each program with each status.
    pub(super) fn statuses(&self) -> BTreeMap<(Program, u16), u64> {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a write as running until the guard is dropped.
    pub(super) fn write(&self) -> impl Drop + '_ {
        self.writes_in_flight.fetch_add(1, Ordering::Relaxed);
        Writing(&self.writes_in_flight)
    }
}

struct Writing<'a>(&'a AtomicU64);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns `true` if a program may answer with this status because of this fault.
fn is_documented(program: Program, status: u16, fault: Fault) -> bool {
    match program {
        // The portal itself makes the faults of `Flapping`.
        Program::Portal => fault == Fault::Flapping || (fault == Fault::DiskFull && status == 500),
        // 503 and no other status; see the guide on outages.
        Program::Demo => status == 503 && fault.is_outage(),
        // The example's database is on the same disk.
        Program::Notes => (status == 503 && fault.is_outage()) || (status == 500 && fault == Fault::DiskFull),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Watch {
        Watch::new(Places {
            portal: "http://127.0.0.1:1".into(),
            demo: "http://localhost:2".into(),
            notes: "http://localhost:3".into(),
        })
    }

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn server_error_without_a_fault_is_a_violation() {
        let watch = watch();
        watch.saw_response("GET /", &url("http://localhost:2/"), Instant::now(), 503, None);
        assert_eq!(watch.violations(Property::ServerErrors).count, 1);
        watch.weather.begin(Fault::Flapping);
        watch.saw_response("GET /", &url("http://localhost:2/"), Instant::now(), 503, None);
        assert_eq!(watch.violations(Property::ServerErrors).count, 1);
        watch.saw_response("GET /", &url("http://localhost:2/"), Instant::now(), 500, None);
        assert_eq!(watch.violations(Property::ServerErrors).count, 2);
        assert_eq!(watch.total().errors, 3);
    }

    #[test]
    fn only_the_portal_may_lose_requests() {
        let watch = watch();
        watch.weather.begin(Fault::PortalKilled);
        watch.saw_loss("GET /", &url("http://127.0.0.1:1/"), Instant::now(), &Lost::Refused);
        assert_eq!(watch.violations(Property::ServerErrors).count, 0);
        watch.saw_loss("GET /", &url("http://127.0.0.1:1/"), Instant::now(), &Lost::TimedOut);
        watch.saw_loss("GET /", &url("http://localhost:2/"), Instant::now(), &Lost::Refused);
        assert_eq!(watch.violations(Property::ServerErrors).count, 2);
    }

    #[test]
    fn redirect_to_another_origin_is_a_violation() {
        let watch = watch();
        let seen = |location: &str| {
            watch.saw_response(
                "GET /",
                &url("http://localhost:2/"),
                Instant::now(),
                303,
                Some(location),
            );
            watch.violations(Property::Redirects).count
        };
        assert_eq!(seen("/dashboard"), 0);
        assert_eq!(
            seen("http://127.0.0.1:1/sign-in?redirect_url=http%3A%2F%2Flocalhost%3A2%2F"),
            0
        );
        assert_eq!(seen("//evil.example/"), 1);
        assert_eq!(seen("https://evil.example/"), 2);
        assert_eq!(
            seen("http://127.0.0.1:1/sign-in?redirect_url=https%3A%2F%2Fevil.example%2F"),
            3
        );
    }
}
