//! [`Storm`]: one fault after another, and an audit after each.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::audit::Auditor;
use super::client::World;
use super::fleet::Fleet;
use super::portal::PortalClient;
use super::random::Random;
use super::vanish;
use super::watch::Property;
use super::weather::Fault;

/// The longest wait for a state that a fault needs, such as a running write.
const PATIENCE: Duration = Duration::from_secs(20);
/// The interval at which a state is polled, because no event reports it. Each such loop has a bound.
const GLANCE: Duration = Duration::from_millis(2);
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Steps of the clock in seconds: within the tolerated difference, over it, and past the lifetime of sessions.
const CLOCK_STEPS: [i64; 6] = [3, -3, HOUR, -HOUR, 8 * DAY, -DAY];
/// The most writes until a full disk is noticed.
const MOST_WRITES: usize = 2_000;

pub(super) struct Storm {
    world: Arc<World>,
    fleet: Arc<Mutex<Fleet>>,
    portal: PortalClient,
    auditor: Auditor,
    random: Random,
    /// The faults in the order in which they were made.
    pub(super) made: Vec<Fault>,
    /// Writes that failed on a full disk.
    pub(super) refused_writes: u64,
    pub(super) kills: u64,
}

impl Storm {
    pub(super) async fn new(world: &Arc<World>, fleet: &Arc<Mutex<Fleet>>) -> Self {
        let (origin, secret) = {
            let fleet = fleet.lock().await;
            (fleet.places.portal.clone(), fleet.keys.secret.clone())
        };
        Self {
            world: Arc::clone(world),
            fleet: Arc::clone(fleet),
            portal: PortalClient::new(&origin, &secret),
            auditor: Auditor::new(world, PortalClient::new(&origin, &secret)),
            random: Random::new(world.options.seed),
            made: Vec::new(),
            refused_writes: 0,
            kills: 0,
        }
    }

    /// Makes faults until the end of the run, each kind at least once.
    pub(super) async fn run(&mut self) -> io::Result<()> {
        let end = Instant::now() + self.world.options.length;
        self.until_accounts_exist().await;
        loop {
            let mut faults = Fault::ALL;
            self.random.shuffle(&mut faults);
            for fault in faults {
                if Instant::now() >= end && self.made.len() >= Fault::ALL.len() {
                    return Ok(());
                }
                self.make(fault).await?;
            }
        }
    }

    /// Waits until each client has an account, before the first fault.
    async fn until_accounts_exist(&self) {
        let wanted = self.world.options.clients;
        let is_ready = || {
            self.world
                .ledger
                .all()
                .iter()
                .filter(|account| account.is_confirmed)
                .count()
                >= wanted
        };
        if !until(is_ready).await {
            self.world
                .watch
                .violated(Property::Recovery, "the clients could not sign up at the beginning");
        }
    }

    async fn make(&mut self, fault: Fault) -> io::Result<()> {
        let options = &self.world.options;
        let (from, to) = options.fault_millis;
        let lasts = Duration::from_millis(self.random.between(from, to));
        let (from, to) = options.calm_millis;
        let calm = Duration::from_millis(self.random.between(from, to));
        let spell = SpellEnd {
            at: Instant::now() + lasts,
            requests: self.world.watch.counts(Some(fault)).requests + options.fault_requests,
            latest: Instant::now() + lasts + PATIENCE,
        };
        if fault == Fault::DiskFull {
            self.restart_portal().await?;
        }
        self.made.push(fault);
        self.world.watch.weather.begin(fault);
        let made = match fault {
            Fault::PortalKilled => self.kill_portal(&spell).await,
            Fault::ClockSteps => self.step_clock(&spell).await,
            Fault::KeyRotation => self.rotate_keys(&spell).await,
            Fault::Flapping => self.flap(&spell).await,
            Fault::Vanishing => self.vanish(&spell).await,
            Fault::DiskFull => self.fill_disk(&spell).await,
        };
        self.world.watch.weather.end();
        made?;
        let recovered = Instant::now();
        self.auditor.audit().await;
        let rest = calm.saturating_sub(recovered.elapsed());
        // The length of each fault and of the calm between is the run's plan.
        sleep(rest).await;
        Ok(())
    }

    /// Ends the portal in order and starts it again, so that its write-ahead log has no room from earlier writes.
    async fn restart_portal(&mut self) -> io::Result<()> {
        self.world.watch.weather.begin(Fault::PortalKilled);
        let restarted = self.fleet.lock().await.restart_portal().await;
        self.world.watch.weather.end();
        restarted?;
        self.auditor.audit_quietly().await;
        Ok(())
    }

    fn lasts(&self, spell: &SpellEnd) -> bool {
        let requests = self.world.watch.counts(self.world.watch.weather.now()).requests;
        let now = Instant::now();
        now < spell.latest && (now < spell.at || requests < spell.requests)
    }

    /// Kills the portal while a write runs, and starts it again after a while.
    async fn kill_portal(&mut self, spell: &SpellEnd) -> io::Result<()> {
        loop {
            let watch = &self.world.watch;
            until(|| watch.writes_in_flight.load(Ordering::Relaxed) > 0).await;
            self.fleet.lock().await.kill_portal().await?;
            self.kills += 1;
            let lost = watch.total().lost;
            until(|| watch.total().lost > lost).await;
            let pause = self.random.below(self.world.options.fault_millis.1 / 4);
            sleep(Duration::from_millis(pause)).await;
            self.fleet.lock().await.start_portal().await?;
            if !self.lasts(spell) {
                return Ok(());
            }
            self.auditor.audit_quietly().await;
        }
    }

