//! Keeps comments and documents free of words that hide the actor or have to be read twice.

use std::fs;
use std::path::{Path, PathBuf};

/// Words and phrases that do not pass, in lower case.
const DENIED: &[&str] = &[
    // They hide the actor.
    "whoever",
    "whomever",
    "somebody",
    "someone",
    "nobody",
    "no one",
    "anybody",
    "everybody",
    "people",
    // They deny an identity or hide the noun: write "not a", "invalid", "missing", or the noun itself.
    "is none",
    "are none",
    "is no",
    "are no",
    "what is",
    "what was",
    "of its own",
    "of their own",
    "so many",
    "as far as",
    "as may be",
    // Old or unusual words for "again", "too", "valid", "omitted", "continues", "represents".
    "anew",
    "afresh",
    "once more",
    "likewise",
    "in vain",
    "for ever",
    "asked for",
    "taken for",
    "stands for",
    "stands in for",
    "good for",
    "left out",
    "goes on",
    "says so",
    "is told",
    "closing slash",
];

/// Longer phrases that may contain a denied one.
const ALLOWED: &[&str] = &[
    // They say that a set is empty. Without "there", the phrase denies an identity.
    "there is none",
    "there are none",
    "there is no",
    "there are no",
    // A change of state, not an identity.
    "is no longer",
    "are no longer",
];

/// Words that do not begin a documentation comment: it begins with a verb or the noun that the item is.
const DENIED_FIRST: &[&str] = &[
    "what", "whether", "why", "who", "whom", "whose", "how", "where", "when", "which",
];

const SOURCES: &[&str] = &[
    "portal-sdk/src",
    "portal-sdk/tests",
    "portal-tower/src",
    "portal-tower/tests",
    "portal-axum/src",
    "portal-axum/tests",
    "portal-local/src",
    "portal-local/tests",
    "benches/benches",
    "benches/peers/clerk-rs/src",
    "benches/src",
    "benches/tests",
    "examples",
    "fuzz/fuzz_targets",
    "fuzz/src",
    "tests/src",
    "tests/tests",
];

const DOCUMENTS: [&str; 11] = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs",
    "fuzz/README.md",
    "portal-axum/README.md",
    "portal-axum/src/guide",
    "portal-local/README.md",
    "portal-sdk/README.md",
    "portal-tower/README.md",
];

/// A word in lower case, and the number of its line.
type Word = (usize, String);

#[test]
fn comments_and_documents_contain_no_denied_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut found = Vec::new();
    for (folders, extension) in [(SOURCES, "rs"), (&DOCUMENTS[..], "md")] {
        for file in folders.iter().flat_map(|folder| files(&root.join(folder), extension)) {
            let text = fs::read_to_string(&file).expect("a text file");
            let prose = if extension == "rs" { comments(&text) } else { text };
            let name = file.strip_prefix(root).unwrap_or(&file).display();
            found.extend(
                denied(&prose)
                    .into_iter()
                    .map(|(line, phrase)| format!("{name}:{line}: {phrase}")),
            );
        }
    }
    assert!(found.is_empty(), "denied words, see DENIED:\n{}", found.join("\n"));
}

#[test]
fn documentation_comments_begin_with_the_item() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut found = Vec::new();
    for file in SOURCES.iter().flat_map(|folder| files(&root.join(folder), "rs")) {
        let text = fs::read_to_string(&file).expect("a text file");
        let name = file.strip_prefix(root).unwrap_or(&file).display();
        let first = denied_first(&text).into_iter();
        found.extend(first.map(|(line, word)| format!("{name}:{line}: {word}")));
    }
    assert!(
        found.is_empty(),
        "denied first words, see DENIED_FIRST:\n{}",
        found.join("\n")
    );
}

#[test]
fn only_first_lines_of_documentation_are_read() {
    let source =
        "//! What it is.\n//! Why not.\n\n/// A value.\n/// Whether it is.\nfn f() {}\n    /// How.\n// Who.\n";
    assert_eq!(denied_first(source), [(1, "what"), (7, "how")]);
}

