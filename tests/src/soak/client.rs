//! [`Client`]: a user with a browser, who takes one step after another and checks each response.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::time::sleep;

use super::browser::{Answer, Browser, Jar, Stop};
use super::fleet::Times;
use super::ledger::{Ledger, tags};
use super::options::Options;
use super::random::Random;
use super::watch::{Property, Watch};
use super::weather::Fault;

const MOST_PAST: usize = 8;

/// The state that all clients share.
#[derive(Debug)]
pub(super) struct World {
    pub(super) watch: Watch,
    pub(super) ledger: Ledger,
    pub(super) options: Options,
    pub(super) times: Times,
    pub(super) is_over: AtomicBool,
    pub(super) figures: Figures,
}

/// Counts of the clients' steps.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) sign_ups: AtomicU64,
    pub(super) sign_ins: AtomicU64,
    pub(super) sign_outs: AtomicU64,
    pub(super) changes: AtomicU64,
    pub(super) replays: AtomicU64,
    pub(super) hostile: AtomicU64,
    pub(super) browsers: AtomicU64,
    pub(super) vanished: AtomicU64,
    /// Steps that a fault kept from ending.
    pub(super) given_up: AtomicU64,
}

pub(super) fn add(figure: &AtomicU64) {
    figure.fetch_add(1, Ordering::Relaxed);
}

/// The cookies of a browser before its sign-out.
#[derive(Debug)]
struct Past {
    tag: String,
    jar: Jar,
    /// In seconds since 1970: from then on they must be signed out everywhere.
    over_at: u64,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) world: Arc<World>,
    number: usize,
    pub(super) random: Random,
    pub(super) browser: Browser,
    /// The account that is signed in.
    pub(super) user: Option<usize>,
    pub(super) mine: Vec<usize>,
    past: VecDeque<Past>,
    pub(super) serial: u64,
}

/// The steps, with their weights in percent.
const STEPS: [(Step, u64); 9] = [
    (Step::Me, 29),
    (Step::Dashboard, 20),
    (Step::AddNote, 15),
    (Step::DeleteNote, 6),
    (Step::Rename, 9),
    (Step::SignUp, 3),
    (Step::SignOut, 7),
    (Step::Hostile, 6),
    (Step::Anonymous, 5),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Me,
    Dashboard,
    AddNote,
    DeleteNote,
    Rename,
    SignUp,
    SignOut,
    Hostile,
    Anonymous,
}

impl Client {
    pub(super) fn new(world: &Arc<World>, number: usize) -> Self {
        Self {
            world: Arc::clone(world),
            number,
            random: Random::of_part(world.options.seed, number as u64),
            browser: Browser::new(),
            user: None,
            mine: Vec::new(),
            past: VecDeque::new(),
            serial: 0,
        }
    }

    /// Acts until the run is over, then checks the sign-outs that are left.
    pub(super) async fn run(mut self) {
        while !self.world.is_over.load(Ordering::Relaxed) {
            self.change_browser_sometimes();
            let step = self.choose();
            let since = Instant::now();
            if let Err(stop) = self.take(step).await {
                self.give_up(step, &stop, since);
            }
            self.replay().await;
            let pause = self.random.below(self.world.options.think_millis);
            // The time in which a user reads the page.
            sleep(Duration::from_millis(pause)).await;
        }
        while let Some(past) = self.past.front() {
            let wait = past.over_at.saturating_sub(now());
            // Only the clock ends a token's lifetime.
            sleep(Duration::from_secs(wait)).await;
            self.replay().await;
        }
    }

    fn choose(&mut self) -> Step {
        if self.mine.is_empty() {
            return Step::SignUp;
        }
        let mut drawn = self.random.below(STEPS.iter().map(|(_, weight)| weight).sum());
        for (step, weight) in STEPS {
            if drawn < weight {
                let is_full = self.mine.len() >= self.world.options.accounts;
                return if step == Step::SignUp && is_full {
                    Step::Dashboard
                } else {
                    step
                };
            }
            drawn -= weight;
        }
        Step::Me
    }

    async fn take(&mut self, step: Step) -> Result<(), Stop> {
        match step {
            Step::SignUp => return self.sign_up().await,
            Step::Anonymous => return self.visit_anonymously().await,
            Step::Hostile => return self.attack().await,
            _ => {}
        }
        if self.user.is_none() {
            self.sign_in().await?;
        }
        match step {
            Step::Me => self.check_me().await,
            Step::Dashboard => self.check_dashboard().await,
            Step::AddNote => self.add_note().await,
            Step::DeleteNote => self.delete_note().await,
            Step::Rename => self.rename().await,
            Step::SignOut => self.sign_out().await,
            Step::SignUp | Step::Anonymous | Step::Hostile => Ok(()),
        }
    }

    /// Takes a new browser now and then, and after a clock step, because its cookies may be from another time.
    fn change_browser_sometimes(&mut self) {
        let watch = &self.world.watch;
        let is_from_other_time = watch.weather.met(self.browser.born).contains(&Fault::ClockSteps)
            && !watch.weather.met(Instant::now()).contains(&Fault::ClockSteps);
        if is_from_other_time || self.random.chance(4) {
            self.take_new_browser();
        }
    }

