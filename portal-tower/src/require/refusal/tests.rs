//! The log lines at `warn` and `error`: the first of each kind, and no second one within the interval.
//!
//! Only here, because a process writes each of them once, and other tests of the public interface cause them too.

use std::io;
use std::sync::{Arc, Mutex};

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the lines at `level` that `write` causes.
fn lines(level: &str, write: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .without_time()
        .with_env_filter("portal_tower=debug")
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, write);
    let written = lines.0.lock().unwrap();
    let written = str::from_utf8(&written).unwrap().lines();
    written
        .filter(|line| line.trim_start().starts_with(level))
        .map(str::to_owned)
        .collect()
}

fn refuse(cause: RefusalCause) {
    let _ = Refusal(Box::new(Inner::new(cause, Caller::Api))).into_response();
}

#[test]
fn preflight_is_warned_about_once() {
    let warnings = lines("WARN", || (0..3).for_each(|_| refuse(RefusalCause::Preflight)));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("put the CORS layer outside the guard"),
        "{warnings:?}"
    );
}

#[test]
fn misconfiguration_is_an_error_line_once_per_interval() {
    let problem = "the keys differ";
    let misconfigured = || RefusalCause::Misconfigured {
        problem: problem.into(),
    };
    let errors = lines("ERROR", || (0..3).for_each(|_| refuse(misconfigured())));
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains(problem), "{errors:?}");
}

#[test]
fn redirect_loop_is_an_error_line_once_per_interval() {
    let reason = AuthReason::SessionTokenMissing;
    let errors = lines("ERROR", || {
        (0..3).for_each(|_| log::redirect_loop(Some(&reason), &Explanation::default()));
    });
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].contains("redirect loop") && errors[0].contains("session-token-missing"),
        "{errors:?}"
    );
}
