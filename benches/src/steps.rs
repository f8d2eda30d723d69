//! [`steps`]: the steps of authentication, each as a closure, for criterion and callgrind.

use std::fmt;
use std::hint::black_box;
use std::rc::Rc;

use axum::body::Body;
use axum::routing::get;
use axum::{Extension, Router};
use http::Request;
use portal_axum::{AuthenticateLayer, RequireAuthLayer, SignedIn};
use portal_sdk::clock::{Clock as _, SystemClock, UnixTime};
use portal_sdk::decide::decide;
use portal_sdk::effect::Known;
use portal_sdk::key::VerifyingKey;
use portal_sdk::request::{AuthenticateContext, PublicUrl, cookies};
use portal_sdk::token::{UnverifiedToken, VerifyRules, verify_session_token};
use tower::service_fn;

use crate::fixture::Clerk;
use crate::services::{Driver, authenticated, baseline, empty_parts};

/// The number of distinct tokens of the steps that see each token for the first time.
const TOKENS: usize = 64;

/// One step.
pub struct Step {
    /// The unique name.
    pub name: &'static str,
    run: Box<dyn FnMut()>,
}

impl Step {
    fn new(name: &'static str, run: impl FnMut() + 'static) -> Self {
        let run = Box::new(run);
        Self { name, run }
    }

