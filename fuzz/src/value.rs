//! Values of cookies, parameters and headers: most often one that means something, else any bytes.

use std::borrow::Cow;

use arbitrary::Arbitrary;

use crate::tokens::token;

/// A development browser's token. It must not be printed.
pub const DEV_BROWSER: &str = "dvb_h7Gq2LmZx9RtY4";
/// A refresh token. It must not be printed.
pub const REFRESH: &str = "rotating_k3Wn8VbQp5Ts";
/// A handshake's nonce. It must not be printed.
pub const NONCE: &str = "nonce_d6Fj1CyHu0Ae";

/// Markup that no page shows unescaped.
pub const MARKUP: &str = "<zq\"'>";

const WORDS: [&str; 28] = [
    "",
    "0",
    "1",
    "3",
    "-1",
    "2.1a2b3c4d",
    "1795402120",
    "1795402200",
    "99999999999999999999",
    "true",
    "false",
    "null",
    "%",
    "%ff",
    "%3B%20a%3D%0D%0A",
    "\"x\"",
    "document",
    "empty",
    "text/html,application/xhtml+xml",
    "https",
    "navigate",
    "same-origin",
    "cross-site",
    DEV_BROWSER,
    REFRESH,
    NONCE,
    "satellite.dev",
    MARKUP,
];
/// Targets that a link to the application could name.
const ADDRESSES: [&str; 14] = [
    "https://app.example.com/x",
    "https://app.example.com/",
    "https://www.example.com/x",
    "http://localhost:3001/x",
    "https://satellite.example/x",
    "https://satellite.dev",
    "https://primary.example",
    "https://evil.example/x",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "https://localhost@evil.example",
    "http://127.0.0.1.evil.example/",
    "https://clerk.example.com",
];

/// A value.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum AnyValue<'a> {
    /// One of the tokens.
    Token(u8),
    /// `Bearer` and one of the tokens.
    Bearer(u8),
    /// One of the tokens with one byte changed.
    Changed { token: u8, at: u16, byte: u8 },
    /// A short text that means something.
    Word(u8),
    /// An address.
    Address(u8),
    /// Any bytes.
    Bytes(&'a [u8]),
}

impl<'a> AnyValue<'a> {
    /// The bytes of the value.
    #[must_use]
    pub fn bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Token(number) => token(number).as_bytes().into(),
            Self::Bearer(number) => format!("Bearer {}", token(number)).into_bytes().into(),
            Self::Changed {
                token: number,
                at,
                byte,
            } => {
                let mut bytes = token(number).as_bytes().to_vec();
                let at = usize::from(at) % bytes.len();
                bytes[at] = byte;
                bytes.into()
            }
            Self::Word(number) => WORDS[usize::from(number) % WORDS.len()].as_bytes().into(),
            Self::Address(number) => ADDRESSES[usize::from(number) % ADDRESSES.len()].as_bytes().into(),
            Self::Bytes(bytes) => bytes.into(),
        }
    }

    /// The value as a text, each byte as a character.
    #[must_use]
    pub fn text(self) -> String {
        self.bytes().iter().copied().map(char::from).collect()
    }
}