    pub(super) fn take_new_browser(&mut self) {
        add(&self.world.figures.browsers);
        self.browser = Browser::new();
        self.user = None;
    }

    /// Judges a step that did not end as expected. Without a fault, it is a violation.
    fn give_up(&mut self, step: Step, stop: &Stop, since: Instant) {
        let watch = &self.world.watch;
        let is_excused =
            !watch.weather.met(since).is_empty() || watch.weather.met(self.browser.born).contains(&Fault::ClockSteps);
        match stop {
            Stop::Unexpected(text) if !is_excused => {
                watch.violated(
                    Property::Answers,
                    format_args!("{step:?} of client {}: {text}", self.number),
                );
            }
            Stop::Unexpected(_) | Stop::Lost(_) => add(&self.world.figures.given_up),
        }
        self.take_new_browser();
    }

    /// Checks that a page shows no other account than the one that is signed in.
    pub(super) fn check_whose(&self, answer: &Answer) {
        let own = self.user.and_then(|number| self.world.ledger.account(number));
        let foreign = tags(&answer.body)
            .into_iter()
            .find(|tag| own.as_ref().is_none_or(|own| own.tag != *tag));
        if let Some(foreign) = foreign {
            let own = own.map_or_else(|| "a signed-out browser".to_owned(), |own| own.tag);
            let text = format_args!("{} shows {foreign} to {own}", answer.url.path());
            self.world.watch.violated(Property::Answers, text);
        }
    }

    /// Requests `/api/me` as the page's script does, and checks the user.
    pub(super) async fn check_me(&mut self) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let answer = self
            .browser
            .script(&world.watch, &format!("{}/api/me", world.watch.places.demo))
            .await?;
        let is_of_demo = || {
            self.browser
                .token()
                .is_some_and(|token| token.made_for == world.watch.places.demo)
        };
        if answer.status == 401 && self.has_ended_token() && !is_of_demo() {
            return Ok(());
        }
        if answer.status != 200 {
            return Err(answer.unexpected("the signed-in user"));
        }
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let Some(found) = body["user_id"].as_str() else {
            return Err(answer.unexpected("a user ID"));
        };
        let Some(number) = self.user else {
            world.watch.violated(
                Property::SignOut,
                format_args!("/api/me knows {found} without a session"),
            );
            return Ok(());
        };
        let known = world.ledger.account(number).and_then(|account| account.user_id);
        match known {
            Some(known) if known != found => {
                let text = format_args!("/api/me answered as {found}, signed in is {known}");
                world.watch.violated(Property::Answers, text);
            }
            Some(_) => {}
            // The audit compares it with the Backend API.
            None => world
                .ledger
                .change(number, |account| account.user_id = Some(found.to_owned())),
        }
        Ok(())
    }

    async fn check_dashboard(&mut self) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let demo = &world.watch.places.demo;
        let page = self.browser.open(&world.watch, &format!("{demo}/dashboard")).await?;
        self.check_whose(&page);
        if page.status != 200 || !page.is_at(demo, "/dashboard") {
            return Err(page.unexpected("the dashboard"));
        }
        let known = self.user.and_then(|number| world.ledger.account(number)?.user_id);
        if known.is_some_and(|known| !page.body.contains(&known)) {
            world
                .watch
                .violated(Property::Answers, "the dashboard shows another user ID");
        }
        Ok(())
    }

    /// Remembers the cookies of a browser that is about to sign out.
    pub(super) fn remember(&mut self, jar: Jar, tokens_end: u64) {
        let Some(account) = self.user.and_then(|number| self.world.ledger.account(number)) else {
            return;
        };
        let times = self.world.times;
        let skew = times.skew_secs.max(times.notes_skew_secs.unwrap_or(0));
        let over_at = tokens_end.max(now()) + skew + 1;
        // A token from a wrong clock may end in days.
        if over_at > now() + 60 || self.past.len() >= MOST_PAST {
            return;
        }
        let tag = account.tag;
        self.past.push_back(Past { tag, jar, over_at });
    }

    /// Returns the end of the browser's token, in seconds since 1970.
    pub(super) fn tokens_end(&self) -> u64 {
        self.browser.token().map_or(0, |token| token.ends_at)
    }

    /// Returns `true` if the token has ended. Only `GET` renews it, and only at the application that it was made for;
    /// elsewhere the user is signed out until the next page.
    pub(super) fn has_ended_token(&self) -> bool {
        self.tokens_end() <= now()
    }

    /// Sends the cookies from before a sign-out, once they must be signed out everywhere.
    async fn replay(&mut self) {
        if self.past.front().is_none_or(|past| past.over_at > now()) {
            return;
        }
        let Some(past) = self.past.pop_front() else {
            return;
        };
        let world = Arc::clone(&self.world);
        let places = &world.watch.places;
        let notes = world.times.notes_skew_secs.map(|_| format!("{}/notes", places.notes));
        for url in [format!("{}/api/me", places.demo)].into_iter().chain(notes) {
            let mut browser = Browser::with(past.jar.clone());
            if let Ok(answer) = browser.script(&world.watch, &url).await
                && answer.status == 200
            {
                let text = format_args!("{} is signed in at {url} after sign-out", past.tag);
                world.watch.violated(Property::SignOut, text);
            }
        }
        add(&world.figures.replays);
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }
}

/// Returns the time in seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
