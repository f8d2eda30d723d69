//! The soak of WebSockets: hundreds of sessions end in every way, and an application must close exactly their sockets.
//!
//! [`run`] starts a local portal and the application, which is another process, so that its memory, descriptors and tasks
//! are measured alone. The clients are in this process.

mod application;
mod client;
mod options;
mod record;
mod report;
mod trend;
mod user;
mod watcher;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use portal_local::LocalPortal;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::process::Command;
use tokio::time::sleep;

use self::application::{Open, Setting};
use self::record::{End, Property, Record};
use self::trend::Trends;
use self::user::User;
use crate::soak::server::{LogMeter, Server, Usage};
use crate::soak::wire::Connections;

pub use self::application::serve;
pub use self::options::Options;
pub use self::report::Report;

/// Descriptors beside the sockets: connections for requests, databases, the programs' own.
const SPARE_DESCRIPTORS: u64 = 1_000;
/// The longest time that the application waits for the answer to a close frame.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);
/// The longest wait for the application to have nothing left.
const PATIENCE: Duration = Duration::from_secs(60);
/// Tasks that idle connections to the portal may keep.
const MOST_IDLE_TASKS: u64 = 32;
const SAY_EVERY: u32 = 10;

#[derive(Debug)]
struct World {
    record: Record,
    options: Options,
    /// The application's port.
    port: u16,
    /// The portal's origin.
    portal: String,
    secret_key: String,
    cookie_suffix: String,
}

impl World {
    /// Returns the longest time from this end of a session to the close frame.
    fn longest(&self, end: End) -> Duration {
        let interval = Duration::from_secs(self.options.interval_secs);
        match end {
            End::SignOut => self.options.limit,
            End::Revocation | End::Deletion => 3 * self.options.limit,
            End::UnreportedRevocation | End::UnreportedDeletion => self.options.limit + interval + interval / 10,
        }
    }

    /// Returns the longest time from the close frame to the end of the connection.
    fn longest_farewell(&self) -> Duration {
        CLOSE_LIMIT + self.options.limit
    }
}

/// Runs the soak until its length is over or `stop` completes, and reports its progress to `say` every ten seconds.
///
/// # Errors
///
/// Returns an error if a program cannot be started or descriptors are too few. Violated properties are in the report.
pub async fn run(options: Options, say: impl Fn(&str), stop: impl Future<Output = ()>) -> io::Result<Report> {
    raise_descriptors(options.sockets as u64 + SPARE_DESCRIPTORS)?;
    let log = Arc::new(LogMeter::default());
    let mut command = Command::new(&options.program);
    command.arg("serve");
    let mut server = Server::start(command, &log)?;
    let port = |line: &str| {
        line.strip_prefix("Application")?
            .rsplit(':')
            .next()?
            .parse::<u16>()
            .ok()
    };
    let port = server.line(port).await?;
    let portal = LocalPortal::builder()
        .webhook(format!("http://localhost:{port}/webhooks"))
        .start()
        .await
        .map_err(io::Error::other)?;
    let setting = Setting {
        publishable_key: portal.publishable_key().as_str().to_owned(),
        secret_key: portal.secret_key().expose().to_owned(),
        webhook_secret: portal.webhook_signing_secret().expose().to_owned(),
        interval_secs: options.interval_secs,
    };
    server.tell(&serde_json::to_string(&setting)?).await?;
    let world = Arc::new(World {
        record: Record::default(),
        port,
        portal: portal.origin().to_owned(),
        secret_key: setting.secret_key,
        cookie_suffix: portal.publishable_key().cookie_suffix().to_owned(),
        options,
    });
    let mut asked = Connections::default();
    let idle = figures(&mut asked, port).await?;
    let began = Instant::now();
    let users: Vec<_> = (0..world.options.users())
        .map(|number| tokio::spawn(User::new(&world, number).run()))
        .collect();
    let (trends, is_interrupted) = {
        let mut trends = Trends::default();
        let watched = watch(&world, &mut server, &mut asked, &mut trends, &say);
        let is_interrupted = tokio::select! {
            () = watched => false,
            () = pin!(stop) => true,
        };
        (trends, is_interrupted)
    };
    world.record.is_over.store(true, Ordering::Relaxed);
    for user in users {
        if let Err(error) = user.await {
            world
                .record
                .violated(Property::Answers, format_args!("a user panicked: {error}"));
        }
    }
    let left = wait_until_idle(&mut asked, port, idle).await?;
    judge_end(&world.record, left, idle);
    trends.judge(&world.record, world.options.sockets as u64, world.options.length);
    if log.panics() > 0 {
        world.record.violated(Property::Answers, "the application panicked");
    }
    if let Err(error) = server.stop().await {
        world.record.violated(Property::Answers, error);
    }
    portal.shut_down().await;
    Ok(Report::new(
        &world,
        &trends,
        left,
        began.elapsed(),
        log.last_lines(),
        is_interrupted,
    ))
}

