//! [`Fleet`]: the portal, the demo and the example as separate programs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::programs::{demo_binary, example_binary, portal_binary};

use super::disk::Disk;
use super::server::{LogMeter, Server, Usage};
use super::watch::{Places, Program};

/// The keys that the portal prints at its start.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) publishable: String,
    pub(super) secret: String,
}

/// Settings of the programs for a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) token_secs: u64,
    /// The tolerated clock difference of the demo.
    pub(super) skew_secs: u64,
    /// The tolerated difference of the example, which is the default; unset if a run is too short to wait for it.
    pub(super) notes_skew_secs: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) places: Places,
    pub(super) keys: Keys,
    pub(super) logs: [Arc<LogMeter>; 3],
    times: Times,
    portal_file: PathBuf,
    portal: Option<Server>,
    demo: Server,
    notes: Server,
    /// Last, so that it is dropped after the programs that write to it.
    pub(super) disk: Disk,
}

impl Fleet {
    /// Starts copies of the programs in `folder`, so that a build in the meantime changes nothing.
    pub(super) async fn start(disk: Disk, times: Times, folder: &Path) -> io::Result<Self> {
        let kept = |program: PathBuf| {
            let copy = folder.join(program.file_name().unwrap_or_default());
            std::fs::copy(program, &copy).map(|_| copy)
        };
        let (portal_file, demo_file, notes_file) = (
            kept(portal_binary())?,
            kept(demo_binary())?,
            kept(example_binary("notes"))?,
        );
        let logs: [Arc<LogMeter>; 3] = Default::default();
        let [portal_log, demo_log, notes_log] = &logs;
        let (portal_port, demo_port) = (free_port()?, free_port()?);
        let portal_origin = format!("http://127.0.0.1:{portal_port}");
        let demo_origin = format!("http://localhost:{demo_port}");

        // Once for the keys, which the applications need; again with their origins, which are then known.
        let (first, keys) = start_portal(&disk, &portal_file, &portal_origin, times, &[], portal_log).await?;
        first.stop().await?;

        let mut notes = disk.command(&notes_file);
        notes.arg("--database").arg(disk.folder.join("notes.sqlite"));
        let mut notes = with_keys(notes, &keys, notes_log)?;
        let notes_origin = notes.line(|line| word_after(line, "Application")).await?;

        let mut demo = disk.command(&demo_file);
        demo.args([
            "--port",
            &demo_port.to_string(),
            "--clock-skew",
            &times.skew_secs.to_string(),
        ])
        .env("PORTAL_PUBLIC_ORIGIN", &demo_origin)
        .env("PORTAL_AUTHORIZED_PARTIES", format!("{demo_origin},{notes_origin}"));
        let mut demo = with_keys(demo, &keys, demo_log)?;
        demo.line(|line| line.starts_with("Open ").then_some(())).await?;

        let places = Places {
            portal: portal_origin,
            demo: demo_origin,
            notes: notes_origin,
        };
        let mut fleet = Self {
            disk,
            places,
            keys,
            logs,
            times,
            portal_file,
            portal: None,
            demo,
            notes,
        };
        fleet.start_portal().await?;
        Ok(fleet)
    }

    /// Starts the portal, which is not running.
    pub(super) async fn start_portal(&mut self) -> io::Result<()> {
        let origins = [self.places.demo.as_str(), self.places.notes.as_str()];
        let [log, ..] = &self.logs;
        let (portal, keys) = start_portal(
            &self.disk,
            &self.portal_file,
            &self.places.portal,
            self.times,
            &origins,
            log,
        )
        .await?;
        if keys.secret != self.keys.secret {
            return Err(io::Error::other("the portal has forgotten its keys"));
        }
        self.portal = Some(portal);
        Ok(())
    }

    /// Kills the portal at once.
    pub(super) async fn kill_portal(&mut self) -> io::Result<()> {
        match self.portal.take() {
            Some(portal) => portal.kill().await,
            None => Ok(()),
        }
    }

