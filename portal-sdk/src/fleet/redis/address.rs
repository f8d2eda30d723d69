//! [`Address`]: the server and the login in a Redis URL.

use std::fmt;

use percent_encoding::percent_decode_str;
use redis::{ProtocolVersion, RedisConnectionInfo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use url::Url;

use super::problem::Problem;
#[cfg(feature = "redis-tls")]
use super::tls::Tls;
use crate::instance::{ConfigError, Setting};

const DEFAULT_PORT: u16 = 6379;

const URL: &str = "redis://[[user]:password@]host[:port][/database], with reserved characters of the password \
                   percent-encoded";
#[cfg(not(feature = "redis-tls"))]
const NO_TLS: &str = "redis://, or the feature redis-tls for rediss://";

/// A connected byte stream.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The problem of a URL: the expected text, and a description of the URL without its parts.
struct Malformed {
    expected: &'static str,
    found: &'static str,
}

impl Malformed {
    fn url(found: &'static str) -> Self {
        Self { expected: URL, found }
    }
}

/// A Redis server, and the user, the password and the database at it.
pub(super) struct Address {
    server: Box<str>,
    login: RedisConnectionInfo,
    /// `None` without TLS.
    #[cfg(feature = "redis-tls")]
    tls: Option<Tls>,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::read(text.trim()).map_err(|Malformed { expected, found }| ConfigError::Invalid {
            setting: Setting::RedisUrl,
            // A malformed URL may hold its password anywhere.
            found: format!("[{found}, not shown]"),
            expected,
        })
    }

    fn read(text: &str) -> Result<Self, Malformed> {
        let url = Url::parse(text).map_err(|_| Malformed::url("a text that is not a URL"))?;
        let is_secure = match url.scheme() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(Malformed::url("a URL with another scheme")),
        };
        #[cfg(not(feature = "redis-tls"))]
        if is_secure {
            return Err(Malformed {
                expected: NO_TLS,
                found: "a URL with TLS",
            });
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(Malformed::url("a URL without a host"))?;
        if url.query().is_some() || url.fragment().is_some() || text.contains('\\') {
            return Err(Malformed::url("a URL with a query string, a fragment or a backslash"));
        }
        let database = database(url.path()).ok_or(Malformed::url("a URL whose database is not a number"))?;
        let mut login = RedisConnectionInfo::default()
            // With RESP3, messages and responses share a connection.
            .set_protocol(ProtocolVersion::RESP3)
            // `CLIENT SETINFO` would need a permission in the access control list.
            .set_skip_set_lib_name()
            .set_db(database);
        if !url.username().is_empty() {
            login = login.set_username(decoded(url.username())?);
        }
        match url.password() {
            Some(password) => login = login.set_password(decoded(password)?),
            // Otherwise the client would not log in, and would be the default user without a word.
            None if !url.username().is_empty() => login = login.set_password(""),
            None => {}
        }
        Ok(Self {
            server: format!("{host}:{}", url.port().unwrap_or(DEFAULT_PORT)).into(),
            login,
            #[cfg(feature = "redis-tls")]
            tls: match is_secure {
                true => {
                    Some(Tls::new(host).ok_or(Malformed::url("a URL whose host is not a DNS name or an IP address"))?)
                }
                false => None,
            },
        })
    }

    /// Opens a byte stream to the server.
    pub(super) async fn connect(&self) -> Result<Box<dyn Stream>, Problem> {
        // Looked up first, because the error of a name that does not resolve has no kind.
        let addresses = lookup_host(&*self.server).await.map_err(|_| Problem::unresolved())?;
        let stream = TcpStream::connect(&*addresses.collect::<Vec<_>>()).await?;
        // Without it, a small message may wait for the acknowledgement of the previous one. A failure only costs time.
        let _ = stream.set_nodelay(true);
        #[cfg(feature = "redis-tls")]
        if let Some(tls) = &self.tls {
            return Ok(Box::new(tls.connect(stream).await?));
        }
        Ok(Box::new(stream))
    }

    /// Replaces the check of the server's certificate, if the URL asks for TLS.
    #[cfg(all(feature = "redis-tls", feature = "rustls-0_23"))]
    pub(super) fn set_tls_config(&mut self, config: rustls::ClientConfig) {
        if let Some(tls) = &mut self.tls {
            tls.set_config(config);
        }
    }

    /// Returns the host and the port.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    pub(super) fn login(&self) -> &RedisConnectionInfo {
        &self.login
    }
}

