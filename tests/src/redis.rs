//! A real Redis server for the programs of a test.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// The time limit for a state of the server. Only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The interval of polling: other processes change the state.
const POLL: Duration = Duration::from_millis(10);

/// A Redis server on a free port of this machine, without files. It ends with the value.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    password: Option<String>,
    folder: TempDir,
}

impl Redis {
    /// Starts a server, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If `redis-server` is missing; `./test.sh` installs it.
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// [`start`](Self::start) with a password, which is part of the [`url`](Self::url).
    ///
    /// # Panics
    ///
    /// If `redis-server` is missing; `./test.sh` installs it.
    pub async fn start_with_password(password: &str) -> Self {
        Self::start_with(Some(password.to_owned())).await
    }

    async fn start_with(password: Option<String>) -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().expect("a folder"));
        let child = run(port, password.as_deref(), &folder);
        let redis = Self {
            child,
            port,
            password,
            folder,
        };
        redis.answers().await;
        redis
    }

    /// Kills the server. Its data are lost.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts the stopped server again on the same port, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn resume(&mut self) {
        self.child = run(self.port, self.password.as_deref(), &self.folder);
        self.answers().await;
    }

    /// The address, such as `127.0.0.1:20000`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The URL, with the password if there is one.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.password {
            Some(password) => format!("redis://:{password}@{}", self.address()),
            None => format!("redis://{}", self.address()),
        }
    }

    async fn answers(&self) {
        let address = self.address();
        // With a password it answers that the client must authenticate.
        let answers = async || answer(&address, "PING").await.is_some();
        wait_for("the server answers", answers).await;
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until the server without a password at `address` has this number of subscribed clients: connected replicas.
///
/// # Panics
///
/// If it never has.
pub async fn has_subscribers(address: &str, count: usize) {
    let expected = async || {
        let clients = answer(address, "CLIENT LIST").await;
        clients.is_some_and(|clients| clients.matches(" sub=1 ").count() == count)
    };
    wait_for("the replicas are connected to Redis", expected).await;
}

/// Returns a free port below those that the system gives to clients, so that no client takes it before its server listens.
///
/// # Panics
///
/// If all are taken.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(37);
    let ports = std::iter::repeat_with(|| {
        let next = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        u16::try_from(20_000 + next % 12_000).expect("below 32,000")
    });
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.take(12_000).find(is_free).expect("a free port")
}

fn run(port: u16, password: Option<&str>, folder: &TempDir) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
    command
        .args(["--save", "", "--appendonly", "no", "--dir"])
        .arg(folder.path());
    command.args(password.into_iter().flat_map(|password| ["--requirepass", password]));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    child.unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!("expected redis-server on the PATH; install it: apt-get install redis-server"),
        _ => panic!("redis-server could not start: {error}"),
    })
}

/// Returns the answer to a command: the text of a bulk string, or the line of anything else.
async fn answer(address: &str, command: &str) -> Option<String> {
    let mut stream = BufReader::new(TcpStream::connect(address).await.ok()?);
    // An inline command: https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands
    stream.write_all(format!("{command}\r\n").as_bytes()).await.ok()?;
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let Some(length) = line.strip_prefix('$') else {
        return Some(line).filter(|line| !line.is_empty());
    };
    let mut text = vec![0; length.trim().parse().ok()?];
    stream.read_exact(&mut text).await.ok()?;
    String::from_utf8(text).ok()
}

async fn wait_for(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(POLL).await;
        }
    };
    let waited = timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("expected: {what}"));
}