    /// Runs the step once.
    pub fn run(&mut self) {
        (self.run)();
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Returns all steps, from the smallest to the largest.
///
/// The cache of verified tokens is not reachable alone. Its nearest step is "authenticate, token seen before".
///
/// # Panics
///
/// Panics if the operating system provides no randomness for the key.
#[must_use]
pub fn steps() -> Vec<Step> {
    let clerk = Rc::new(Clerk::new());
    let driver = Rc::new(Driver::new());
    let mut steps = sdk_steps(&clerk);
    steps.extend(tower_steps(&clerk, &driver));
    steps.extend(axum_steps(&clerk, &driver));
    steps
}

fn sdk_steps(clerk: &Rc<Clerk>) -> Vec<Step> {
    let token = clerk.token(0);
    let (signed_in, signed_out) = (parts(clerk.signed_in(&token)), parts(clerk.signed_out()));
    let key = VerifyingKey::from_pem(&clerk.set_up(&token).pem).expect("the key of this process");
    let now = SystemClock.now();
    let warm = clerk.authenticator();
    vec![
        Step::new("cookies", {
            let signed_in = signed_in.clone();
            move || {
                black_box(cookies(&black_box(&signed_in).headers).count());
            }
        }),
        Step::new("public URL", {
            let signed_in = signed_in.clone();
            move || drop(black_box(PublicUrl::of(black_box(&signed_in))))
        }),
        Step::new("context, with its choice of cookies", {
            let (clerk, signed_in) = (clerk.clone(), signed_in.clone());
            move || {
                let cx = AuthenticateContext::new(black_box(&signed_in), clerk.instance(), now);
                black_box(cx.session_token());
            }
        }),
        Step::new("token, decode", {
            let token = token.clone();
            move || drop(black_box(UnverifiedToken::decode(black_box(&token))))
        }),
        Step::new("token, verify when decoded", {
            let (clerk, key) = (clerk.clone(), key.clone());
            // Static, because the decoded token borrows from it, and a step owns what it needs.
            let decoded = UnverifiedToken::decode(token.clone().leak()).expect("a token");
            move || {
                let rules = VerifyRules::of(clerk.instance());
                assert!(black_box(verify_session_token(&decoded, &key, rules, now)).is_ok());
            }
        }),
        decide_step("decide, signed out", clerk, signed_out.clone(), now),
        decide_step("decide, first sight of the token", clerk, signed_in.clone(), now),
        Step::new("authenticate, signed out", {
            let warm = warm.clone();
            move || drop(black_box(warm.try_authenticate(black_box(&signed_out))))
        }),
        Step::new("authenticate, token seen before", move || {
            drop(black_box(warm.try_authenticate(black_box(&signed_in))));
        }),
        Step::new("authenticate, first sight of the token", {
            let requests: Vec<_> = (0..TOKENS)
                .map(|number| parts(clerk.signed_in(&clerk.token(number))))
                .collect();
            let clerk = clerk.clone();
            let mut authenticator = clerk.authenticator();
            let mut next = 0;
            move || {
                if next == TOKENS {
                    // A new authenticator has seen none of the tokens. One in 64 runs includes its creation.
                    authenticator = clerk.authenticator();
                    next = 0;
                }
                drop(black_box(authenticator.try_authenticate(black_box(&requests[next]))));
                next += 1;
            }
        }),
    ]
}

fn decide_step(name: &'static str, clerk: &Rc<Clerk>, parts: http::request::Parts, now: UnixTime) -> Step {
    let (clerk, known) = (clerk.clone(), Known::default());
    Step::new(name, move || {
        let cx = AuthenticateContext::new(black_box(&parts), clerk.instance(), now);
        let _ = black_box(decide(&cx, &known, now));
    })
}

fn tower_steps(clerk: &Rc<Clerk>, driver: &Rc<Driver>) -> Vec<Step> {
    let (signed_in, signed_out) = (clerk.signed_in(&clerk.token(0)), clerk.signed_out());
    let step = |name, request: &Request<()>| {
        let (driver, request) = (driver.clone(), request.clone());
        let mut service = authenticated(clerk.authenticator());
        Step::new(name, move || {
            let response = driver.within(|| driver.call(&mut service, black_box(&request).clone()));
            drop(black_box(response));
        })
    };
    let mut steps = vec![
        step("layer on a tower service, signed out", &signed_out),
        step("layer on a tower service, token seen before", &signed_in),
    ];
    let driver = driver.clone();
    let mut service = service_fn(baseline);
    steps.insert(
        0,
        Step::new("baseline tower service", move || {
            let response = driver.within(|| driver.call(&mut service, black_box(&signed_in).clone()));
            drop(black_box(response));
        }),
    );
    steps
}

/// Steps of an axum application: without the layer, and with each combination of layer, guard and extractor.
fn axum_steps(clerk: &Rc<Clerk>, driver: &Rc<Driver>) -> Vec<Step> {
    let layer = || AuthenticateLayer::from_authenticator(clerk.authenticator());
    let plain = || Router::new().route("/dashboard", get(async || "page"));
    let guard = RequireAuthLayer::signed_in;
    let passed_on = Router::new().route(
        "/dashboard",
        get(async |user: Extension<&'static str>| drop(black_box(user.0.to_owned()))),
    );
    let extracting = Router::new().route("/dashboard", get(async |user: SignedIn| drop(user)));
    let request = clerk.signed_in(&clerk.token(0));
    [
        ("axum, without the layer", plain()),
        ("axum, empty layer, guard and extractor", empty_parts(passed_on)),
        ("axum, layer", plain().layer(layer())),
        ("axum, layer and guard", plain().route_layer(guard()).layer(layer())),
        ("axum, layer and extractor", extracting.clone().layer(layer())),
        (
            "axum, layer, guard and extractor",
            extracting.route_layer(guard()).layer(layer()),
        ),
    ]
    .map(|(name, mut router)| {
        let (driver, request) = (driver.clone(), request.clone());
        Step::new(name, move || {
            let request = black_box(&request).clone().map(|()| Body::empty());
            let response = driver.within(|| driver.call(&mut router, request));
            assert_eq!(response.status(), 200, "{name}");
        })
    })
    .into()
}

fn parts(request: Request<()>) -> http::request::Parts {
    request.into_parts().0
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn step_names_are_unique_and_steps_run() {
        let mut steps = super::steps();
        let names: HashSet<_> = steps.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), steps.len());
        for step in &mut steps {
            step.run();
            step.run();
        }
    }
}
