//! The programs of the examples, started and asked by their tests.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running program. Dropping it ends it.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts a program without keys of a Clerk application.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be started.
    #[must_use]
    pub fn start(command: Command) -> Self {
        // An empty variable is unset: this tests that too.
        Self::start_with_keys(command, "", "")
    }

    /// Starts a program with the keys of a Clerk application.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be started.
    #[must_use]
    pub fn start_with_keys(mut command: Command, publishable_key: &str, secret_key: &str) -> Self {
        command
            .env("CLERK_PUBLISHABLE_KEY", publishable_key)
            .env("CLERK_SECRET_KEY", secret_key)
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
        Self { child, lines }
    }

    /// Returns the URL in the next line, which starts with `label`.
    ///
    /// # Panics
    ///
    /// Panics if the next line is another one.
    pub fn url(&mut self, label: &str) -> String {
        let line = self.line();
        let url = line.strip_prefix(label).map(str::trim);
        url.unwrap_or_else(|| panic!("expected {label:?} and a URL, found {line:?}"))
            .to_owned()
    }

    /// Returns host and port of the [`url`](Self::url) in the next line.
    ///
    /// # Panics
    ///
    /// Panics if the next line is another one.
    pub fn address(&mut self, label: &str) -> String {
        let url = self.url(label);
        let address = url.strip_prefix("http://");
        address
            .unwrap_or_else(|| panic!("expected an http URL, found {url:?}"))
            .to_owned()
    }

    /// Returns the next line.
    ///
    /// # Panics
    ///
    /// Panics if the program ends instead.
    pub fn line(&mut self) -> String {
        let line = self.lines.next().expect("another line, before the program ends");
        line.expect("a line in UTF-8")
    }

    /// Asks the program to end (SIGTERM), and returns its exit status.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be signalled.
    #[cfg(unix)]
    #[must_use]
    pub fn terminate(mut self) -> std::process::ExitStatus {
        let id = self.child.id().to_string();
        let signalled = Command::new("kill").arg(id).status().expect("kill is there");
        assert!(signalled.success(), "expected the signal to be sent");
        self.child.wait().expect("it ends")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the whole response to a request such as `GET /`, with these extra fields.
///
/// `host` is host and port. The name is not looked up: all programs listen on this machine.
///
/// # Panics
///
/// Panics if no response arrives.
#[must_use]
pub fn response(host: &str, request: &str, fields: &[&str]) -> String {
    let (_, port) = host.rsplit_once(':').expect("a host with a port");
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the program listens");
    let is_closed = |field: &&str| field.starts_with("connection: ");
    let connection = if fields.iter().any(is_closed) {
        ""
    } else {
        "connection: close\r\n"
    };
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    write!(stream, "{request} HTTP/1.1\r\nhost: {host}\r\n{connection}{fields}\r\n").expect("the request is sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response in UTF-8");
    response
}

/// Returns the URL that the first page of a browser without cookies is redirected to, with 307.
///
/// # Panics
///
/// Panics if the response is another one.
#[must_use]
pub fn handshake(host: &str, path: &str) -> String {
    let response = response(host, &format!("GET {path}"), &["sec-fetch-dest: document"]);
    assert!(response.starts_with("HTTP/1.1 307 "), "{response}");
    let location = response.lines().find_map(|line| line.strip_prefix("location: "));
    location.expect("a location").to_owned()
}

/// Asserts that a program refuses a secret key without a publishable key, and names the latter.
///
/// # Panics
///
/// Panics if it starts, or if its error does not name the variable.
pub fn assert_one_key_is_refused(mut command: Command) {
    command
        .env_remove("CLERK_PUBLISHABLE_KEY")
        .env("CLERK_SECRET_KEY", "sk_test_x");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut line = String::new();
    let output = child.stdout.as_mut().expect("standard output is piped");
    // Empty if the program ends. If it starts, the test does not wait for it.
    BufReader::new(output).read_line(&mut line).expect("a line in UTF-8");
    let _ = child.kill();
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        line.is_empty() && errors.contains("CLERK_PUBLISHABLE_KEY"),
        "expected an error that names CLERK_PUBLISHABLE_KEY, found {line:?} and {errors:?}"
    );
}
