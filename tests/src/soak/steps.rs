//! The steps of a [`Client`] that change something, and its attacks.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use url::Url;

use super::browser::{Answer, Browser, Kind, Stop};
use super::client::{Client, add};
use super::ledger::PASSWORD;
use super::page::{self, PageForm};
use super::watch::{Property, Watch};

/// Notes of an account from which on one is deleted before another is added.
const MANY_NOTES: usize = 12;

/// Signs in on the portal's pages, on the way to `goal`, and returns the page at the end.
pub(super) async fn sign_in_at(
    browser: &mut Browser,
    watch: &Watch,
    goal: &str,
    address: &str,
) -> Result<Answer, Stop> {
    let mut start = Url::parse(&format!("{}/sign-in", watch.places.portal))?;
    start.query_pairs_mut().append_pair("redirect_url", goal);
    let page = browser.open(watch, start.as_str()).await?;
    sign_in_on(browser, watch, page, address).await
}

async fn sign_in_on(browser: &mut Browser, watch: &Watch, page: Answer, address: &str) -> Result<Answer, Stop> {
    let form = form_of(&page, "portal-sign-in-form")?.fill("identifier", address);
    let first = browser.submit(watch, &page, &form).await?;
    let page = browser.follow(watch, first).await?;
    let form = form_of(&page, "portal-factor-one-form")?.fill("password", PASSWORD);
    let first = browser.submit(watch, &page, &form).await?;
    if first.status != 303 {
        return Err(first.unexpected("a redirect after the password"));
    }
    browser.follow(watch, first).await
}

fn form_of(page: &Answer, mark: &str) -> Result<PageForm, Stop> {
    PageForm::with(&page.body, mark).ok_or_else(|| page.unexpected(mark))
}

