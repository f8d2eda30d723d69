//! [`Server`]: a real Postgres server in a temporary folder.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::{Client, NoTls};

const SCRIPT: &str = include_str!("server.sh");

/// A server that ends when it is dropped, and at the latest with this process, because then its standard input closes.
pub(crate) struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    /// The folder of its socket.
    folder: String,
}

impl Server {
    /// The server that all tests share, each with its own database.
    pub(crate) fn shared() -> &'static Self {
        static SERVER: LazyLock<Server> = LazyLock::new(Server::start_new);
        &SERVER
    }

    pub(crate) fn start_new() -> Self {
        let mut command = command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the shell starts");
        let output = child.stdout.take().expect("standard output is piped");
        let mut server = Self {
            child,
            output: BufReader::new(output),
            folder: String::new(),
        };
        server.folder = server.line();
        server
    }

    /// Stops the server. Its data is kept.
    pub(crate) fn stop(&mut self) {
        self.tell("stop");
    }

    /// Starts the stopped server.
    pub(crate) fn start(&mut self) {
        self.tell("start");
    }

    fn tell(&mut self, command: &str) {
        let mut input = self.child.stdin.as_ref().expect("standard input is piped");
        writeln!(input, "{command}").expect("the server's script reads");
        assert_eq!(self.line(), "done", "{command}");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line in UTF-8");
        if line.is_empty() {
            let mut errors = String::new();
            let stderr = self.child.stderr.as_mut().expect("standard error is piped");
            stderr.read_to_string(&mut errors).expect("a text in UTF-8");
            panic!("expected a Postgres server, found: {errors}");
        }
        line.trim_end().to_owned()
    }

    /// Creates a database, and returns its URL.
    pub(crate) async fn new_database(&self) -> String {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", LAST.fetch_add(1, Ordering::Relaxed));
        execute(&self.url("postgres"), &format!("CREATE DATABASE {name}")).await;
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        let host = self.folder.replace('/', "%2F");
        format!("postgres://users@{host}/{database}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Closes its standard input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The script as an ordinary user, because Postgres refuses to run as root.
fn command() -> Command {
    let id = Command::new("id").arg("-u").output().expect("`id` runs");
    if id.stdout.trim_ascii() != b"0" {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]);
        return command;
    }
    let mut command = Command::new("runuser");
    // The folder of the test may be closed to that user.
    command
        .current_dir("/")
        .args(["-u", "nobody", "--", "sh", "-c", SCRIPT]);
    command
}

/// Runs a statement on a new connection.
pub(crate) async fn execute(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server accepts");
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("the statement succeeds");
    drop(client);
    connection
        .await
        .expect("no panic")
        .expect("the connection ends in order");
}

/// Opens a connection, which ends when the client is dropped.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server accepts");
    tokio::spawn(connection);
    client
}
