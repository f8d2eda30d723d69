//! [`Problem`]: an error of a connection, for the log.

use std::{fmt, io};

use redis::{ErrorKind, RedisError};

/// The longest error code of Redis that is shown.
const MAX_CODE_BYTES: usize = 24;

/// An error without the server's text, which may repeat a command with its arguments.
#[derive(Debug)]
pub(super) enum Problem {
    /// The server is unreachable, or the connection broke.
    Unreachable(Box<str>),
    /// The server answered with an error.
    Refused(Box<str>),
}

impl Problem {
    pub(super) fn timed_out() -> Self {
        Self::Unreachable("timed out".into())
    }

    pub(super) fn unresolved() -> Self {
        Self::Unreachable("the host name cannot be resolved".into())
    }

    pub(super) fn closed() -> Self {
        Self::Unreachable("connection closed".into())
    }

    /// Returns `true` if events can still be published although storing them failed.
    ///
    /// Causes are a full memory, a user who may not write the key, a key of another type, or a full disk.
    pub(super) fn concerns_storing_only(&self) -> bool {
        matches!(self, Self::Refused(code) if ["OOM", "NOPERM", "WRONGTYPE", "MISCONF"].contains(&&**code))
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Unreachable(error.kind().to_string().into())
    }
}

impl From<RedisError> for Problem {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            return Self::timed_out();
        }
        if error.is_connection_dropped() {
            return Self::closed();
        }
        match (error.kind(), code_of(&error)) {
            // A server that starts, or a replica that has lost its primary.
            (_, Some(code)) if ["LOADING", "MASTERDOWN"].contains(&&*code) => Self::Unreachable(code.into()),
            (_, Some(code)) => {
                let expectation = expectation(&code, error.detail().unwrap_or_default());
                Self::Refused(expectation.map_or_else(|| code.into(), Into::into))
            }
            (ErrorKind::AuthenticationFailed, None) => Self::Refused("wrong user or password".into()),
            (ErrorKind::RESP3NotSupported, None) => Self::Refused("expected Redis 6 or newer".into()),
            (ErrorKind::Io, None) => Self::Unreachable("I/O error".into()),
            _ => Self::Refused("expected a response of Redis, found other data".into()),
        }
    }
}

/// Returns what the fleet expects, for the codes that do not tell.
fn expectation(code: &str, detail: &str) -> Option<&'static str> {
    Some(match code {
        "ERR" if detail.contains("DB index") => "expected the number of a database, found one beyond the server's",
        "ERR" if detail.contains("number of clients") => "expected a free connection, found too many clients",
        "READONLY" => "expected a primary, found a replica (READONLY)",
        "MOVED" | "ASK" | "CLUSTERDOWN" => "expected a single server, found a cluster",
        "NOAUTH" => "expected a password in the URL, found none (NOAUTH)",
        _ => return None,
    })
}

/// Returns the first error code in an answer, such as `NOPERM`.
fn code_of(error: &RedisError) -> Option<String> {
    let is_code = |code: &String| code.len() <= MAX_CODE_BYTES && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let of_several = || {
        let errors = error.clone().into_server_errors()?;
        errors.first().map(|(_, error)| error.code().to_owned())
    };
    error.code().map(ToOwned::to_owned).or_else(of_several).filter(is_code)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unreachable(text) | Self::Refused(text)) = self;
        f.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use redis::parse_redis_value;

    use super::*;

    /// Returns the problem of a server's answer.
    fn problem(answer: &str) -> Problem {
        let value = parse_redis_value(format!("-{answer}\r\n").as_bytes()).expect("an answer");
        value.extract_error().expect_err("an error").into()
    }

    #[test]
    fn refusal_has_the_code_or_what_is_expected_and_never_the_servers_text() {
        for (answer, expected) in [
            ("NOPERM User portal has no permissions", "NOPERM"),
            (
                "ERR DB index is out of range",
                "expected the number of a database, found one beyond the server's",
            ),
            (
                "ERR max number of clients reached",
                "expected a free connection, found too many clients",
            ),
            ("ERR unknown command 'hunter2'", "ERR"),
            (
                "READONLY You can't write",
                "expected a primary, found a replica (READONLY)",
            ),
            ("MOVED 3999 127.0.0.1:6381", "expected a single server, found a cluster"),
            (
                "CLUSTERDOWN Hash slot not served",
                "expected a single server, found a cluster",
            ),
            (
                "NOAUTH Authentication required.",
                "expected a password in the URL, found none (NOAUTH)",
            ),
        ] {
            let problem = problem(answer);
            assert!(
                matches!(&problem, Problem::Refused(text) if **text == *expected),
                "{answer}: {problem:?}"
            );
        }
    }

    #[test]
    fn server_that_starts_is_out_of_reach() {
        for answer in [
            "LOADING Redis is loading the dataset",
            "MASTERDOWN Link with MASTER is down",
        ] {
            assert!(matches!(problem(answer), Problem::Unreachable(_)), "{answer}");
        }
        assert!(problem("OOM command not allowed").concerns_storing_only());
        assert!(!problem("READONLY You can't write").concerns_storing_only());
    }
}
