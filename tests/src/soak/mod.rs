//! The soak: the demo, an example and the local portal as programs, under mixed traffic, with one fault after another.
//!
//! [`run`] starts the programs and the clients, makes the faults, and returns a [`Report`] with figures and a verdict.
//! The clock that is stepped is the portal's; the applications use the machine's.
//!
//! The seed fixes the order and length of the faults and the steps of each client. Which requests meet a fault depends on
//! the machine.

mod audit;
mod browser;
mod client;
mod database;
mod disk;
mod fleet;
mod ledger;
mod options;
mod page;
mod portal;
pub mod program;
mod random;
mod report;
mod samples;
mod server;
pub mod sockets;
mod steps;
mod storm;
mod vanish;
mod watch;
mod weather;
mod wire;
mod witness;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::Mutex;

use self::client::{Client, Figures, World};
use self::database::Contents;
use self::disk::Disk;
use self::fleet::{Fleet, Times, portal_database};
use self::ledger::Ledger;
use self::storm::Storm;
use self::watch::{Property, Watch};
use self::witness::Witness;

pub use self::options::{DiskKind, Options};
pub use self::report::Report;

/// The share of a run after which memory is measured.
const WARM_UP_PARTS: u32 = 5;

/// Runs a soak until its length is over or `stop` completes, and reports its progress to `say` every ten seconds.
///
/// # Errors
///
/// Returns an error if a program cannot be started or the disk cannot be prepared. Violated properties are in the report.
pub async fn run(
    options: Options,
    say: impl Fn(&str) + Send + 'static,
    stop: impl Future<Output = ()>,
) -> io::Result<Report> {
    let began = Instant::now();
    let temporary = tempfile::tempdir()?;
    let folder = options
        .state_dir
        .clone()
        .unwrap_or_else(|| PathBuf::from(temporary.path()));
    let disk = Disk::prepare(options.disk, &folder)?;
    let disk_kind = disk.kind;
    let times = match options.length.is_zero() {
        true => Times {
            token_secs: 2,
            skew_secs: 1,
            notes_skew_secs: None,
        },
        false => Times {
            token_secs: 10,
            skew_secs: 5,
            notes_skew_secs: Some(5),
        },
    };
    let fleet = Fleet::start(disk, times, temporary.path()).await?;
    let world = Arc::new(World {
        watch: Watch::new(fleet.places.clone()),
        ledger: Ledger::default(),
        options: options.clone(),
        times,
        is_over: AtomicBool::new(false),
        figures: Figures::default(),
    });
    let fleet = Arc::new(Mutex::new(fleet));
    let witness = Witness::start(&world, &fleet, say);
    let clients: Vec<_> = (0..options.clients)
        .map(|number| tokio::spawn(Client::new(&world, number).run()))
        .collect();

    let mut storm = Storm::new(&world, &fleet).await;
    let mut stop = pin!(stop);
    let outcome = tokio::select! {
        outcome = storm.run() => Some(outcome),
        () = &mut stop => None,
    };
    let mut is_interrupted = outcome.is_none();
    world.is_over.store(true, Ordering::Relaxed);
    if is_interrupted {
        // A fault may be in effect; the summary covers the time until then.
        world.watch.weather.end();
        fleet.lock().await.make_room();
        clients.iter().for_each(tokio::task::JoinHandle::abort);
    }
    for client in clients {
        if let Err(error) = client.await
            && error.is_panic()
        {
            world
                .watch
                .violated(Property::Answers, format_args!("a client panicked: {error}"));
        }
    }
    outcome.transpose()?;
    if !is_interrupted {
        tokio::select! {
            () = storm.audit_all() => {}
            () = stop => is_interrupted = true,
        }
    }
    let seen = witness.end().await;
    let figures = report::figures(&world, storm.auditor());
    let (made, kills, refused_writes) = (storm.made.clone(), storm.kills, storm.refused_writes);
    let longest_recovery = storm.auditor().longest_recovery;
    drop(storm);

    let fleet = Arc::try_unwrap(fleet)
        .map_err(|_| io::Error::other("the programs are still in use"))?
        .into_inner();
    let programs = seen.judge(&world.watch, &fleet, options.length / WARM_UP_PARTS);
    let (disk, failed) = fleet.stop().await;
    for text in failed {
        world.watch.violated(Property::Programs, text);
    }
    let database = judge_database(&world, &disk, &figures);
    drop(disk);
    Ok(Report {
        seed: options.seed,
        lasted: began.elapsed(),
        disk: disk_kind,
        made,
        kills,
        refused_writes,
        counts: seen.counts(&world.watch),
        statuses: world.watch.statuses(),
        figures,
        longest_recovery,
        programs,
        database,
        most_database_bytes: seen.most_database_bytes,
        violations: Property::ALL
            .map(|property| (property, world.watch.violations(property)))
            .into(),
        is_interrupted,
    })
}

fn judge_database(world: &World, disk: &Disk, figures: &[(&'static str, u64)]) -> Contents {
    let contents = match Contents::read(&portal_database(disk)) {
        Ok(contents) => contents,
        Err(error) => {
            world
                .watch
                .violated(Property::Database, format_args!("the database cannot be read: {error}"));
            return Contents::default();
        }
    };
    let figure = |wanted: &str| {
        figures
            .iter()
            .find(|(name, _)| *name == wanted)
            .map_or(0, |(_, figure)| *figure)
    };
    // A step that was given up may have signed in.
    let sign_ins = [
        "sign-ups",
        "sign-ins",
        "steps given up during faults",
        "accounts signed in by audits",
    ];
    let sign_ins: u64 = sign_ins.into_iter().map(figure).sum::<u64>() + world.watch.total().errors;
    let accounts = world.ledger.all().len() as u64;
    for text in contents.unexplained(accounts, sign_ins) {
        world.watch.violated(Property::Database, text);
    }
    contents
}
