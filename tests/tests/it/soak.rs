//! Soaks of some seconds, so that the harnesses stay sound: each fault once, and each end of a session.

use std::future::pending;

use portal_tests::soak::{DiskKind, Options, run, sockets};

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_once_violates_no_property() {
    let options = Options {
        // The other kind needs the right to mount.
        disk: Some(DiskKind::FileSize),
        ..Options::miniature(1)
    };
    let report = run(options, |_| {}, pending()).await.expect("the soak runs");
    assert!(report.is_passed(), "{report}");
    let faults = report.faults();
    assert_eq!(faults.len(), 6, "{faults:?}");
    for figure in [
        "sign-ups",
        "changes of names and notes",
        "connections left in the middle",
        "accounts looked up in audits",
        "accounts signed in by audits",
    ] {
        assert!(report.figure(figure) > 0, "{figure}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_sessions_close_their_sockets_and_no_others() {
    let options = sockets::Options::miniature(env!("CARGO_BIN_EXE_soak-sockets").into());
    let report = sockets::run(options, |_| {}, pending()).await.expect("the soak runs");
    assert!(report.is_passed(), "{report}");
    let closed = report.closed();
    assert_eq!(closed.len(), 5, "{report}");
    for figure in [
        "sockets opened",
        "messages returned",
        "clients that vanished",
        "look-ups of sessions",
    ] {
        assert!(report.figure(figure) > 0, "{figure}: {report}");
    }
}