/// Samples the application every second until the run is over.
async fn watch(world: &World, server: &mut Server, asked: &mut Connections, trends: &mut Trends, say: &impl Fn(&str)) {
    let began = Instant::now();
    let longest = world.options.length + PATIENCE;
    let mut rounds = 0;
    while began.elapsed() < world.options.length || (lacks_an_end(world) && began.elapsed() < longest) {
        let usage = Usage::of(server.pid);
        match (figures(asked, world.port).await, usage) {
            (Ok(open), Some(usage)) => {
                trends.add(usage, open);
                if rounds % SAY_EVERY == 0 && rounds > 0 {
                    say(&line(world, began.elapsed(), usage, open));
                }
            }
            (Err(error), _) => world
                .record
                .violated(Property::Answers, format_args!("no figures: {error}")),
            // The system has no `/proc`, or the program has ended.
            (Ok(_), None) => {}
        }
        if let Some(how) = server.ended() {
            return world
                .record
                .violated(Property::Answers, format_args!("the application ended: {how}"));
        }
        rounds += 1;
        // The figures are samples in time, not a state to wait for.
        sleep(Duration::from_secs(1)).await;
    }
}

/// Returns `true` if a kind of end has not closed a socket yet.
fn lacks_an_end(world: &World) -> bool {
    world.record.close_times().len() < End::ALL.len()
}

fn line(world: &World, lasted: Duration, usage: Usage, open: Open) -> String {
    let violations: u64 = world.record.violations().values().map(|found| found.count).sum();
    format!(
        "minute {:4.1} | {} sockets, {} sessions, {} look-ups | {} MiB, {} descriptors, {} tasks | {} sessions ended | \
         {violations} violations",
        lasted.as_secs_f64() / 60.0,
        open.sockets,
        open.sessions,
        open.look_ups,
        usage.resident_kib / 1_024,
        usage.descriptors,
        open.tasks,
        world.record.ended_sessions.load(Ordering::Relaxed),
    )
}

/// Asks the application for its figures.
async fn figures(asked: &mut Connections, port: u16) -> io::Result<Open> {
    let request = Request::get("/figures").body(Full::new(Bytes::new()));
    let request = request.map_err(io::Error::other)?;
    let response = asked.send(&format!("localhost:{port}"), request).await;
    let response = response.map_err(|lost| io::Error::other(lost.to_string()))?;
    Ok(serde_json::from_slice(response.body())?)
}

/// Waits until the application has no socket, lease or task left, and returns its last figures.
async fn wait_until_idle(asked: &mut Connections, port: u16, idle: Open) -> io::Result<Open> {
    let began = Instant::now();
    loop {
        let open = figures(asked, port).await?;
        if is_idle(open, idle) || began.elapsed() > PATIENCE {
            return Ok(open);
        }
        // The application is another process and cannot wake this one, so its state is polled.
        sleep(Duration::from_millis(100)).await;
    }
}

fn is_idle(open: Open, idle: Open) -> bool {
    open.sockets == 0 && open.sessions == 0 && open.tasks <= idle.tasks + MOST_IDLE_TASKS
}

fn judge_end(record: &Record, left: Open, idle: Open) {
    if !is_idle(left, idle) {
        record.violated(Property::NoneLeft, format_args!("{left:?}, at the start {idle:?}"));
    }
}

/// Raises the limit of open descriptors of this process and its children.
fn raise_descriptors(needed: u64) -> io::Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if maximum.is_some_and(|maximum| maximum < needed) {
        return Err(io::Error::other(format!(
            "expected a limit of {needed} open files, found {maximum:?}; raise it with `ulimit -Hn {needed}`"
        )));
    }
    let raised = Rlimit {
        current: Some(needed),
        maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}
