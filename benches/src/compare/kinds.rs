//! [`Kinds`]: every kind of request to the layer in this process, beside the baseline and the limit.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::hint::black_box;
use std::rc::Rc;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Request;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::testing::FakeBackend;
use tower::{Service, service_fn};

use super::Plan;
use super::rounds::{Work, alternate};
use crate::fixture::Clerk;
use crate::services::{Driver, authenticated, baseline};
use crate::{Outcome, median, rounded};

/// The number of organization patterns of the kind `patterns`.
const PATTERNS: usize = 50;
/// The number of distinct unknown key IDs: more than a bounded memory should hold.
const UNKNOWN_IDS: usize = 8_192;

/// Medians in microseconds per request, over the baseline except for the first three.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// RSA-2048 verification of a token's signature with a parsed key: the limit of every first sight.
    pub(super) rsa_verify: f64,
    /// Building the request alone.
    pub(super) build: f64,
    /// The baseline service, with building the request.
    pub(super) baseline: f64,
    pub(super) warm: f64,
    pub(super) warm_jwks: f64,
    pub(super) patterns: f64,
    pub(super) cold: f64,
    pub(super) signed_out: f64,
    pub(super) forged_known: f64,
    pub(super) forged_unknown: f64,
}

/// The requests of one run.
#[derive(Debug)]
pub(super) struct Kinds<'c> {
    clerk: &'c Clerk,
    driver: Driver,
    limit: Limit,
    warm: Requests,
    cold: Requests,
    signed_out: Requests,
    forged_known: Requests,
    forged_unknown: Requests,
}

#[derive(Debug)]
struct Limit {
    key: ParsedPublicKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl<'c> Kinds<'c> {
    pub(super) fn new(clerk: &'c Clerk, tokens: usize) -> Outcome<Self> {
        let requests = |tokens: Vec<String>| Requests::new(tokens.iter().map(|token| clerk.signed_in(token)));
        let genuine: Vec<_> = (0..tokens).map(|number| clerk.token(number)).collect();
        let token = genuine[0].clone();
        let unknown = |number| clerk.token_of_unknown_key(&token, number);
        let unknown_ids = UNKNOWN_IDS.min(tokens * 8);
        let kinds = Self {
            limit: Limit::new(clerk, &token)?,
            warm: requests(vec![token.clone()]),
            signed_out: Requests::new([clerk.signed_out()]),
            forged_known: requests((0..tokens).map(|number| clerk.forged_token(number)).collect()),
            forged_unknown: requests((0..unknown_ids).map(unknown).collect()),
            cold: requests(genuine),
            driver: Driver::new(),
            clerk,
        };
        kinds.check()?;
        Ok(kinds)
    }

    /// Fails if a kind of request has another outcome than its name says.
    fn check(&self) -> Outcome {
        let authenticator = self.clerk.authenticator();
        for (requests, is_signed_in) in [
            (&self.warm, true),
            (&self.cold, true),
            (&self.signed_out, false),
            (&self.forged_known, false),
        ] {
            let parts = requests.next().into_parts().0;
            let state = authenticator
                .try_authenticate(&parts)
                .ok_or("a PEM key needs no fetch")?
                .state;
            if state.claims().is_some() != is_signed_in {
                return Err(format!("expected signed in: {is_signed_in}, found {:?}", state.outcome).into());
            }
        }
        Ok(())
    }

    pub(super) fn measure(&mut self, plan: Plan) -> Times {
        self.driver.within(|| self.alternate(plan))
    }

    fn alternate(&self, plan: Plan) -> Times {
        let clerk = self.clerk;
        let with_patterns = clerk.authenticator_with_patterns(PATTERNS);
        let limit = || black_box(self.limit.verify());
        let mut works = vec![
            Work::new(|| assert!(limit(), "the signature is valid")),
            Work::new(|| drop(black_box(self.warm.next()))),
            self.baseline(&self.warm),
            self.baseline(&self.signed_out),
            self.baseline(&self.cold),
            self.baseline(&self.forged_known),
            self.baseline(&self.forged_unknown),
            self.layer(&self.warm, clerk.authenticator()),
            self.layer(&self.warm, clerk.authenticator_with_key_set()),
            self.layer(&self.warm, with_patterns),
            self.layer(&self.signed_out, clerk.authenticator()),
            self.first_sight(),
            self.layer(&self.forged_known, clerk.authenticator()),
            self.layer(&self.forged_unknown, clerk.authenticator_with_key_set()),
        ];
        let times = alternate(&mut works, plan);
        let of = |index: usize| rounded(median(times[index].clone()).unwrap_or(f64::NAN));
        let over = |index: usize, base: usize| {
            let differences = times[index].iter().zip(&times[base]).map(|(time, base)| time - base);
            rounded(median(differences.collect()).unwrap_or(f64::NAN))
        };
        Times {
            rsa_verify: of(0),
            build: of(1),
            baseline: of(2),
            warm: over(7, 2),
            warm_jwks: over(8, 2),
            patterns: over(9, 7),
            signed_out: over(10, 3),
            cold: over(11, 4),
            forged_known: over(12, 5),
            forged_unknown: over(13, 6),
        }
    }

    fn baseline<'w>(&'w self, requests: &'w Requests) -> Work<'w> {
        self.work(requests, service_fn(baseline))
    }

    fn layer<'w>(&'w self, requests: &'w Requests, authenticator: Authenticator<FakeBackend>) -> Work<'w> {
        self.work(requests, authenticated(authenticator))
    }

    fn work<'w, S>(&'w self, requests: &'w Requests, mut service: S) -> Work<'w>
    where
        S: Service<Request<()>, Error = Infallible> + 'w,
    {
        Work::new(move || drop(black_box(self.driver.call(&mut service, requests.next()))))
    }

    /// Each token once, then a new authenticator, which has seen none of them.
    fn first_sight(&self) -> Work<'_> {
        let fresh = || {
            let mut service = authenticated(self.clerk.authenticator());
            drop(self.driver.call(&mut service, self.signed_out.next()));
            service
        };
        let service = Rc::new(RefCell::new(fresh()));
        let renewed = Rc::clone(&service);
        let one = move || {
            let response = self.driver.call(&mut *service.borrow_mut(), self.cold.next());
            drop(black_box(response));
        };
        Work::new(one).with_preparation(self.cold.all.len(), move || *renewed.borrow_mut() = fresh())
    }
}

impl Limit {
    fn new(clerk: &Clerk, token: &str) -> Outcome<Self> {
        let pem = clerk.set_up(token).pem;
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let (message, signature) = token.rsplit_once('.').ok_or("a token has three parts")?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, STANDARD.decode(body)?);
        Ok(Self {
            key: key.map_err(|_| "the key of this process is an RSA key")?,
            message: message.as_bytes().to_vec(),
            signature: URL_SAFE_NO_PAD.decode(signature)?,
        })
    }

    fn verify(&self) -> bool {
        self.key.verify_sig(&self.message, &self.signature).is_ok()
    }
}

/// Requests that are sent in turn.
#[derive(Debug)]
struct Requests {
    all: Vec<Request<()>>,
    next: Cell<usize>,
}

impl Requests {
    fn new(requests: impl IntoIterator<Item = Request<()>>) -> Self {
        Self {
            all: requests.into_iter().collect(),
            next: Cell::new(0),
        }
    }

    /// Returns a clone that shares the fields' bytes, as a server's parser makes them.
    fn next(&self) -> Request<()> {
        let index = self.next.get();
        self.next.set((index + 1) % self.all.len());
        self.all[index].clone()
    }
}
