//! The options of a run.

use std::path::PathBuf;
use std::time::Duration;

/// A way to fill the disk under the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskKind {
    /// A small tmpfs, which only root may mount.
    Tmpfs,
    /// A limit of the size of files (`RLIMIT_FSIZE`), which `prlimit` sets on the running programs.
    FileSize,
}

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of the schedule and of the clients' choices.
    pub seed: u64,
    /// Number of concurrent clients.
    pub clients: usize,
    /// Length of the run. Each fault occurs at least once, even if that takes longer.
    pub length: Duration,
    /// Shortest and longest time that a fault lasts, in milliseconds.
    pub fault_millis: (u64, u64),
    /// Shortest and longest time between two faults, in milliseconds.
    pub calm_millis: (u64, u64),
    /// Number of requests that a fault waits for, too.
    pub fault_requests: u64,
    /// Longest pause of a client between two actions, in milliseconds.
    pub think_millis: u64,
    /// The most accounts of a client.
    pub accounts: usize,
    /// Folder of the databases; a temporary one if unset.
    pub state_dir: Option<PathBuf>,
    /// The way to fill the disk; chosen by the rights of the process if unset.
    pub disk: Option<DiskKind>,
}

impl Options {
    /// The options of a run of this length in minutes.
    #[must_use]
    pub fn minutes(minutes: u64, seed: u64) -> Self {
        Self {
            seed,
            clients: 4,
            length: Duration::from_secs(60 * minutes),
            fault_millis: (8_000, 16_000),
            calm_millis: (18_000, 26_000),
            fault_requests: 0,
            think_millis: 300,
            accounts: 250,
            state_dir: None,
            disk: None,
        }
    }

    /// The options of a run that has each fault once, in seconds.
    #[must_use]
    pub fn miniature(seed: u64) -> Self {
        Self {
            clients: 3,
            length: Duration::ZERO,
            fault_millis: (0, 1),
            calm_millis: (0, 1),
            fault_requests: 40,
            think_millis: 5,
            accounts: 4,
            ..Self::minutes(0, seed)
        }
    }

    /// Reads the arguments of the command line.
    ///
    /// # Errors
    ///
    /// Returns a message with the usage.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter();
        let mut options = Self::minutes(30, 1);
        while let Some(name) = arguments.next() {
            if name == "--help" {
                return Err(USAGE.to_owned());
            }
            let value = arguments.next();
            let value = value.ok_or_else(|| format!("expected a value after {name}, found nothing\n{USAGE}"))?;
            let number = || {
                value
                    .parse::<u64>()
                    .ok()
                    .filter(|number| *number > 0 || name == "--seed")
            };
            match (name.as_str(), number()) {
                ("--minutes", Some(minutes)) if minutes <= 24 * 60 => {
                    options.length = Duration::from_secs(60 * minutes);
                }
                ("--seed", Some(seed)) => options.seed = seed,
                ("--clients", Some(clients @ 1..=64)) => options.clients = usize::try_from(clients).unwrap_or(64),
                ("--state-dir", _) => options.state_dir = Some(PathBuf::from(value)),
                ("--disk", _) if value == "tmpfs" => options.disk = Some(DiskKind::Tmpfs),
                ("--disk", _) if value == "file-size" => options.disk = Some(DiskKind::FileSize),
                _ => return Err(format!("found {name} {value:?}\n{USAGE}")),
            }
        }
        Ok(options)
    }
}

const USAGE: &str = "expected these options:
  --minutes N      length of the run, 1 to 1440 [default: 30]
  --seed N         seed of the schedule and of the clients' choices [default: 1]
  --clients N      concurrent clients, 1 to 64 [default: 4]
  --state-dir DIR  folder of the databases [default: a temporary one]
  --disk KIND      how the disk is filled: tmpfs or file-size [default: tmpfs if it can be mounted]";

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_of_the_command_line_are_read() {
        let options = parsed("--minutes 3 --seed 0 --clients 2 --disk file-size").expect("valid options");
        assert_eq!(options.length, Duration::from_secs(180));
        assert_eq!((options.seed, options.clients), (0, 2));
        assert_eq!(options.disk, Some(DiskKind::FileSize));
    }

    #[test]
    fn invalid_options_are_named_with_the_usage() {
        for line in [
            "--minutes 0",
            "--minutes x",
            "--clients 65",
            "--disk full",
            "--what 1",
            "--seed",
        ] {
            let message = parsed(line).expect_err(line);
            assert!(message.contains("--state-dir DIR"), "{line}: {message}");
        }
    }
}
