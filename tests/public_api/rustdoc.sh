#!/usr/bin/env bash
# rustdoc, with its JSON output enabled on a stable toolchain. Cargo runs it instead of rustdoc, so that the variable reaches
# rustdoc only: for the compiler it would rebuild every dependency that looks at it. Lints are off, because links to the items of
# a disabled feature are broken.
RUSTC_BOOTSTRAP=1 exec rustdoc -Z unstable-options --output-format json "$@" --cap-lints allow
