//! A real Redis server of a test.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use redis::{Commands as _, FromRedisValue};
use tempfile::TempDir;

use crate::eventually;

/// A server on a free port, without files. It ends with the value.
pub(crate) struct Redis {
    child: Option<Child>,
    port: u16,
    password: Option<&'static str>,
    tls_port: Option<u16>,
    folder: TempDir,
}

impl Redis {
    pub(crate) fn start() -> Self {
        Self::start_with(None, false)
    }

    /// Starts a server that also listens with TLS, with the certificate of the fixtures.
    #[cfg(feature = "rustls-0_23")]
    pub(crate) fn start_with_tls() -> Self {
        Self::start_with(None, true)
    }

    #[cfg(feature = "rustls-0_23")]
    pub(crate) fn tls_url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.tls_port.expect("started with TLS"))
    }

    pub(crate) fn start_with_password(password: &'static str) -> Self {
        Self::start_with(Some(password), false)
    }

    fn start_with(password: Option<&'static str>, has_tls: bool) -> Self {
        let mut redis = Self {
            child: None,
            port: free_port(),
            password,
            tls_port: has_tls.then(free_port),
            folder: tempfile::tempdir().unwrap(),
        };
        redis.resume();
        redis
    }

    /// Starts the stopped server again, without its data.
    pub(crate) fn resume(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command
            .args(["--port", &self.port.to_string(), "--dir"])
            .arg(self.folder.path());
        if let Some(password) = self.password {
            command.args(["--requirepass", password]);
        }
        if let Some(port) = self.tls_port {
            let fixture = |name: &str| format!("{}/tests/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"));
            command.args(["--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
            command.args([
                "--tls-cert-file",
                &fixture("server.pem"),
                "--tls-key-file",
                &fixture("server.key"),
            ]);
            command.args(["--tls-ca-cert-file", &fixture("root.pem")]);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => {
                panic!("expected redis-server on the PATH; install it: apt-get install redis-server")
            }
            _ => panic!("redis-server could not start: {error}"),
        });
        self.child = Some(child);
        eventually("the server answers", || self.client().is_some());
    }

    /// Ends the server and its data.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn client(&self) -> Option<redis::Connection> {
        let password = self
            .password
            .map_or_else(String::new, |password| format!(":{password}@"));
        let client = redis::Client::open(format!("redis://{password}127.0.0.1:{}", self.port)).unwrap();
        let mut connection = client.get_connection().ok()?;
        connection.ping::<String>().ok().map(|_| connection)
    }

    /// Runs a command of a stranger.
    pub(crate) fn run<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let mut connection = self.client().expect("the server answers");
        let command = command.iter().fold(redis::Cmd::new(), |mut whole, part| {
            whole.arg(*part);
            whole
        });
        command.query(&mut connection).expect("the server accepts the command")
    }

    /// Returns the number of connections of fleets.
    pub(crate) fn connections(&self) -> usize {
        self.run::<String>(&["CLIENT", "LIST"]).matches(" sub=1 ").count()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns a port below those that the system gives to clients, so that no client takes it while the server is down.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(37);
    let ports = std::iter::repeat_with(|| {
        let next = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        20_000 + u16::try_from(next % 12_000).unwrap()
    });
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.take(12_000).find(is_free).expect("a free port")
}
