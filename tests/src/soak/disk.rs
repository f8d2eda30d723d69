//! [`Disk`]: a disk under the databases that can be made full.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::options::DiskKind;

/// Room for the databases of a run; the rest is filled.
const TMPFS_MIB: u32 = 48;
/// SQLite writes only its header within the first page.
const SMALLEST_FILE: &str = "4096";

/// The folder of the databases. Unmounted when it is dropped, after the programs have ended.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) kind: DiskKind,
    pub(super) folder: PathBuf,
}

impl Disk {
    /// Prepares the disk in `folder`.
    pub(super) fn prepare(wanted: Option<DiskKind>, folder: &Path) -> io::Result<Self> {
        let folder = folder.join("disk");
        fs::create_dir_all(&folder)?;
        let kind = match wanted {
            Some(DiskKind::Tmpfs) => {
                mount(&folder)?;
                DiskKind::Tmpfs
            }
            None if mount(&folder).is_ok() => DiskKind::Tmpfs,
            Some(DiskKind::FileSize) | None => DiskKind::FileSize,
        };
        Ok(Self { kind, folder })
    }

    /// Returns the command that starts a program whose files can be limited.
    pub(super) fn command(&self, program: &Path) -> tokio::process::Command {
        if self.kind == DiskKind::Tmpfs {
            return tokio::process::Command::new(program);
        }
        // A write over the limit raises SIGXFSZ, which would end the program; ignored, the write fails with EFBIG.
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program);
        command
    }

    /// Makes the disk full for these processes.
    pub(super) fn fill(&self, pids: &[u32]) -> io::Result<()> {
        match self.kind {
            DiskKind::Tmpfs => write_until_full(&self.ballast()),
            DiskKind::FileSize => pids.iter().try_for_each(|pid| limit(*pid, SMALLEST_FILE)),
        }
    }

    /// Makes room again.
    pub(super) fn free(&self, pids: &[u32]) -> io::Result<()> {
        match self.kind {
            DiskKind::Tmpfs => fs::remove_file(self.ballast()),
            DiskKind::FileSize => pids.iter().try_for_each(|pid| limit(*pid, "unlimited")),
        }
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Returns the size of the databases in bytes, without the ballast.
    pub(super) fn database_bytes(&self) -> u64 {
        let ballast = self.ballast();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.path() != ballast);
        files
            .filter_map(|entry| entry.metadata().ok())
            .map(|file| file.len())
            .sum()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.kind == DiskKind::Tmpfs {
            // Lazily, because a killed program may not have ended yet.
            let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
        }
    }
}

fn mount(folder: &Path) -> io::Result<()> {
    let size = format!("size={TMPFS_MIB}m,mode=700");
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder);
    succeed(command)
}

/// Sets the soft limit, which can be raised again.
fn limit(pid: u32, bytes: &str) -> io::Result<()> {
    let mut command = Command::new("prlimit");
    command.args(["--pid", &pid.to_string(), &format!("--fsize={bytes}:unlimited")]);
    succeed(command)
}

fn succeed(mut command: Command) -> io::Result<()> {
    let status = command.stderr(Stdio::null()).status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?} ended with {status}")))
}

fn write_until_full(file: &Path) -> io::Result<()> {
    let mut file = File::create(file)?;
    for size in [64 * 1_024, 4 * 1_024, 1] {
        let block = vec![0; size];
        loop {
            match file.write_all(&block) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}
