//! [`Cores`]: one core for a server and the others for its clients, so that they do not compete.

use std::process::{Command, Stdio};

use crate::Outcome;

/// The cores of this machine, divided. Needs `taskset`.
#[derive(Debug)]
pub struct Cores {
    /// The server's core.
    pub server: usize,
    /// The other cores in the format of `taskset`; `None` on a machine with a single core.
    others: Option<String>,
}

impl Cores {
    /// Returns `None` if processes cannot be pinned.
    #[must_use]
    pub fn divide() -> Option<Self> {
        let taskset = Command::new("taskset")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !taskset.is_ok_and(|status| status.success()) {
            return None;
        }
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let mut allowed = cores_in(
            status
                .lines()
                .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?,
        )?;
        let server = (!allowed.is_empty()).then(|| allowed.remove(0))?;
        let others = allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let others = Some(others).filter(|others| !others.is_empty());
        Some(Self { server, others })
    }

    /// Moves this process to the other cores, including the threads and processes that it starts later.
    ///
    /// # Errors
    ///
    /// Returns an error if `taskset` fails.
    pub fn leave_to_server(&self) -> Outcome {
        let Some(others) = &self.others else { return Ok(()) };
        let moved = Command::new("taskset")
            .args([
                "--all-tasks",
                "--cpu-list",
                "--pid",
                others,
                &std::process::id().to_string(),
            ])
            .stdout(Stdio::null())
            .status()?;
        if moved.success() {
            return Ok(());
        }
        Err(format!("taskset cannot move this process to the cores {others}: {moved}").into())
    }

    /// Returns the command that runs `executable` on the server's core. The process becomes the program itself.
    #[must_use]
    pub fn command(&self, executable: &std::path::Path) -> Command {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &self.server.to_string()]).arg(executable);
        command
    }
}

/// Parses a list such as `0-2,5`.
fn cores_in(list: &str) -> Option<Vec<usize>> {
    let mut cores = Vec::new();
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        cores.extend(first..=last);
    }
    Some(cores)
}

#[cfg(test)]
mod tests {
    use super::cores_in;

    #[test]
    fn core_list_is_parsed() {
        assert_eq!(cores_in("\t0-2,5"), Some(vec![0, 1, 2, 5]));
        assert_eq!(cores_in("3\n"), Some(vec![3]));
        assert_eq!(cores_in(""), None);
    }
}
