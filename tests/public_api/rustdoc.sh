#!/usr/bin/env bash
# rustdoc, with its JSON output enabled on a stable toolchain. Cargo runs it instead of rustdoc, so that the variable reaches
# rustdoc only: for the compiler it would rebuild every dependency that looks at it. Lints are for `cargo doc`: without a
# feature, links to its items lead nowhere.
RUSTC_BOOTSTRAP=1 exec rustdoc -Z unstable-options --output-format json "$@" --cap-lints allow
