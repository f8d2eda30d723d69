//! The options of the command line.

use std::path::PathBuf;

use clap::Parser;

/// A demo application with sign-in by Clerk's Account Portal.
///
/// Without keys in the environment, it starts a local Account Portal too. Set CLERK_PUBLISHABLE_KEY and
/// CLERK_SECRET_KEY to use a Clerk application instead; the other CLERK_* variables are then read too.
#[derive(Debug, Parser)]
#[command(name = "portal-demo", version)]
pub(crate) struct Options {
    /// Port of the application on this machine; 0 picks a free one
    #[arg(long, default_value_t = 3000)]
    pub(crate) port: u16,

    /// Port of the local portal; 0 picks a free one [default: 8787]
    #[arg(long)]
    pub(crate) portal_port: Option<u16>,

    /// File that keeps the local portal's accounts [default: in memory, gone with the program]
    #[arg(long, value_name = "FILE")]
    pub(crate) database: Option<PathBuf>,

    /// Lifetime of the local portal's session tokens in seconds [default: 60]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) token_lifetime: Option<u32>,

    /// Tolerated clock difference in seconds when a token's times are checked
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) clock_skew: u64,
}

impl Options {
    /// Returns the first given option that applies to a local portal only.
    pub(crate) fn for_local_portal(&self) -> Option<&'static str> {
        [
            (self.portal_port.is_some(), "--portal-port"),
            (self.database.is_some(), "--database"),
            (self.token_lifetime.is_some(), "--token-lifetime"),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
    }
}
