//! The rooms of this crate import one way, so that each can be read without those after it.

use std::fs;
use std::path::{Path, PathBuf};

/// A room imports only itself and rooms of earlier lines; those of one line know nothing of each other.
const ROOMS: [&[&str]; 23] = [
    &[
        "clock",
        "device",
        "excerpt",
        "images",
        "json_body",
        "multipart",
        "redacted",
    ],
    &[
        "redirect",
        "request_log",
        "rfc3339",
        "same_origin",
        "secrets",
        "set_cookies",
    ],
    &["claims", "ids", "signing_key", "totp"],
    &["store"],
    &["error", "mint", "slow_work", "webhooks"],
    &["password"],
    &["dev_browser", "flow"],
    &["seed", "status"],
    &["json"],
    &["absent", "faults"],
    &["state"],
    &["admin", "env_file", "html"],
    &["backend_api", "frontend_api", "local_api", "pages"],
    &["server"],
    &["config"],
    &["portal"],
    &["start"],
    &["test_portal"],
    // The binary.
    &["cli"],
    &["running"],
    &["failure"],
    &["shutdown"],
    &["doctor"],
];

#[test]
fn room_imports_only_rooms_before_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for file in rust_files(&src) {
        let room = room_of(file.strip_prefix(&src).unwrap());
        // The roots may name every room.
        if room == "lib" || room == "main" {
            continue;
        }
        for imported in imports(&fs::read_to_string(&file).unwrap()) {
            if imported != room && line_of(&imported) >= line_of(&room) {
                found.push(format!("{}: crate::{imported}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The rooms that a file names after `crate::`.
// Unit tests are exempt: they may build what they need.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap().lines();
    let code: Vec<&str> = code.filter_map(|line| line.split("//").next()).collect();
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let name = |text: &str| text.chars().take_while(|c| is_name(*c)).collect::<String>();
    let mut found = Vec::new();
    for after in code.join("\n").split("crate::").skip(1) {
        match after.strip_prefix('{').and_then(|list| list.split('}').next()) {
            Some(list) => found.extend(list.split(',').map(|item| name(item.trim()))),
            None => found.push(name(after)),
        }
    }
    found.retain(|room| !room.is_empty());
    found
}

/// The line of a room in the order. A new room needs one.
fn line_of(room: &str) -> usize {
    let line = ROOMS.iter().position(|line| line.contains(&room));
    line.unwrap_or_else(|| panic!("expected a room of ROOMS, found {room:?}; give it a place in the order"))
}

/// `store` for `store/users.rs`, `clock` for `clock.rs`.
fn room_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
