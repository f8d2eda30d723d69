//! The command `doctor`: checks the settings in this process's environment.

use portal_sdk::backend::HttpBackend;
use portal_sdk::doctor::{Report, Status};
use portal_sdk::instance::Instance;

use crate::cli::Doctor;
use crate::failure::Failure;

/// Writes to standard output.
type Print = fn(&str) -> Result<(), Failure>;

pub(crate) async fn doctor(options: Doctor, print: Print) -> Result<(), Failure> {
    let instance = Instance::from_env().map_err(Failure::usage)?;
    let backend = HttpBackend::new(&instance);
    let mut printed = Ok(());
    let doctor = portal_sdk::doctor::Doctor::new(instance, backend);
    let report = doctor
        .examine_each(|finding| {
            if !options.json && printed.is_ok() {
                printed = print(&format!("{finding}\n"));
            }
        })
        .await;
    let failed = |failure| match report.has_failed() {
        // The exit code counts, also for a reader that has heard enough.
        true => Failure::CheckFailed,
        false => failure,
    };
    printed.map_err(failed)?;
    let end = match options.json {
        true => serde_json::to_string(&report).map_err(Failure::failed)?,
        false => summary(&report),
    };
    print(&format!("{end}\n")).map_err(failed)?;
    match report.has_failed() {
        true => Err(Failure::CheckFailed),
        false => Ok(()),
    }
}

fn summary(report: &Report) -> String {
    let count = |status| {
        let findings = report.findings().iter();
        findings.filter(|finding| finding.status() == status).count()
    };
    let (failed, warned) = (count(Status::Fail), count(Status::Warn));
    match (failed, warned, count(Status::NotChecked)) {
        (0, 0, 0) => "All checks are ok.".to_owned(),
        (_, _, not_checked) => format!("{failed} failed, {warned} warned, {not_checked} not checked."),
    }
}
