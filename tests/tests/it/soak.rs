//! A soak of some seconds, so that the harness stays sound: each fault once.

use std::future::pending;

use portal_tests::soak::{DiskKind, Options, run};

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