/// Shows the host and the port only.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.server)
    }
}

fn database(path: &str) -> Option<i64> {
    match path.strip_prefix('/').unwrap_or(path) {
        "" => Some(0),
        number => number.parse().ok().filter(|number| *number >= 0),
    }
}

fn decoded(text: &str) -> Result<String, Malformed> {
    let text = percent_decode_str(text).decode_utf8();
    let text = text.map_err(|_| Malformed::url("a URL whose user or password is not UTF-8"))?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_names_the_server_and_the_login() {
        let read = |text: &str| {
            let address = Address::parse(text).unwrap();
            let login = address.login();
            let [user, password] = [login.username(), login.password()].map(|part| part.map(ToOwned::to_owned));
            (address.server().to_owned(), user, password, login.db())
        };
        let some = |text: &str| Some(text.to_owned());
        for (text, expected) in [
            ("redis://localhost", ("localhost:6379".to_owned(), None, None, 0)),
            (" redis://[::1]:7000/3\n", ("[::1]:7000".to_owned(), None, None, 3)),
            (
                "redis://:p%40ss%2F@redis.example/",
                ("redis.example:6379".to_owned(), None, some("p@ss/"), 0),
            ),
            ("redis://user@host", ("host:6379".to_owned(), some("user"), some(""), 0)),
            (
                "valkey://user:pass@127.0.0.1:1/2",
                ("127.0.0.1:1".to_owned(), some("user"), some("pass"), 2),
            ),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn malformed_url_is_an_error_without_its_password() {
        for text in [
            "",
            "hunter2",
            "redis:hunter2@host",
            "redis://",
            "redis://:hunter2@",
            "redis:///hunter2",
            "http://:hunter2@host",
            "redis://:hunter2@host:port",
            "redis://:hunter2@host/database",
            "redis://:hunter2@host/-1",
            "redis://:hunter2@host/1/2",
            "redis://:hunt/hunter2@host",
            "redis://:hunter2@host?protocol=resp2",
            "redis://:hunter2@host#insecure",
            "redis://:hunter2%ff@host",
            #[cfg(feature = "redis-tls")]
            "rediss://:hunter2@host_%20",
            #[cfg(not(feature = "redis-tls"))]
            "rediss://:hunter2@host",
            "unix:///run/hunter2.sock",
        ] {
            let error = Address::parse(text).expect_err(text);
            for shown in [error.to_string(), format!("{error:?}")] {
                assert!(
                    shown.contains("PORTAL_REDIS_URL") && shown.contains("redis://"),
                    "{shown}"
                );
                assert!(!shown.contains("hunter2"), "{text}: {shown}");
            }
        }
    }

    #[test]
    fn malformed_url_is_described() {
        for (text, found) in [
            ("redis", "a text that is not a URL"),
            ("redis://host:99999", "a text that is not a URL"),
            ("localhost:6379", "a URL with another scheme"),
            #[cfg(not(feature = "redis-tls"))]
            ("rediss://host", "a URL with TLS"),
            ("redis:///0", "a URL without a host"),
            ("redis://:a?b@host", "a text that is not a URL"),
            ("redis://host#a", "a URL with a query string, a fragment or a backslash"),
            ("redis://host/name", "a URL whose database is not a number"),
            ("redis://:%ff@host", "a URL whose user or password is not UTF-8"),
        ] {
            let error = Address::parse(text).expect_err(text).to_string();
            assert!(
                error.ends_with(&format!("found \"[{found}, not shown]\"")),
                "{text}: {error}"
            );
        }
    }

    #[tokio::test]
    async fn unknown_host_is_named_as_the_problem() {
        // A label of 64 characters is refused before a name server is asked (RFC 1035 section 2.3.4).
        let address = Address::parse(&format!("redis://{}.invalid", "a".repeat(64))).unwrap();
        let problem = address.connect().await.err().map(|problem| problem.to_string());
        assert_eq!(problem.as_deref(), Some("the host name cannot be resolved"));
    }

    #[cfg(feature = "redis-tls")]
    #[test]
    fn url_chooses_tls() {
        for (text, is_secure) in [
            ("redis://host", false),
            ("valkey://host", false),
            ("rediss://host", true),
            ("valkeys://[::1]:7", true),
        ] {
            assert_eq!(Address::parse(text).unwrap().tls.is_some(), is_secure, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let address = Address::parse("redis://user:hunter2@localhost:1").unwrap();
        assert_eq!(format!("{address:?}"), "localhost:1");
    }
}