impl Client {
    pub(super) async fn sign_up(&mut self) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let (watch, ledger) = (&world.watch, &world.ledger);
        self.take_new_browser();
        self.serial += 1;
        let tag = format!("c{}-a{}", self.number(), self.serial);
        let name = format!("Name{}", self.serial);
        let goal = format!("{}/dashboard", watch.places.demo);
        let start = format!("{}/sign-up?redirect_url={goal}", watch.places.portal);
        let page = self.browser.open(watch, &start).await?;
        let form = form_of(&page, "portal-sign-up-form")?
            .fill("firstName", &name)
            .fill("lastName", "Soak")
            .fill("emailAddress", &format!("{tag}+clerk_test@example.com"))
            .fill("password", PASSWORD);
        let first = self.browser.submit(watch, &page, &form).await?;
        let page = self.browser.follow(watch, first).await?;
        let form = form_of(&page, "portal-verify-email-address-form")?.fill("code", "424242");
        let number = ledger.add(tag, name);
        let first = self.browser.submit(watch, &page, &form).await?;
        let is_done = first.status == 303 && first.location.as_deref().is_some_and(|to| !to.contains("/sign-up"));
        if !is_done {
            return Err(first.unexpected("a redirect after the code"));
        }
        ledger.change(number, |account| account.is_confirmed = true);
        add(&world.figures.sign_ups);
        self.mine.push(number);
        self.user = Some(number);
        let page = self.browser.follow(watch, first).await?;
        self.check_whose(&page);
        if !page.is_at(&watch.places.demo, "/dashboard") || page.status != 200 {
            return Err(page.unexpected("the dashboard after sign-up"));
        }
        self.check_me().await
    }

    pub(super) async fn sign_in(&mut self) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let watch = &world.watch;
        let Some(number) = self.random.pick(&self.mine).copied() else {
            return Ok(());
        };
        let Some(account) = world.ledger.account(number) else {
            return Ok(());
        };
        self.take_new_browser();
        let page = if self.random.chance(50) {
            // From the application, as most users do.
            let page = self
                .browser
                .open(watch, &format!("{}/dashboard", watch.places.demo))
                .await?;
            sign_in_on(&mut self.browser, watch, page, &account.address()).await?
        } else {
            let goal = format!("{}/notes", watch.places.notes);
            sign_in_at(&mut self.browser, watch, &goal, &account.address()).await?
        };
        self.user = Some(number);
        self.check_whose(&page);
        if page.status != 200 || watch.places.portal == page.url.origin().ascii_serialization() {
            return Err(page.unexpected("the application after sign-in"));
        }
        add(&world.figures.sign_ins);
        self.check_me().await
    }

    /// Opens the notes, and compares them with the ledger.
    async fn open_notes(&mut self) -> Result<Answer, Stop> {
        let world = Arc::clone(&self.world);
        let notes = &world.watch.places.notes;
        let page = self.browser.open(&world.watch, &format!("{notes}/notes")).await?;
        self.check_whose(&page);
        if page.status != 200 || !page.is_at(notes, "/notes") {
            return Err(page.unexpected("the notes"));
        }
        let shown: std::collections::BTreeSet<String> =
            page::notes(&page.body).into_iter().map(|(_, text)| text).collect();
        if let Some(number) = self.user {
            world.ledger.change(number, |account| {
                let lost = account
                    .notes
                    .difference(&shown)
                    .find(|text| !account.maybe_notes.contains(*text));
                let unknown = shown
                    .difference(&account.notes)
                    .find(|text| !account.maybe_notes.contains(*text));
                if let Some(lost) = lost {
                    world.watch.violated(
                        Property::Accounts,
                        format_args!("the note {lost} was saved and is missing"),
                    );
                }
                if let Some(unknown) = unknown {
                    world.watch.violated(
                        Property::Answers,
                        format_args!("the note {unknown} was deleted or never sent"),
                    );
                }
                account.notes.clone_from(&shown);
                account.maybe_notes.clear();
            });
        }
        Ok(page)
    }

    pub(super) async fn add_note(&mut self) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let page = self.open_notes().await?;
        let Some(number) = self.user else {
            return Ok(());
        };
        let Some(account) = world.ledger.account(number) else {
            return Ok(());
        };
        if account.notes.len() >= MANY_NOTES {
            return self.delete_from(page).await;
        }
        self.serial += 1;
        let text = format!("{}-n{}", account.tag, self.serial);
        let form = form_of(&page, "data-testid=\"save\"")?.fill("text", &text);
        world
            .ledger
            .change(number, |account| account.maybe_notes.extend([text.clone()]));
        let saved = self.browser.submit(&world.watch, &page, &form).await?;
        if self.is_sent_to_sign_in(&saved) {
            return Ok(());
        }
        if saved.status != 303 || saved.location.as_deref() != Some("/notes") {
            return Err(saved.unexpected("a saved note"));
        }
        world.ledger.change(number, |account| {
            account.maybe_notes.remove(&text);
            account.notes.insert(text);
        });
        add(&world.figures.changes);
        self.open_notes().await.map(drop)
    }

    /// Returns `true` for a form whose token ended since its page was shown.
    fn is_sent_to_sign_in(&self, answer: &Answer) -> bool {
        let portal = &self.world.watch.places.portal;
        let location = answer.location.as_deref().unwrap_or_default();
        answer.status == 303 && self.has_ended_token() && location.starts_with(&format!("{portal}/sign-in"))
    }

    pub(super) async fn delete_note(&mut self) -> Result<(), Stop> {
        let page = self.open_notes().await?;
        self.delete_from(page).await
    }

    async fn delete_from(&mut self, page: Answer) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let notes = page::notes(&page.body);
        let (Some((id, text)), Some(number)) = (self.random.pick(&notes).cloned(), self.user) else {
            return Ok(());
        };
        let form = form_of(&page, &format!("\"/notes/{id}/delete\""))?;
        world
            .ledger
            .change(number, |account| account.maybe_notes.extend([text.clone()]));
        let deleted = self.browser.submit(&world.watch, &page, &form).await?;
        if self.is_sent_to_sign_in(&deleted) {
            return Ok(());
        }
        if deleted.status != 303 || deleted.location.as_deref() != Some("/notes") {
            return Err(deleted.unexpected("a deleted note"));
        }
        world.ledger.change(number, |account| {
            account.maybe_notes.remove(&text);
            account.notes.remove(&text);
        });
        add(&world.figures.changes);
        self.open_notes().await.map(drop)
    }

    /// Changes the first name on the portal's account page.
    pub(super) async fn rename(&mut self) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let watch = &world.watch;
        let page = self
            .browser
            .open(watch, &format!("{}/user", watch.places.portal))
            .await?;
        self.check_whose(&page);
        let Some(number) = self.user else {
            return Ok(());
        };
        self.serial += 1;
        let name = format!("Name{}", self.serial);
        let form = form_of(&page, "portal-user-form")?
            .fill("firstName", &name)
            .fill("lastName", "Soak");
        world
            .ledger
            .change(number, |account| account.maybe_names.push(name.clone()));
        let saved = self.browser.submit(watch, &page, &form).await?;
        if saved.status != 303 || !saved.location.as_deref().is_some_and(|to| to.contains("notice=saved")) {
            return Err(saved.unexpected("a saved name"));
        }
        world.ledger.change(number, |account| {
            account.maybe_names.clear();
            account.name = name;
        });
        add(&world.figures.changes);
        let page = self.browser.follow(watch, saved).await?;
        self.check_whose(&page);
        Ok(())
    }

    /// Signs out at one of the three programs.
    pub(super) async fn sign_out(&mut self) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let watch = &world.watch;
        let (jar, tokens_end) = (self.browser.jar.clone(), self.tokens_end());
        let application = match self.random.below(3) {
            0 => None,
            1 => Some(&watch.places.notes),
            _ => Some(&watch.places.demo),
        };
        let answer = match application {
            Some(origin) => {
                let page = self.browser.open(watch, &format!("{origin}/")).await?;
                let form = form_of(&page, "\"/sign-out\"")?;
                self.browser.submit(watch, &page, &form).await?
            }
            None => {
                let page = self
                    .browser
                    .open(watch, &format!("{}/sign-out", watch.places.portal))
                    .await?;
                let form = form_of(&page, "portal-sign-out-form")?;
                self.browser.submit(watch, &page, &form).await?
            }
        };
        if answer.status != 303 {
            return Err(answer.unexpected("a redirect after sign-out"));
        }
        self.remember(jar, tokens_end.max(self.tokens_end()));
        add(&world.figures.sign_outs);
        self.user = None;
        if application.is_none() {
            // The applications notice when the token ends.
            self.take_new_browser();
            return Ok(());
        }
        let page = self.browser.follow(watch, answer).await?;
        self.check_whose(&page);
        let me = self
            .browser
            .script(watch, &format!("{}/api/me", watch.places.demo))
            .await?;
        if me.status == 200 {
            watch.violated(Property::SignOut, "the browser that signed out is still signed in");
        }
        Ok(())
    }

    /// A new browser that is sent to sign in.
    pub(super) async fn visit_anonymously(&mut self) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let watch = &world.watch;
        add(&world.figures.browsers);
        let mut browser = Browser::new();
        let page = browser.open(watch, &format!("{}/dashboard", watch.places.demo)).await?;
        if !tags(&page).is_empty() {
            watch.violated(Property::Answers, "a new browser is shown an account");
        }
        if page.status != 200 || !page.is_at(&watch.places.portal, "/sign-in") {
            return Err(page.unexpected("the sign-in page"));
        }
        Ok(())
    }

    /// Forged tokens, and hosts and URLs of an attacker.
    pub(super) async fn attack(&mut self) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let watch = &world.watch;
        add(&world.figures.hostile);
        match self.random.below(3) {
            0 => {
                let start = format!(
                    "{}/sign-in?redirect_url=https%3A%2F%2Fevil.example%2F",
                    watch.places.portal
                );
                Browser::new().open(watch, &start).await.map(drop)
            }
            1 => {
                let mut fields = HeaderMap::new();
                fields.insert("x-forwarded-host", HeaderValue::from_static("evil.example"));
                fields.insert("x-forwarded-proto", HeaderValue::from_static("https"));
                let url = Url::parse(&format!("{}/dashboard", watch.places.demo))?;
                Browser::new()
                    .ask(watch, Method::GET, url, Kind::Page, None, fields)
                    .await
                    .map(drop)
            }
            _ => self.forge().await,
        }
    }

    /// Sends the browser's own token with another user's ID in it.
    async fn forge(&mut self) -> Result<(), Stop> {
        let world = Arc::clone(&self.world);
        let mut jar = self.browser.jar.clone();
        for token in jar.values_mut() {
            if let Some(forged) = with_other_user(token) {
                *token = forged;
            }
        }
        jar.retain(|(_, name), _| !name.starts_with("__refresh"));
        let mut browser = Browser::with(jar);
        let url = format!("{}/api/me", world.watch.places.demo);
        let answer = browser.script(&world.watch, &url).await?;
        if answer.status == 200 {
            world.watch.violated(
                Property::Answers,
                format_args!("a forged token signs in: {}", answer.body),
            );
        }
        Ok(())
    }
}

fn tags(page: &Answer) -> std::collections::BTreeSet<String> {
    super::ledger::tags(&page.body)
}

/// Returns the token with a changed payload and the same signature; `None` if it is not a token.
fn with_other_user(token: &str) -> Option<String> {
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let mut claims: Value = serde_json::from_slice(&payload).ok()?;
    *claims.get_mut("sub")? = json!("user_000000000000000000000000000");
    Some(format!(
        "{header}.{}.{signature}",
        URL_SAFE_NO_PAD.encode(claims.to_string())
    ))
}
