//! A string that does not print itself.

use std::fmt;
use std::sync::Arc;

/// A secret key, a token or a nonce.
///
/// # Security
///
/// `Debug` prints `[redacted]`, there is no `Display`, no `PartialEq` and no serialisation. The only way to the text is
/// [`expose`](Self::expose), so that every place that reads a secret can be found by its name.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
