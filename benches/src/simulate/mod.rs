//! A large application on a simulated clock: its calls to Clerk, and the events of its fleet.
//!
//! The rules are the library's: the key cache's, the lease's, and the table of ended sessions. Clerk, the network and the
//! users are models: constants and options here. The report calls the resulting times modelled.

mod keys;
mod lease_run;
mod leases;
mod random;
mod storm;

use std::fmt;

use crate::Outcome;

/// The size of the simulated application.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The number of replicas.
    pub replicas: usize,
    /// The number of live connections.
    pub connections: usize,
    /// The Backend API calls that Clerk accepts in ten seconds.
    ///
    /// 1,000 for a production instance: <https://clerk.com/docs/guides/how-clerk-works/system-limits>.
    pub calls_in_ten_secs: usize,
}

impl Scale {
    /// 10,000 replicas with a million connections.
    pub const LARGE: Self = Self {
        replicas: 10_000,
        connections: 1_000_000,
        calls_in_ten_secs: 1_000,
    };
}

/// The results of all simulations.
#[derive(Clone, Debug)]
pub struct Report {
    scale: Scale,
    keys: keys::Report,
    leases: Vec<leases::Figures>,
    storms: Vec<storm::Figures>,
}

/// Simulates key fetches of 10,000 processes, and leases and sign-out storms at this scale.
#[must_use]
pub fn simulate(scale: Scale) -> Report {
    Report {
        scale,
        keys: keys::simulate(),
        leases: leases::simulate(scale),
        storms: storm::simulate(scale),
    }
}

impl Report {
    /// Checks the bounds that the guides promise.
    ///
    /// # Errors
    ///
    /// Returns an error that names the first bound that is exceeded.
    pub fn check(&self) -> Outcome {
        self.keys.check()?;
        leases::check(self.scale, &self.leases)?;
        storm::check(&self.storms)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.keys)?;
        leases::write(f, self.scale, &self.leases)?;
        writeln!(f)?;
        storm::write(f, self.scale, &self.storms)
    }
}