    async fn step_clock(&mut self, spell: &SpellEnd) -> io::Result<()> {
        let part = spell.at.saturating_duration_since(Instant::now()) / 7;
        for step in CLOCK_STEPS {
            let set = self.portal.set_clock(step).await;
            self.expect("the clock is set", set.map(|(status, _)| status == 200));
            self.for_requests(spell, CLOCK_STEPS.len()).await;
            sleep(part).await;
        }
        let set = self.portal.set_clock(0).await;
        self.expect("the clock is set", set.map(|(status, _)| status == 200));
        Ok(())
    }

    /// Waits for a part of the requests that a fault waits for.
    async fn for_requests(&self, spell: &SpellEnd, parts: usize) {
        let watch = &self.world.watch;
        let seen = || watch.counts(watch.weather.now()).requests;
        let wanted = seen() + self.world.options.fault_requests / parts as u64;
        until(|| seen() >= wanted || Instant::now() > spell.latest).await;
    }

    /// Rotates the key once, because an unknown key is fetched at most once in 10 seconds.
    async fn rotate_keys(&mut self, spell: &SpellEnd) -> io::Result<()> {
        let before = self.portal.key_ids().await;
        let rotated = self.portal.rotate_key().await;
        self.expect("the key is rotated", rotated.map(|(status, _)| status == 200));
        let after = self.portal.key_ids().await;
        self.expect(
            "the key set has a new key",
            after.map(|after| before.is_ok_and(|before| before != after)),
        );
        while self.lasts(spell) {
            sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Switches the portal's faults on and off.
    async fn flap(&mut self, spell: &SpellEnd) -> io::Result<()> {
        while self.lasts(spell) {
            let path = self
                .random
                .pick(&["/v1/*", "/v1/jwks", "/v1/sessions/*", "/v1/users*"])
                .copied();
            let times = 1_000;
            let fault = match self.random.below(5) {
                0 => json!({ "status": 500 }),
                1 => json!({ "status": 429 }),
                2 => json!({ "garbage": true }),
                3 => json!({ "drop": true }),
                _ => json!({ "delay_ms": self.random.between(50, 800) }),
            };
            let mut fault = fault;
            fault["path"] = path.into();
            fault["times"] = times.into();
            let added = self.portal.add_fault(fault).await;
            self.expect("the fault is added", added.map(|(status, _)| status == 200));
            self.for_requests(spell, 2).await;
            let on = self.random.below(self.world.options.fault_millis.0 / 4);
            sleep(Duration::from_millis(on)).await;
            let cleared = self.portal.clear_faults().await;
            self.expect("the faults are cleared", cleared.map(|(status, _)| status == 200));
            let off = self.random.below(self.world.options.fault_millis.0 / 8);
            sleep(Duration::from_millis(off)).await;
        }
        Ok(())
    }

    async fn vanish(&mut self, spell: &SpellEnd) -> io::Result<()> {
        while self.lasts(spell) {
            vanish::once(&self.world.watch.places, &mut self.random).await;
            self.world.figures.vanished.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Fills the disk, writes until the portal notices, and rotates the key, which must fail as a whole.
    async fn fill_disk(&mut self, spell: &SpellEnd) -> io::Result<()> {
        let user = self
            .world
            .ledger
            .all()
            .into_iter()
            .filter(|account| account.is_confirmed)
            .find_map(|one| one.user_id);
        {
            let fleet = self.fleet.lock().await;
            fleet.disk.fill(&fleet.writers())?;
        }
        let text = "x".repeat(6_000);
        let mut is_noticed = false;
        for _ in 0..MOST_WRITES {
            let Some(user) = &user else { break };
            let written = self.portal.write_metadata(user, &text).await;
            if written.is_ok_and(|(status, _)| status == 500) {
                is_noticed = true;
                self.refused_writes += 1;
                break;
            }
        }
        self.expect("a full disk is noticed", Ok::<_, super::wire::Lost>(is_noticed));
        let before = self.portal.key_ids().await;
        let rotated = self.portal.rotate_key().await.map(|(status, _)| status);
        let after = self.portal.key_ids().await;
        if rotated == Ok(500) && before != after {
            let text = "the portal signs with a key that it could not store on the full disk";
            self.world.watch.violated(Property::Answers, text);
        }
        while self.lasts(spell) {
            sleep(GLANCE).await;
        }
        let fleet = self.fleet.lock().await;
        fleet.disk.free(&fleet.writers())
    }

    fn expect<E: std::fmt::Display>(&self, what: &str, outcome: Result<bool, E>) {
        match outcome {
            Ok(true) => {}
            Ok(false) => self
                .world
                .watch
                .violated(Property::Answers, format_args!("expected that {what}")),
            Err(error) => self
                .world
                .watch
                .violated(Property::Answers, format_args!("expected that {what}: {error}")),
        }
    }

    /// Audits everything at the end, with every account signed in.
    pub(super) async fn audit_all(&mut self) {
        self.auditor.audit_all().await;
    }

    pub(super) fn auditor(&self) -> &Auditor {
        &self.auditor
    }
}

/// The end of a fault: a time and a number of requests, both reached.
struct SpellEnd {
    at: Instant,
    requests: u64,
    latest: Instant,
}

/// Waits until `is_reached`. Returns `false` if that takes too long.
async fn until(is_reached: impl Fn() -> bool) -> bool {
    let latest = Instant::now() + PATIENCE;
    while !is_reached() {
        if Instant::now() > latest {
            return false;
        }
        sleep(GLANCE).await;
    }
    true
}
