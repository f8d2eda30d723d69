//! The guides of `portal-axum`: their tables are complete, and their links lead to headings.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod beside_local_portal;

#[test]
fn guide_of_authentication_explains_every_reason() {
    let guide = read("portal-axum/src/guide/authentication.md");
    let reasons = words_of(
        "portal-sdk/src/state/reason.rs",
        "fn as_str",
        "impl fmt::Display for AuthReason",
    );
    let failures = words_of(
        "portal-sdk/src/state/reason.rs",
        "impl fmt::Display for RefreshFailure",
        "Refused(code)",
    );
    let errors = words_of(
        "portal-sdk/src/token/error.rs",
        "pub fn as_str",
        "impl fmt::Display for TokenErrorReason",
    );
    let refusals = words_of("portal-tower/src/require/cause.rs", "fn reason(", "fn message(");
    assert!(
        reasons.len() >= 15 && failures.len() >= 8 && errors.len() >= 12 && refusals.len() >= 10,
        "the sources of the reasons have another form: {reasons:?} {failures:?} {errors:?} {refusals:?}"
    );
    let all = [reasons, failures, errors, refusals].concat();
    let is_missing = |word: &&String| !guide.contains(&format!("\n| `{word}` |"));
    let missing: Vec<&String> = all.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "reasons without a row in the guide: {missing:?}");
}

#[test]
fn versions_in_documents_are_those_of_the_workspace() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let version_of = |name: &str| {
        let line = manifest.lines().find(|line| line.starts_with(&format!("{name} = ")));
        line.map(|line| version(line).expect("a version")).map(str::to_owned)
    };
    let mut checked = 0;
    let readmes = ["", "portal-sdk", "portal-tower", "portal-axum", "portal-local"];
    let readmes = readmes.map(|folder| root().join(folder).join("README.md"));
    for file in guides().into_iter().chain(readmes) {
        let text = fs::read_to_string(&file).unwrap();
        let blocks = text
            .split("```toml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next());
        for line in blocks.flat_map(str::lines).filter(|line| line.contains(" = ")) {
            let (name, _) = line.split_once(" = ").unwrap();
            let ours = version_of(name).unwrap_or_else(|| panic!("{name} is not a dependency of the workspace"));
            let named = version(line).expect("a version");
            assert!(
                format!("{ours}.").starts_with(&format!("{named}.")),
                "{}: {line}, but {ours}",
                file.display()
            );
            checked += 1;
        }
    }
    assert!(checked >= 5, "the documents name dependencies in another form");
}

/// Returns the version in a dependency's line, in both forms.
fn version(line: &str) -> Option<&str> {
    let requirement = line.split_once("version = ").or_else(|| line.split_once(" = "))?.1;
    requirement.strip_prefix('"')?.split('"').next()
}

/// Not a doc-test of `portal-axum`, so that its tests do not build the portal.
#[test]
fn flow_in_the_guide_about_tests_is_the_one_that_is_tested_here() {
    let guide = read("portal-axum/src/guide/testing.md");
    let flow = include_str!("guides/beside_local_portal.rs").trim();
    assert!(
        guide.contains(&format!("```rust,ignore\n{flow}\n```")),
        "copy tests/tests/it/guides/beside_local_portal.rs to the end of portal-axum/src/guide/testing.md"
    );
}

#[test]
fn statements_in_the_guide_about_users_are_those_of_the_example() {
    let guide = read("portal-axum/src/guide/users.md");
    let statement = |file: &str| read(&format!("examples/users/src/database/{file}.sql"));
    // Without the transaction around it, which only a program that starts twice needs.
    let table = statement("postgres");
    let table = table
        .split("CREATE TABLE")
        .nth(1)
        .and_then(|rest| rest.split("COMMIT").next());
    let table = format!("CREATE TABLE{}", table.expect("the table"));
    for statement in [table, statement("save"), statement("delete")] {
        assert!(
            guide.contains(statement.trim()),
            "copy to portal-axum/src/guide/users.md:\n{statement}"
        );
    }
    let library = read("examples/users/src/profile.rs");
    for shortcode in ["primary_email_address", "full_name", "created_at", "updated_at"] {
        let shortcode = format!("\"{{{{user.{shortcode}}}}}\"");
        assert!(
            guide.contains(&shortcode) && library.contains(&shortcode),
            "{shortcode}"
        );
    }
}

