//! Pictures of every page of the local portal, in light, dark and narrow, for people who look at them all at once.
//!
//! ```sh
//! cargo run -p portal-tests --bin screenshots          # writes them to ./screenshots
//! ```

#![allow(clippy::print_stdout, reason = "it says where the pictures are")]

use std::fs;
use std::path::{Path, PathBuf};

use portal_tests::browser::Browser;
use portal_tests::tour::tour;

/// Name, width, height, dark.
const LOOKS: [(&str, u32, u32, bool); 3] = [
    ("light", 1280, 800, false),
    ("dark", 1280, 800, true),
    ("narrow", 320, 640, false),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, PathBuf::from);
    let folder = root.join("screenshots");
    let mut count = 0;
    for (look, width, height, is_dark) in LOOKS {
        let folder = folder.join(look);
        fs::create_dir_all(&folder)?;
        let browser = Browser::open().await;
        browser.appear(width, height, is_dark).await;
        browser.hide_scrollbars().await;
        let mut problem = Ok(());
        tour(&browser, async |name| {
            let written = fs::write(folder.join(format!("{name}.png")), browser.picture().await);
            problem = std::mem::replace(&mut problem, Ok(())).and(written);
            count += 1;
            println!("{look}: {name}");
        })
        .await;
        browser.close().await;
        problem?;
    }
    println!("{count} pictures in {}", folder.display());
    Ok(())
}
