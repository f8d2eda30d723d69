//! The command line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A local Account Portal for development, in place of Clerk's. It listens on this machine only and sends no email.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the pages, the Frontend API and the Backend API until Ctrl-C or SIGTERM.
    Serve(Serve),
    /// Add demo users and an organization. Existing ones stay unchanged.
    Seed(Place),
    /// Delete all users, organizations, devices, emails, webhooks and settings. The keys are kept.
    Reset(Reset),
    /// Print the environment variables for an application as a .env file, including the secret key.
    Env(Place),
    /// Check an application's settings by calling Clerk or a local portal.
    ///
    /// Reads the variables that the application would read, such as CLERK_PUBLISHABLE_KEY. Ends with 0 if no check
    /// failed, 1 if one failed, and 2 if a variable is missing or invalid. Warnings are not failures.
    Doctor(Doctor),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Loopback address to listen on.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) address: IpAddr,
    /// Port to listen on; 0 picks a free one. The keys depend on the port.
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    pub(crate) port: u16,
    /// SQLite file for users and sessions, created if missing [default: in memory]
    #[arg(long, value_name = "FILE")]
    pub(crate) database: Option<PathBuf>,
    /// Lifetime of a session token in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) token_lifetime: u32,
    /// Application name to show on the pages.
    #[arg(long, value_name = "NAME", default_value = "My Application")]
    pub(crate) app_name: String,
    /// Allowed redirect origin, such as https://app.test; can be repeated.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) redirect_origin: Vec<String>,
    /// Allow redirects only to the origins of --redirect-origin, as in production, not to every origin of this machine.
    #[arg(long)]
    pub(crate) strict_redirects: bool,
    /// URL on this machine that receives Clerk's webhooks, such as http://localhost:3000/webhooks; can be repeated.
    #[arg(long, value_name = "URL")]
    pub(crate) webhook_url: Vec<String>,
    /// Start with the demo users and the organization that `seed` adds.
    #[arg(long)]
    pub(crate) demo_data: bool,
    /// Stop when standard input closes, so that a test with a pipe to the portal stops it by ending.
    #[arg(long)]
    pub(crate) exit_on_stdin_close: bool,
}

/// A portal: a running one, or a file that no running portal has open.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Address of the portal.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) address: IpAddr,
    /// Port of the portal.
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    pub(crate) port: u16,
    /// SQLite file of a stopped portal [default: the running portal]
    #[arg(long, value_name = "FILE")]
    pub(crate) database: Option<PathBuf>,
}

impl Place {
    pub(crate) fn socket(&self) -> SocketAddr {
        (self.address, self.port).into()
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.socket())
    }
}

#[derive(Debug, Args)]
pub(crate) struct Reset {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Confirm the deletion.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print one JSON object at the end instead of a line for each check.
    #[arg(long)]
    pub(crate) json: bool,
}
