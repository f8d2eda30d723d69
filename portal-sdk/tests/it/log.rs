//! Log lines as a test sees them.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::subscriber::{self, DefaultGuard, NoSubscriber};
use tracing::{Dispatch, Event, Metadata, Subscriber, span};

/// Makes `subscriber` the one of this thread for as long as the guard lives.
pub(crate) fn set_default(subscriber: impl Subscriber + Send + Sync) -> DefaultGuard {
    // With one subscriber alone, tracing asks the thread that meets a log line first, which may be another test's
    // without a subscriber, and drops the line everywhere from then on.
    static SECOND: OnceLock<Dispatch> = OnceLock::new();
    SECOND.get_or_init(|| Dispatch::new(NoSubscriber::new()));
    subscriber::set_default(subscriber)
}

/// Every event with its level and fields, one a line.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>, Option<Arc<dyn Fn() + Send + Sync>>);

impl Lines {
    /// Lines whose subscriber calls this function for each.
    pub(crate) fn calling(function: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::default(), Some(Arc::new(function)))
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn with(&self, part: &str) -> Vec<String> {
        self.all().into_iter().filter(|line| line.contains(part)).collect()
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("portal_")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
        if let Some(function) = &self.1 {
            function();
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}