#[test]
fn only_comments_of_rust_sources_are_read() {
    let source = "let a = \"// nobody\"; // anew\nlet b = r#\"\" somebody\"#; /* is\nnone */ let c = '\"'; // likewise";
    assert_eq!(
        denied(&comments(source)),
        [(1, "anew"), (2, "is none"), (3, "likewise")]
    );
    assert_eq!(
        denied("If there\nare none, it is `None`; it is none."),
        [(2, "is none")]
    );
}

/// Returns each denied phrase in `prose` with the line of its first word, also where a line break divides it.
fn denied(prose: &str) -> Vec<(usize, &'static str)> {
    let words = words(prose);
    let starts = |at: usize, phrase: &str| {
        let mut rest = words[at..].iter();
        phrase
            .split(' ')
            .all(|word| rest.next().is_some_and(|(_, next)| next == word))
    };
    let is_allowed = |at: usize| {
        let covers = |phrase: &&str| starts(at, phrase) || at > 0 && starts(at - 1, phrase);
        ALLOWED.iter().any(covers)
    };
    let at = |at: usize| {
        DENIED
            .iter()
            .copied()
            .filter(move |phrase| starts(at, phrase) && !is_allowed(at))
    };
    (0..words.len())
        .flat_map(|index| at(index).map(move |phrase| (index, phrase)))
        .map(|(index, phrase)| (words[index].0, phrase))
        .collect()
}

/// Returns each denied word at the start of a documentation comment of `source`, with its line.
fn denied_first(source: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let mut was_documentation = false;
    for (index, line) in source.lines().enumerate() {
        let line = line.trim_start();
        let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        if let Some(text) = text.filter(|_| !was_documentation) {
            let first = text.split_whitespace().next().unwrap_or_default();
            let first = first
                .trim_end_matches(|letter: char| !letter.is_alphanumeric())
                .to_lowercase();
            let denied = DENIED_FIRST.iter().find(|word| **word == first);
            found.extend(denied.map(|word| (index + 1, *word)));
        }
        was_documentation = text.is_some();
    }
    found
}

fn words(prose: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for (index, line) in prose.lines().enumerate() {
        for (part, text) in line.split('`').enumerate() {
            if part % 2 == 1 {
                // Code: `None` is not the word.
                words.push((index + 1, "`".to_owned()));
                continue;
            }
            let pieces = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '\'');
            let pieces = pieces.filter(|piece| !piece.is_empty());
            words.extend(pieces.map(|piece| (index + 1, piece.to_lowercase())));
        }
    }
    words
}

/// Returns only the comments of `source`, line by line.
fn comments(source: &str) -> String {
    let mut prose = String::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (length, is_comment) = token(rest, first);
        let (token, after) = rest.split_at(length);
        match is_comment {
            true => prose.push_str(token),
            false => prose.extend(token.chars().filter(|letter| *letter == '\n')),
        }
        rest = after;
    }
    prose
}

/// Returns the length of the token at the start of `rest`, and `true` if it is a comment.
fn token(rest: &str, first: char) -> (usize, bool) {
    let through = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    match first {
        '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), true),
        '/' if rest.starts_with("/*") => (through("*/", 2), true),
        '"' => (string(rest), false),
        '\'' if rest.starts_with("'\\") => (through("'", 3), false),
        '\'' if rest.chars().nth(2) == Some('\'') => (rest.chars().take(3).map(char::len_utf8).sum(), false),
        'r' => {
            let hashes = rest[1..].len() - rest[1..].trim_start_matches('#').len();
            match rest[1 + hashes..].starts_with('"') {
                true => (through(&format!("\"{}", "#".repeat(hashes)), hashes + 2), false),
                false => (1, false),
            }
        }
        _ => (first.len_utf8(), false),
    }
}

fn string(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn files(path: &Path, extension: &str) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries
        .flat_map(
            |entry| match entry.is_dir() || entry.extension().is_some_and(|found| found == extension) {
                true => self::files(&entry, extension),
                false => Vec::new(),
            },
        )
        .collect();
    files.sort();
    files
}
