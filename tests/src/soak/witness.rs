//! [`Witness`]: samples the programs every second, reports progress every ten, and judges growth at the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::client::World;
use super::fleet::Fleet;
use super::report::ProgramFigures;
use super::samples::{Sample, Samples};
use super::watch::{Counts, Program, Property, Watch};
use super::weather::Fault;

const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// In samples.
const SAY_EVERY: u32 = 10;
/// The log bytes that are accepted for each request of a run, on average.
const LOG_BYTES_PER_REQUEST: u64 = 200;
/// The log bytes that are accepted for each request during a fault: one or two lines that name the cause.
const LOG_BYTES_PER_FAULTY_REQUEST: u64 = 600;
/// Lines of the start and of the beginning and end of a fault.
const LOG_BASE_BYTES: u64 = 16 * 1_024;
/// The largest file that SQLite keeps beside a database. Its log is cut at 1,000 pages, which a running transaction may
/// exceed.
const MOST_JOURNAL_BYTES: u64 = 8 * 1_024 * 1_024;

#[derive(Debug)]
pub(super) struct Witness {
    is_over: Arc<AtomicBool>,
    task: JoinHandle<Seen>,
}

/// The samples of a run.
#[derive(Debug, Default)]
pub(super) struct Seen {
    programs: BTreeMap<Program, Samples>,
    log_bytes: BTreeMap<Option<Fault>, u64>,
    pub(super) most_database_bytes: u64,
}

impl Witness {
    pub(super) fn start(world: &Arc<World>, fleet: &Arc<Mutex<Fleet>>, say: impl Fn(&str) + Send + 'static) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (world, fleet, over) = (Arc::clone(world), Arc::clone(fleet), Arc::clone(&is_over));
        let task = tokio::spawn(async move {
            let began = Instant::now();
            let mut seen = Seen::default();
            let (mut rounds, mut log_before) = (0, 0);
            while !over.load(Ordering::Relaxed) {
                seen.sample(&world.watch, &fleet, &mut log_before).await;
                for text in world.watch.take_news() {
                    say(&format!("VIOLATED: {text}"));
                }
                if rounds % SAY_EVERY == 0 && rounds > 0 {
                    say(&seen.line(&world.watch, began.elapsed(), log_before));
                }
                rounds += 1;
                // The figures are samples in time, not a state to wait for.
                sleep(SAMPLE_EVERY).await;
            }
            // The last second counts too.
            seen.sample(&world.watch, &fleet, &mut log_before).await;
            seen
        });
        Self { is_over, task }
    }

    pub(super) async fn end(self) -> Seen {
        self.is_over.store(true, Ordering::Relaxed);
        self.task.await.unwrap_or_default()
    }
}

impl Seen {
    async fn sample(&mut self, watch: &Watch, fleet: &Mutex<Fleet>, log_before: &mut u64) {
        let mut fleet = fleet.lock().await;
        let at = Instant::now();
        let is_calm = watch.weather.met(at).is_empty();
        for program in Program::ALL {
            if let Some(usage) = fleet.usage(program) {
                self.programs
                    .entry(program)
                    .or_default()
                    .add(Sample { at, is_calm, usage });
            }
        }
        for (program, how) in fleet.ended() {
            watch.violated(Property::Programs, format_args!("the {program} ended: {how}"));
        }
        let bytes = fleet.disk.database_bytes();
        self.most_database_bytes = self.most_database_bytes.max(bytes);
        let log: u64 = Program::ALL.into_iter().map(|program| fleet.log(program).bytes()).sum();
        *self.log_bytes.entry(watch.weather.now()).or_default() += log - *log_before;
        *log_before = log;
    }

    /// Returns the line that reports progress.
    fn line(&self, watch: &Watch, lasted: Duration, log_bytes: u64) -> String {
        let weather = watch
            .weather
            .now()
            .map_or_else(|| "calm".to_owned(), |fault| fault.to_string());
        let Counts { requests, errors, lost } = watch.total();
        let resident = |program| {
            let kib = self
                .programs
                .get(&program)
                .and_then(Samples::last)
                .map_or(0, |usage| usage.resident_kib);
            format!("{program} {} MiB", kib / 1_024)
        };
        let resident: Vec<String> = Program::ALL.into_iter().map(resident).collect();
        let violations: u64 = Property::ALL
            .iter()
            .map(|property| watch.violations(*property).count)
            .sum();
        format!(
            "minute {:4.1} | {weather:<14} | {requests} requests, {} failed | {} | databases {} KiB | log {log_bytes} bytes | \
             {violations} violations",
            lasted.as_secs_f64() / 60.0,
            errors + lost,
            resident.join(", "),
            self.most_database_bytes / 1_024,
        )
    }

    /// Returns the counts of each kind of weather, with the bytes of log.
    pub(super) fn counts(&self, watch: &Watch) -> Vec<(Option<Fault>, Counts, u64)> {
        let kinds = std::iter::once(None).chain(Fault::ALL.map(Some));
        let counts = kinds.map(|weather| {
            let log = self.log_bytes.get(&weather).copied().unwrap_or(0);
            (weather, watch.counts(weather), log)
        });
        counts.collect()
    }

    /// Judges growth, and returns the figures of each program.
    pub(super) fn judge(&self, watch: &Watch, fleet: &Fleet, warm_up: Duration) -> Vec<ProgramFigures> {
        self.judge_log(watch);
        if self.most_database_bytes > MOST_JOURNAL_BYTES * 2 {
            let text = format_args!("{} bytes of databases and journals", self.most_database_bytes);
            watch.violated(Property::Database, text);
        }
        let judged = Program::ALL.map(|program| {
            let log = fleet.log(program);
            if log.panics() > 0 {
                watch.violated(
                    Property::Programs,
                    format_args!("the {program} panicked {} times", log.panics()),
                );
            }
            let trends = self.programs.get(&program).and_then(|samples| samples.trends(warm_up));
            if let Some(trends) = &trends {
                if !trends.is_memory_flat() {
                    watch.violated(
                        Property::Memory,
                        format_args!("the {program}: {:?}", trends.resident_kib),
                    );
                }
                if !trends.are_counts_flat() {
                    let text = format_args!("the {program}: {:?}, {:?}", trends.descriptors, trends.threads);
                    watch.violated(Property::Descriptors, text);
                }
            }
            ProgramFigures {
                program,
                trends,
                log_bytes: log.bytes(),
                last_lines: log.last_lines(),
            }
        });
        judged.into()
    }

    fn judge_log(&self, watch: &Watch) {
        let bytes: u64 = self.log_bytes.values().sum();
        let most = LOG_BASE_BYTES + watch.total().requests * LOG_BYTES_PER_REQUEST;
        if bytes > most {
            watch.violated(Property::Log, format_args!("{bytes} bytes, expected at most {most}"));
        }
        for (weather, bytes) in &self.log_bytes {
            let most = LOG_BASE_BYTES + watch.counts(*weather).requests * LOG_BYTES_PER_FAULTY_REQUEST;
            if *bytes > most {
                watch.violated(
                    Property::Log,
                    format_args!("{bytes} bytes with {weather:?}, expected at most {most}"),
                );
            }
        }
    }
}
