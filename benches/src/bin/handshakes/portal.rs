//! A local portal in its own process.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use portal_bench::cores::Cores;
use portal_bench::{Outcome, median};

/// The executable of a portal and its cores.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) executable: PathBuf,
    pub(crate) cores: Option<Cores>,
}

/// A running portal. It ends when this value is dropped.
#[derive(Debug)]
pub(crate) struct Portal {
    child: Child,
    /// Kept open, because the portal writes to it when it ends.
    output: Lines<BufReader<ChildStdout>>,
    /// The time from the start of the process until it listened.
    pub(crate) started_in: Duration,
    /// Host and port.
    pub(crate) address: String,
    pub(crate) secret_key: String,
}

impl Program {
    /// Starts a portal on a free port, and waits until it serves.
    ///
    /// Its data is in `database` or in memory.
    pub(crate) fn start(&self, database: Option<&Path>) -> Outcome<Portal> {
        let mut command = match &self.cores {
            Some(cores) => cores.command(&self.executable),
            None => Command::new(&self.executable),
        };
        command
            // The pipe closes with this program, also on a signal, so that no portal is left behind.
            .args(["serve", "--port", "0", "--exit-on-stdin-close"])
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(database) = database {
            command.arg("--database").arg(database);
        }
        let start = Instant::now();
        let mut child = command
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", self.executable.display()))?;
        let output = child.stdout.take().ok_or("the portal's output cannot be read")?;
        let mut portal = Portal {
            child,
            output: BufReader::new(output).lines(),
            started_in: Duration::ZERO,
            address: String::new(),
            secret_key: String::new(),
        };
        portal.address = portal.value("Listening on http://")?;
        portal.started_in = start.elapsed();
        portal.secret_key = portal.value("CLERK_SECRET_KEY=")?;
        Ok(portal)
    }
}

impl Portal {
    /// Returns the word after `label` in its output, without a full stop.
    fn value(&mut self, label: &str) -> Outcome<String> {
        for line in self.output.by_ref() {
            if let Some(rest) = line?.strip_prefix(label) {
                let word = rest.split(' ').next().unwrap_or_default();
                return Ok(word.strip_suffix('.').unwrap_or(word).to_owned());
            }
        }
        Err(format!("the portal ended before it printed {label:?}").into())
    }

    /// Returns its resident memory, if the system reports it.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    }

    /// Shuts it down gracefully, as Ctrl-C does.
    pub(crate) fn stop(mut self) -> Outcome {
        let interrupted = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        if !interrupted.is_ok_and(|status| status.success()) {
            self.child.kill()?;
        }
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Medians of several starts, in milliseconds.
#[derive(Debug)]
pub(crate) struct Starts {
    pub(crate) in_memory: f64,
    pub(crate) new_file: f64,
    pub(crate) existing_file: f64,
    /// Of portals in memory that have served no request.
    pub(crate) resident_kib: Option<u64>,
}

pub(crate) fn measure_starts(program: &Program, rounds: u32) -> Outcome<Starts> {
    let folder = tempfile::tempdir()?;
    let millis = |portal: &Portal| portal.started_in.as_secs_f64() * 1_000.0;
    let (mut in_memory, mut new_file, mut existing_file) = (Vec::new(), Vec::new(), Vec::new());
    let mut resident = Vec::new();
    for round in 0..rounds {
        let portal = program.start(None)?;
        in_memory.push(millis(&portal));
        resident.extend(portal.resident_kib());
        portal.stop()?;
        let file = folder.path().join(format!("{round}.sqlite"));
        for times in [&mut new_file, &mut existing_file] {
            let portal = program.start(Some(&file))?;
            times.push(millis(&portal));
            portal.stop()?;
        }
    }
    let median_of = |times| median(times).ok_or("nothing was measured");
    Ok(Starts {
        in_memory: median_of(in_memory)?,
        new_file: median_of(new_file)?,
        existing_file: median_of(existing_file)?,
        resident_kib: median(resident),
    })
}
