//! A program whose whole output is kept.

use std::path::Path;
use std::process::{Command as BlockingCommand, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The longest wait for a line of a program, and for its end.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Recorded {
    child: Child,
    output: Output,
    readers: [JoinHandle<()>; 2],
}

/// The end of a program.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    /// `SIGTERM`.
    Asked,
    /// `SIGKILL`, in the midst of its work.
    Killed,
    /// It ends by itself.
    Awaited,
}

#[derive(Clone, Default)]
struct Output(Arc<(Mutex<Vec<String>>, Notify)>);

impl Recorded {
    /// Starts a program that logs everything it can.
    pub(crate) fn start(program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CLERK_")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .env("NO_COLOR", "1");
        command.envs(variables.iter().copied()).kill_on_drop(true);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let output = Output::default();
        let readers = [
            tokio::spawn(output.clone().read(child.stdout.take().expect("a pipe"))),
            tokio::spawn(output.clone().read(child.stderr.take().expect("a pipe"))),
        ];
        Self { child, output, readers }
    }

    /// Returns what `find` finds in a line, each time that it finds something, `count` times.
    pub(crate) async fn lines<T>(&self, count: usize, find: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let waiting = async {
            loop {
                let more = self.output.0.1.notified();
                let found: Vec<T> = self.output.lines().iter().filter_map(|line| find(line)).collect();
                if found.len() >= count {
                    return found;
                }
                more.await;
            }
        };
        let found = timeout(PATIENCE, waiting).await;
        found.unwrap_or_else(|_| panic!("expected another line of the program, found {:#?}", self.output.lines()))
    }

    /// Ends the program, and returns everything it has printed.
    pub(crate) async fn end(mut self, end: End) -> Vec<String> {
        match end {
            End::Asked => {
                let id = self.child.id().expect("it runs").to_string();
                let signalled = BlockingCommand::new("kill").arg(id).status().expect("kill is there");
                assert!(signalled.success(), "the program cannot be signalled");
            }
            End::Killed => self.child.start_kill().expect("it runs"),
            End::Awaited => {}
        }
        timeout(PATIENCE, self.child.wait())
            .await
            .expect("it ends in time")
            .expect("it can be waited for");
        for reader in self.readers {
            timeout(PATIENCE, reader)
                .await
                .expect("its output ends in time")
                .expect("no panic");
        }
        self.output.lines()
    }
}

impl Output {
    async fn read(self, pipe: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(pipe).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            self.0
                .0
                .lock()
                .expect("no panic")
                .push(String::from_utf8_lossy(&line).into_owned());
            self.0.1.notify_one();
        }
    }

    fn lines(&self) -> Vec<String> {
        self.0.0.lock().expect("no panic").clone()
    }
}
