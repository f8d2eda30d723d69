//! The span of each authentication.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use http::Request;
use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::instance::Instance;
use portal_sdk::testing::{FakeBackend, TestInstance};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

use crate::common::LIVE_KEY;
use crate::log::set_default;

/// The name and the recorded fields of each closed span.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target() == "portal_sdk"
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut spans = self.0.lock().unwrap();
        spans.push(attributes.metadata().name().to_owned());
        span::Id::from_u64(spans.len() as u64)
    }

    fn record(&self, id: &span::Id, values: &span::Record<'_>) {
        let mut spans = self.0.lock().unwrap();
        values.record(&mut Fields(&mut spans[id.into_u64() as usize - 1]));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Fields<'s>(&'s mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

fn parts(token: Option<&str>) -> Parts {
    let mut request = Request::get("/");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(()).unwrap().into_parts().0
}

#[tokio::test]
async fn span_of_an_authentication_has_its_outcome() {
    let spans = Spans::default();
    let _guard = set_default(spans.clone());
    let clerk = TestInstance::new();
    let token = clerk.signed_in("user_1").token();

    let authenticator = clerk.authenticator();
    let _ = authenticator.try_authenticate(&parts(Some(&token))).unwrap();
    let _ = authenticator.try_authenticate(&parts(None)).unwrap();
    // Its key is fetched, so the first attempt decides nothing and has no span.
    let fetching = Authenticator::builder(Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap())
        .backend(FakeBackend::new())
        .clock(clerk.clock().clone())
        .build();
    assert!(fetching.try_authenticate(&parts(Some(&token))).is_none());
    let _ = fetching.authenticate(&parts(Some(&token))).await;

    assert_eq!(
        *spans.0.lock().unwrap(),
        [
            "authenticate outcome=\"signed-in\" user_id=user_1",
            "authenticate outcome=\"signed-out\" reason=session-token-and-uat-missing",
            "authenticate outcome=\"signed-in\" user_id=user_1",
        ]
    );
}
