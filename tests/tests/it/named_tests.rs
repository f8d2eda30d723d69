//! The tests that the threat model and the table of limits name are in the tree.

use std::fs;
use std::path::{Path, PathBuf};

/// Documents with tables whose last column names tests.
const DOCUMENTS: [&str; 2] = ["SECURITY.md", "portal-axum/src/guide/limits.md"];
const TEST_COLUMN: &str = "Test";

#[test]
fn each_threat_and_each_limit_names_tests_that_exist() {
    for document in DOCUMENTS {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let rows = rows(&text);
        assert!(rows.len() >= 10, "{document}: only {} rows name tests", rows.len());
        let faults: Vec<String> = rows.iter().flat_map(|row| faults_of(row)).collect();
        assert!(faults.is_empty(), "{document}:\n{}", faults.join("\n"));
    }
}

#[test]
fn row_without_a_test_and_test_that_does_not_exist_are_reported() {
    let here = "tests/tests/it/named_tests.rs";
    let row = |tests: &str| format!("| a threat | an answer | {tests} |");
    let own = "row_without_a_test_and_test_that_does_not_exist_are_reported";
    assert!(faults_of(&row(&format!("`{own}` in `{here}`"))).is_empty());
    for (tests, fault) in [
        ("none", "names no test"),
        ("`rows` in `no/such/file.rs`", "no/such/file.rs is not there"),
        (&*format!("`another` in `{here}`"), "has no test another"),
        (&*format!("`rows` in `{here}`"), "has no test rows"),
        (
            &*format!("`{own}` in `{here}`; `row_without` in `{here}`"),
            "has no test row_without",
        ),
    ] {
        let faults = faults_of(&row(tests));
        assert!(
            matches!(&*faults, [found] if found.contains(fault)),
            "{tests}: expected {fault:?}, found {faults:?}"
        );
    }
}

#[test]
fn test_that_never_runs_does_not_count() {
    for (attributes, expected) in [
        ("#[test]", true),
        ("/// Text.\n#[tokio::test(start_paused = true)]\n#[should_panic]", true),
        ("", false),
        ("#[test]\n#[ignore = \"slow\"]", false),
        ("#[ignore]\n#[test]", false),
        ("#[cfg(windows)]\n#[test]", false),
        ("#[test]\n#[cfg_attr(unix, ignore)]", false),
    ] {
        let source = format!("}}\n\n{attributes}\n    async fn it() {{");
        assert_eq!(has_test(&source, "it"), expected, "{attributes}");
    }
    for (file, expected) in [
        ("tests/tests/it/named_tests.rs", true),
        ("tests/tests/it/attacks/mod.rs", true),
        ("tests/tests/prose.rs", true),
        ("portal-sdk/src/limits.rs", true),
        ("portal-local/src/server/connections/tests.rs", true),
        ("tests/tests/it/no_module_names_this.rs", false),
        ("portal-tower/src/require/drain.rs", false),
        // Of another workspace, which no test of this one builds.
        ("fuzz/fuzz_targets/token.rs", false),
    ] {
        assert_eq!(is_compiled(&root().join(file)), expected, "{file}");
    }
}

/// Returns the rows of each table whose last column is that of the tests.
fn rows(document: &str) -> Vec<&str> {
    let mut is_in_table = false;
    let mut rows = Vec::new();
    for line in document.lines() {
        let last = cells(line).last().copied();
        is_in_table = last == Some(TEST_COLUMN) || (is_in_table && last.is_some());
        if is_in_table && last != Some(TEST_COLUMN) && last != Some("---") {
            rows.push(line);
        }
    }
    rows
}

/// Returns the cells of a table's row; empty for other lines.
fn cells(line: &str) -> Vec<&str> {
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    inner.map_or(Vec::new(), |inner| inner.split('|').map(str::trim).collect())
}

/// Returns the faults of a row, in which tests are written `` `name` in `path` ``.
fn faults_of(row: &str) -> Vec<String> {
    let cells = cells(row);
    let threat = cells.first().copied().unwrap_or_default();
    let tests: Vec<(&str, &str)> = cells.last().map_or(Vec::new(), |last| named_tests(last));
    if tests.is_empty() {
        return vec![format!("  {threat}: the row names no test")];
    }
    let fault = |(name, file): &(&str, &str)| match fs::read_to_string(root().join(file)) {
        Err(_) => Some(format!("  {threat}: {file} is not there")),
        Ok(_) if !is_compiled(&root().join(file)) => Some(format!("  {threat}: no target compiles {file}")),
        Ok(source) if !has_test(&source, name) => Some(format!("  {threat}: {file} has no test {name}")),
        Ok(_) => None,
    };
    tests.iter().filter_map(fault).collect()
}

/// Returns the names and files in `` `name` in `path`; `other` in `path` ``.
fn named_tests(cell: &str) -> Vec<(&str, &str)> {
    let words: Vec<&str> = cell.split('`').collect();
    let is_named = |words: &&[&str]| words[1] == " in ";
    words
        .windows(3)
        .filter(is_named)
        .map(|words| (words[0], words[2]))
        .collect()
}

/// Returns `true` if a `mod` names the file in each file up to the root of a target.
fn is_compiled(file: &Path) -> bool {
    let (Some(folder), Some(stem)) = (file.parent(), file.file_stem()) else {
        return false;
    };
    let is_test_target = || folder.ends_with("tests") && folder.with_file_name("Cargo.toml").exists();
    if stem == "lib" || stem == "main" || is_test_target() {
        return true;
    }
    let (folder, name) = match (stem == "mod", folder.parent(), folder.file_name()) {
        (true, Some(parent), Some(name)) => (parent, name),
        _ => (folder, stem),
    };
    let declaration = format!("mod {};", name.display());
    let declares = |parent: &Path| {
        let source = fs::read_to_string(parent).unwrap_or_default();
        source.lines().map(str::trim).any(|line| {
            let visibility = line.strip_suffix(&declaration);
            visibility.is_some_and(|visibility| visibility.is_empty() || visibility.starts_with("pub"))
        })
    };
    let parents = ["mod.rs", "main.rs", "lib.rs"].map(|name| folder.join(name));
    let mut parents = parents.into_iter().chain([folder.with_extension("rs")]);
    parents.any(|parent| declares(&parent) && is_compiled(&parent))
}

/// Returns `true` if the source has the function `name` below a test attribute, or a recorded difference of this name.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let is_function = |line: &str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")
            .and_then(|line| line.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    };
    let is_attribute = |line: &&&str| line.starts_with("#[") || line.starts_with("//");
    let is_test = |at: usize| {
        let attributes = || lines[..at].iter().rev().take_while(is_attribute);
        let has = |starts: &[&str]| attributes().any(|line| starts.iter().any(|start| line.starts_with(start)));
        has(&["#[test]", "#[tokio::test"]) && !has(&["#[ignore", "#[cfg"])
    };
    let is_recorded = lines
        .iter()
        .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(" => \"G")));
    is_recorded
        || lines
            .iter()
            .enumerate()
            .any(|(at, line)| is_function(line) && is_test(at))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