    /// Ends the portal in order and starts it again.
    pub(super) async fn restart_portal(&mut self) -> io::Result<()> {
        if let Some(portal) = self.portal.take() {
            portal.stop().await?;
        }
        self.start_portal().await
    }

    pub(super) fn log(&self, program: Program) -> &LogMeter {
        let [portal, demo, notes] = &self.logs;
        match program {
            Program::Portal => portal,
            Program::Demo => demo,
            Program::Notes => notes,
        }
    }

    fn pid(&self, program: Program) -> Option<u32> {
        match program {
            Program::Portal => self.portal.as_ref().map(|portal| portal.pid),
            Program::Demo => Some(self.demo.pid),
            Program::Notes => Some(self.notes.pid),
        }
    }

    /// Returns the processes whose databases are on the disk.
    pub(super) fn writers(&self) -> Vec<u32> {
        [Program::Portal, Program::Notes]
            .into_iter()
            .filter_map(|program| self.pid(program))
            .collect()
    }

    /// Makes room on the disk, whether it is full or not.
    pub(super) fn make_room(&self) {
        let _ = self.disk.free(&self.writers());
    }

    pub(super) fn usage(&self, program: Program) -> Option<Usage> {
        self.pid(program).and_then(Usage::of)
    }

    /// Returns the programs that have ended by themselves, and how.
    pub(super) fn ended(&mut self) -> Vec<(Program, String)> {
        let portal = self.portal.as_mut().and_then(Server::ended);
        let all = [
            (Program::Portal, portal),
            (Program::Demo, self.demo.ended()),
            (Program::Notes, self.notes.ended()),
        ];
        all.into_iter()
            .filter_map(|(program, ended)| Some((program, ended?)))
            .collect()
    }

    /// Ends all programs in order. Returns the disk, and an error text for each program that could not be ended.
    pub(super) async fn stop(self) -> (Disk, Vec<String>) {
        let mut failed = Vec::new();
        for (program, server) in [
            (Program::Demo, Some(self.demo)),
            (Program::Notes, Some(self.notes)),
            (Program::Portal, self.portal),
        ] {
            if let Some(server) = server
                && let Err(error) = server.stop().await
            {
                failed.push(format!("{program}: {error}"));
            }
        }
        (self.disk, failed)
    }
}

async fn start_portal(
    disk: &Disk,
    program: &Path,
    origin: &str,
    times: Times,
    redirect_origins: &[&str],
    log: &Arc<LogMeter>,
) -> io::Result<(Server, Keys)> {
    let port = origin.rsplit(':').next().unwrap_or_default();
    let mut command = disk.command(program);
    command
        .args(["serve", "--exit-on-stdin-close", "--strict-redirects", "--port", port])
        .args(["--token-lifetime", &times.token_secs.to_string()])
        .arg("--database")
        .arg(portal_database(disk));
    for origin in redirect_origins {
        command.args(["--redirect-origin", origin]);
    }
    let mut portal = Server::start(command, log)?;
    let publishable = portal.line(|line| word_after(line, "CLERK_PUBLISHABLE_KEY=")).await?;
    let secret = portal.line(|line| word_after(line, "CLERK_SECRET_KEY=")).await?;
    portal
        .line(|line| line.starts_with("Press Ctrl-C").then_some(()))
        .await?;
    Ok((portal, Keys { publishable, secret }))
}

/// Returns the file of the portal's database.
pub(super) fn portal_database(disk: &Disk) -> PathBuf {
    disk.folder.join("portal.sqlite")
}

fn with_keys(mut command: tokio::process::Command, keys: &Keys, log: &Arc<LogMeter>) -> io::Result<Server> {
    command
        .env("CLERK_PUBLISHABLE_KEY", &keys.publishable)
        .env("CLERK_SECRET_KEY", &keys.secret);
    Server::start(command, log)
}

fn word_after(line: &str, label: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix(label)?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// Returns a port that is free now.
fn free_port() -> io::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}
