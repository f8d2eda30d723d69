//! The code of our packages that runs on a machine that only builds them.

use std::process::Command;

use serde_json::Value;

/// The workspace's published packages, as Cargo describes them.
fn published_packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("Cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages").iter();
    // `null` publishes to every registry, and an empty list to none.
    packages
        .filter(|package| package["publish"].is_null())
        .cloned()
        .collect()
}

#[test]
fn published_packages_are_the_four_crates() {
    let packages = published_packages();
    let mut names: Vec<_> = packages.iter().map(|package| &package["name"]).collect();
    names.sort_by_key(|name| name.as_str());
    assert_eq!(names, ["portal-axum", "portal-local", "portal-sdk", "portal-tower"]);
}

#[test]
fn published_packages_run_no_code_while_an_application_builds() {
    for package in published_packages() {
        let name = &package["name"];
        let targets = package["targets"].as_array().expect("a list of targets");
        let kinds: Vec<_> = targets
            .iter()
            .flat_map(|target| target["kind"].as_array().expect("a list of kinds"))
            .collect();
        assert!(kinds.iter().any(|kind| **kind == "lib"), "{name}: {kinds:?}");
        for forbidden in ["custom-build", "proc-macro"] {
            assert!(
                kinds.iter().all(|kind| **kind != forbidden),
                "{name} has a target of the kind {forbidden}"
            );
        }
        let dependencies = package["dependencies"].as_array().expect("a list of dependencies");
        for dependency in dependencies {
            assert_ne!(dependency["kind"], "build", "{name}: {}", dependency["name"]);
        }
    }
}
