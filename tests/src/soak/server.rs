//! [`Server`]: a program under test as a process, with the resources that it uses and the log that it writes.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The longest wait for the start or the end of a program.
const PATIENCE: Duration = Duration::from_secs(30);
const KEPT_LINES: usize = 30;
const KEPT_CHARS: usize = 300;

/// The size of what a program writes, and its last lines.
#[derive(Debug, Default)]
pub(super) struct LogMeter {
    bytes: AtomicU64,
    panics: AtomicU64,
    last: Mutex<VecDeque<String>>,
}

impl LogMeter {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    pub(super) fn last_lines(&self) -> Vec<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().cloned().collect()
    }

    fn note(&self, line: &str) {
        self.bytes.fetch_add(line.len() as u64 + 1, Ordering::Relaxed);
        if line.contains("panicked at") {
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == KEPT_LINES {
            last.pop_front();
        }
        last.push_back(line.chars().take(KEPT_CHARS).collect());
    }
}

/// Memory, descriptors and threads of a process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    pub(super) resident_kib: u64,
    pub(super) descriptors: u64,
    pub(super) threads: u64,
}

impl Usage {
    /// Returns `None` where the system has no `/proc`, or the process has ended.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        Some(Self {
            resident_kib: field("VmRSS:")?,
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64,
            threads: field("Threads:")?,
        })
    }
}

/// A running program. It is killed when this value is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// Kept until the program has ended, because `wait` would close it, and the portal ends when its input closes.
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    pub(super) pid: u32,
}

impl Server {
    /// Starts a program in another process group, so that Ctrl-C reaches this process only.
    ///
    /// Its standard input is a pipe that closes with this program.
    pub(super) fn start(mut command: Command, log: &Arc<LogMeter>) -> io::Result<Self> {
        for (name, _) in std::env::vars_os() {
            let is_ours = ["CLERK_", "PORTAL_", "RUST_LOG"]
                .iter()
                .any(|ours| name.to_string_lossy().starts_with(ours));
            let is_set = command
                .as_std()
                .get_envs()
                .any(|(set, value)| set == name && value.is_some());
            if is_ours && !is_set {
                command.env_remove(name);
            }
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let (say, lines) = mpsc::channel(64);
        if let Some(output) = child.stdout.take() {
            tokio::spawn(read(output, Arc::clone(log), Some(say)));
        }
        if let Some(errors) = child.stderr.take() {
            tokio::spawn(read(errors, Arc::clone(log), None));
        }
        let pid = child
            .id()
            .ok_or_else(|| io::Error::other("the program has no process ID"))?;
        let input = child.stdin.take();
        Ok(Self {
            child,
            input,
            lines,
            pid,
        })
    }

    /// Waits for a line in which `find` finds something.
    pub(super) async fn line<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> io::Result<T> {
        let found = async {
            while let Some(line) = self.lines.recv().await {
                if let Some(found) = find(&line) {
                    return Ok(found);
                }
            }
            Err(io::Error::other("the program ended before it was ready"))
        };
        let late = |_| io::Error::other("the program was not ready in time");
        timeout(PATIENCE, found).await.map_err(late)?
    }

    /// Writes a line to its standard input.
    pub(super) async fn tell(&mut self, line: &str) -> io::Result<()> {
        let input = self.input.as_mut();
        let input = input.ok_or_else(|| io::Error::other("the program's input is closed"))?;
        input.write_all(format!("{line}\n").as_bytes()).await
    }

    /// Returns how the program ended, if it has.
    pub(super) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(|status| status.to_string())
    }

    /// Kills it at once (SIGKILL).
    pub(super) async fn kill(mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    pub(super) async fn stop(mut self) -> io::Result<()> {
        let signalled = Command::new("kill").arg(self.pid.to_string()).status().await?;
        if !signalled.success() {
            return Err(io::Error::other("the program had ended already"));
        }
        let late = |_| io::Error::other("the program did not end in time");
        let status = timeout(PATIENCE, self.child.wait()).await.map_err(late)??;
        drop(self.input.take());
        use std::os::unix::process::ExitStatusExt as _;
        // The example has no handler for the signal.
        if status.success() || status.signal() == Some(15) {
            return Ok(());
        }
        Err(io::Error::other(format!("the program ended with {status}")))
    }
}

async fn read(stream: impl AsyncRead + Unpin, log: Arc<LogMeter>, mut say: Option<mpsc::Sender<String>>) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.note(&line);
        if let Some(sender) = &say
            && sender.try_send(line).is_err()
        {
            // The program is ready, and its lines are only counted.
            say = None;
        }
    }
}
