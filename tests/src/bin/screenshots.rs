//! Pictures of every page of the local portal, in light, dark and narrow, for review.
//!
//! ```sh
//! cargo run -p portal-tests --bin screenshots          # writes them to ./screenshots
//! ```

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use portal_tests::browser::{Browser, Scripts};
use portal_tests::tour::tour;

/// Name, width, height, dark.
const LOOKS: [(&str, u32, u32, bool); 3] = [
    ("light", 1280, 800, false),
    ("dark", 1280, 800, true),
    ("narrow", 320, 640, false),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of standard output has heard enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be done if the terminal is gone too.
            let _ = writeln!(io::stderr(), "screenshots: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> io::Result<()> {
    let missing = ["chromium", "chromedriver"]
        .into_iter()
        .find(|program| !is_on_path(program));
    if let Some(program) = missing {
        let hint = format!("{program} is not on the PATH; install it, or run ./test.sh, which does");
        return Err(io::Error::new(io::ErrorKind::NotFound, hint));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, PathBuf::from);
    let folder = root.join("screenshots");
    let mut count = 0;
    for (look, width, height, is_dark) in LOOKS {
        let folder = folder.join(look);
        fs::create_dir_all(&folder)?;
        let browser = Browser::in_chromium(Scripts::On).await;
        browser.appear(width, height, is_dark).await;
        browser.hide_scrollbars().await;
        let mut outcome = Ok(());
        tour(&browser, async |name| {
            let picture = browser.picture().await;
            if outcome.is_ok() {
                outcome = keep(
                    &folder.join(format!("{name}.png")),
                    &picture,
                    &format!("{look}: {name}"),
                );
                count += 1;
            }
        })
        .await;
        browser.close().await;
        outcome?;
    }
    writeln!(io::stdout(), "{count} pictures in {}", folder.display())
}

fn keep(file: &Path, picture: &[u8], line: &str) -> io::Result<()> {
    fs::write(file, picture).map_err(|error| {
        let hint = format!(
            "{} cannot be written: {error}; check the disk and its permissions",
            file.display()
        );
        io::Error::new(error.kind(), hint)
    })?;
    writeln!(io::stdout(), "{line}")
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
