//! The options of a run.

use std::path::PathBuf;
use std::time::Duration;

use super::user::SOCKETS_OF_USER;

/// The options of a run with WebSockets.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program that serves the application when its first argument is `serve`.
    pub program: PathBuf,
    /// Seed of the clients' choices.
    pub seed: u64,
    /// Number of WebSockets that are open at a time.
    pub sockets: usize,
    /// Length of the run. Each kind of end occurs at least once, even if that takes up to a minute longer.
    pub length: Duration,
    /// Shortest and longest time between two ends of a user's sessions, in milliseconds.
    pub life_millis: (u64, u64),
    /// The interval between two look-ups of a session, in seconds.
    pub interval_secs: u64,
    /// The longest time from sign-out to the close frame.
    ///
    /// With a webhook it is three times as long, because the local portal delivers one after another. A look-up adds up to
    /// 1.1 intervals.
    pub limit: Duration,
}

impl Options {
    /// The options of a run of this length in minutes, of a program that serves the application.
    #[must_use]
    pub fn minutes(minutes: u64, program: PathBuf) -> Self {
        Self {
            program,
            seed: 1,
            sockets: 2_000,
            length: Duration::from_secs(60 * minutes),
            life_millis: (10_000, 40_000),
            interval_secs: 20,
            limit: Duration::from_secs(5),
        }
    }

    /// The options of a run of some seconds with tens of sockets.
    ///
    /// The limit is long, because other tests may keep the machine busy.
    #[must_use]
    pub fn miniature(program: PathBuf) -> Self {
        Self {
            sockets: 8 * SOCKETS_OF_USER,
            length: Duration::from_secs(4),
            life_millis: (200, 800),
            interval_secs: 1,
            limit: Duration::from_secs(60),
            ..Self::minutes(0, program)
        }
    }

    /// Reads the arguments of the command line.
    ///
    /// # Errors
    ///
    /// Returns a message with the usage.
    pub fn parse(arguments: impl IntoIterator<Item = String>, program: PathBuf) -> Result<Self, String> {
        let mut arguments = arguments.into_iter();
        let mut options = Self::minutes(10, program);
        while let Some(name) = arguments.next() {
            if name == "--help" {
                return Err(USAGE.to_owned());
            }
            let value = arguments.next();
            let value = value.ok_or_else(|| format!("expected a value after {name}, found nothing\n{USAGE}"))?;
            match (name.as_str(), value.parse::<u64>()) {
                ("--minutes", Ok(minutes @ 1..=1_440)) => options.length = Duration::from_secs(60 * minutes),
                ("--sockets", Ok(sockets @ 8..=20_000)) => {
                    options.sockets = usize::try_from(sockets).unwrap_or(options.sockets);
                }
                ("--seed", Ok(seed)) => options.seed = seed,
                _ => return Err(format!("found {name} {value:?}\n{USAGE}")),
            }
        }
        Ok(options)
    }

    /// Returns the number of users; each has the same number of sockets.
    pub(super) fn users(&self) -> usize {
        self.sockets.div_ceil(SOCKETS_OF_USER)
    }
}

const USAGE: &str = "expected these options:
  --minutes N  length of the run, 1 to 1440 [default: 10]
  --sockets N  WebSockets that are open at a time, 8 to 20000 [default: 2000]
  --seed N     seed of the clients' choices [default: 1]";

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned), PathBuf::new())
    }

    #[test]
    fn options_of_the_command_line_are_read() {
        let options = parsed("--minutes 3 --seed 0 --sockets 100").expect("valid options");
        assert_eq!((options.length, options.seed), (Duration::from_secs(180), 0));
        assert_eq!((options.sockets, options.users()), (100, 13));
    }

    #[test]
    fn invalid_options_are_named_with_the_usage() {
        for line in ["--minutes 0", "--sockets 7", "--sockets x", "--what 1", "--seed"] {
            let message = parsed(line).expect_err(line);
            assert!(message.contains("--minutes N"), "{line}: {message}");
        }
    }
}