#[test]
fn links_to_headings_of_guides_lead_to_a_heading() {
    let mut dead = Vec::new();
    for file in guides() {
        let text = fs::read_to_string(&file).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let Some((page, heading)) = target.0.split_once('#') else {
                continue;
            };
            let page = page.strip_prefix("crate::guide::").unwrap_or(page);
            let name = match page {
                "" => file.file_stem().unwrap().to_str().unwrap(),
                // An item's page or another crate's.
                page if page.contains("::") => continue,
                page => page,
            };
            if !headings(name).contains(&heading.to_owned()) {
                dead.push(format!("{}: {}", file.display(), target.0));
            }
        }
    }
    assert!(dead.is_empty(), "links without a heading:\n{}", dead.join("\n"));
}

#[test]
fn definitions_of_links_exist_for_forges_and_for_rustdoc() {
    let for_rustdoc = read("portal-axum/src/guide/rustdoc_links.txt");
    let for_rustdoc: Vec<&str> = definitions(&for_rustdoc).map(|(label, _)| label).collect();
    let mut used = BTreeSet::new();
    let mut dead = Vec::new();
    for file in guides() {
        let text = fs::read_to_string(&file).unwrap();
        for (label, target) in definitions(&text) {
            used.insert(label.to_owned());
            let (page, heading) = target.split_once('#').unwrap_or((target, ""));
            let has_heading =
                heading.is_empty() || headings(page.trim_end_matches(".md")).contains(&heading.to_owned());
            if !has_heading || !folder().join(page).is_file() || !for_rustdoc.contains(&label) {
                dead.push(format!("{}: [{label}]: {target}", file.display()));
            }
        }
    }
    dead.extend(
        for_rustdoc
            .iter()
            .filter(|label| !used.contains(**label))
            .map(|label| format!("unused: {label}")),
    );
    assert!(used.len() >= 20, "the guides define links in another form: {used:?}");
    assert!(
        dead.is_empty(),
        "definitions without a file, a heading or an item:\n{}",
        dead.join("\n")
    );
}

/// The labels and targets of a document's reference definitions.
fn definitions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
}

#[test]
fn questions_of_guides_are_listed_in_the_index() {
    let index = read("portal-axum/src/guide/mod.rs");
    for file in guides() {
        let text = fs::read_to_string(&file).unwrap();
        let questions = prose(&text).into_iter().filter_map(|line| line.strip_prefix("# "));
        for question in questions.filter(|heading| heading.ends_with('?')) {
            assert!(
                index.contains(&format!("[{question}]")),
                "{}: {question}",
                file.display()
            );
        }
    }
}

/// The anchors of a guide's headings, as rustdoc writes them.
fn headings(guide: &str) -> Vec<String> {
    let text = fs::read_to_string(folder().join(format!("{guide}.md"))).unwrap_or_default();
    let lines = prose(&text).into_iter().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let letters = line.trim_start_matches('#').trim().chars();
        let kept = letters.filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
            .collect()
    };
    lines.map(anchor).collect()
}

/// The lines outside of code blocks.
fn prose(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push(line);
        }
    }
    lines
}

/// The words in quotes after `=>`, between two texts of a source file.
fn words_of(path: &str, from: &str, to: &str) -> Vec<String> {
    let source = read(path);
    let (_, rest) = source.split_once(from).unwrap_or_else(|| panic!("{path}: {from}"));
    let (part, _) = rest.split_once(to).unwrap_or_else(|| panic!("{path}: {to}"));
    let words = part.split("=> ").filter_map(|arm| {
        let arm = arm.strip_prefix("format!(").unwrap_or(arm);
        let (word, _) = arm.strip_prefix('"')?.split_once('"')?;
        Some(word.replace("{failure}", "…"))
    });
    words.collect()
}

fn guides() -> Vec<PathBuf> {
    let files = fs::read_dir(folder())
        .expect("the guides")
        .map(|entry| entry.expect("a file").path());
    let is_guide = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "md");
    let mut guides: Vec<PathBuf> = files.filter(is_guide).collect();
    guides.push(folder().join("mod.rs"));
    guides
}

fn folder() -> PathBuf {
    root().join("portal-axum/src/guide")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}
