//! The answers of guards and extractors, row by row: the same rows for portal-tower's layer, and for its layer and the
//! extractors in axum.

#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml permits it in test functions only, and a helper that fails must fail its test too"
)]

mod case;
mod request;
mod rows;
mod summary;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::any;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use portal_axum::Require;
use portal_sdk::authorization::{Permission, Requirement, Reverification, Verdict};
use portal_sdk::token::SessionClaims;
use tower::{ServiceBuilder, service_fn};

use crate::guard_table::case::Case;
use crate::guard_table::request::in_words;
use crate::guard_table::rows::TABLES;
use crate::guard_table::summary::{Answer, summary};

/// Runs every row through `send`, which gives the request to a guard or an extractor for the case.
async fn check(send: impl AsyncFn(Case, Request<Full<Bytes>>) -> Answer) {
    let mut problems = String::new();
    for (case, table) in TABLES {
        for row in table.lines().filter(|row| !row.is_empty()) {
            let (words, expected) = row.split_once('|').unwrap();
            let answer = send(case, in_words(words, &case.cookies())).await;
            let (found, expected) = (summary(&answer, words.contains("HEAD")), expected.trim());
            let expected = match words.contains("HEAD") {
                true => expected.split(" page:").next().unwrap(),
                false => expected,
            };
            if found != expected {
                problems += &format!(
                    "\n\n{case:?}: {}\n  expected {expected}\n  found    {found}",
                    words.trim()
                );
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[derive(Default)]
struct CanPay;

impl Requirement for CanPay {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        Permission::new("org:invoices:pay").verdict(claims)
    }
}

#[derive(Default)]
struct IsRecent;

impl Requirement for IsRecent {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        Reverification::STRICT.verdict(claims)
    }
}

#[tokio::test]
async fn tower_layer_answers_every_row() {
    check(async |case, request| {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let application = service_fn(move |_: Request<Full<Bytes>>| {
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
        });
        let service = ServiceBuilder::new()
            .layer(case.layer())
            .layer(case.guard())
            .service(application);
        let answer = Answer::of(service, request).await;
        assert_eq!(calls.load(Ordering::SeqCst), 0, "{case:?}");
        answer
    })
    .await;
}

#[tokio::test]
async fn axum_layer_answers_every_row() {
    check(async |case, request| {
        let router = Router::new()
            .route("/dashboard", any(async || "reached"))
            .route_layer(case.guard())
            .layer(case.layer());
        Answer::of(router, request).await
    })
    .await;
}

#[tokio::test]
async fn axum_extractor_answers_every_row() {
    check(async |case, request| {
        let handler = match case {
            Case::NeedsReverification => any(async |_: Require<IsRecent>| "reached"),
            _ => any(async |_: Require<CanPay>| "reached"),
        };
        let router = Router::new().route("/dashboard", handler).layer(case.layer());
        Answer::of(router, request).await
    })
    .await;
}
