//! The rooms of this crate import one way, so that each can be read without those after it.

use std::fs;
use std::path::{Path, PathBuf};

/// A room imports only itself and rooms before it.
const ROOMS: [&str; 29] = [
    "names",
    "clock",
    "secret",
    "limits",
    "throttle",
    "excerpt",
    "latest",
    "jitter",
    "path_pattern",
    "url_query",
    "key",
    "instance",
    "portal",
    "token",
    "authorization",
    "request",
    "fleet",
    "effect",
    "lease",
    "state",
    "decide",
    "backend",
    "webhook",
    "host_watch",
    "cookie_watch",
    "sign_out",
    "authenticator",
    "doctor",
    "testing",
];

#[test]
fn room_imports_only_rooms_before_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for file in rust_files(&src) {
        let room = room_of(file.strip_prefix(&src).unwrap());
        // The crate page may name every room; unit tests may build what they need.
        if room == "lib" || file.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text
            .split("#[cfg(test)]\nmod ")
            .flat_map(|part| part.split("#[cfg(all(test, feature = \"metrics\"))]\nmod "))
            .next();
        let code = code.unwrap().lines();
        let code: Vec<&str> = code.filter_map(|line| line.split("//").next()).collect();
        for after in code.join("\n").split("crate::").skip(1) {
            let imported = after
                .split(|c: char| !c.is_ascii_lowercase() && c != '_')
                .next()
                .unwrap();
            if place(imported) > place(&room) {
                found.push(format!("{}: crate::{imported}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The position in the order. A new room needs one.
fn place(room: &str) -> usize {
    let position = ROOMS.iter().position(|known| *known == room);
    position.unwrap_or_else(|| panic!("expected a room of ROOMS, found {room:?}; give it a place in the order"))
}

/// `instance` for `instance/builder.rs`, `clock` for `clock.rs`.
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
