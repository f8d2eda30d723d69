//! Session tokens: any text, and genuine tokens with any change.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use portal_fuzz::instances::{INSTANCES, now};
use portal_fuzz::keys;
use portal_fuzz::tokens::{FOREIGN, GENUINE, OTHER_KINDS, WORTHLESS, token};
use portal_sdk::limits::MAX_TOKEN_BYTES;
use portal_sdk::token::{UnverifiedToken, VerifyRules, verify_session_token};

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Text(&'a str),
    /// A token with a part of it replaced.
    Changed {
        token: u8,
        from: u16,
        len: u8,
        by: &'a str,
    },
    /// Three parts of three tokens.
    Mixed(u8, u8, u8, &'a str),
}

impl Input<'_> {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Changed {
                token: number,
                from,
                len,
                by,
            } => {
                let text = token(*number);
                let from = usize::from(*from) % (text.len() + 1);
                let to = text.len().min(from + usize::from(*len));
                format!("{}{by}{}", &text[..from], &text[to..])
            }
            Self::Mixed(first, second, third, end) => {
                let part = |number: u8, at| token(number).split('.').nth(at).unwrap_or_default();
                format!("{}.{}.{}{end}", part(*first, 0), part(*second, 1), part(*third, 2))
            }
        }
    }
}

fuzz_target!(|input: Input<'_>| {
    let text = input.text();
    let token = match UnverifiedToken::decode(&text) {
        Ok(token) => token,
        Err(error) => return nothing_of_the_token_is_shown(&text, &format!("{error} {error:?}")),
    };
    assert!(text.len() <= MAX_TOKEN_BYTES);
    assert_eq!(text.split('.').count(), 3);
    assert_eq!(token.text(), text);
    nothing_of_the_token_is_shown(&text, &format!("{token:?}"));

    for instance in &INSTANCES[..2] {
        match verify_session_token(&token, keys::verifying_key(), VerifyRules::of(instance), now()) {
            Ok(claims) => {
                // Padding after the signature is the only freedom of the encoding.
                let text = text.trim_end_matches('=');
                let is_genuine = GENUINE.iter().any(|known| known.text == text);
                assert!(
                    is_genuine || OTHER_KINDS.iter().any(|known| known == text),
                    "accepted {text}"
                );
                nothing_of_the_token_is_shown(text, &format!("{claims:?}"));
            }
            Err(error) => nothing_of_the_token_is_shown(&text, &format!("{error} {error:?}")),
        }
        // Another key accepts its own tokens only.
        let other = INSTANCES.last().and_then(|instance| instance.jwt_key());
        let other = other.expect("the last instance has a PEM key");
        if verify_session_token(&token, other, VerifyRules::of(instance), now()).is_ok() {
            let text = text.trim_end_matches('=');
            // Mixed parts can make up the whole token again.
            let mut known = WORTHLESS.iter().chain([&*FOREIGN]);
            assert!(known.any(|known| known == text), "another key accepts {text}");
        }
    }
});

fn nothing_of_the_token_is_shown(text: &str, printed: &str) {
    let signature = text.rsplit('.').next().unwrap_or_default();
    assert!(
        signature.len() < 24 || !printed.contains(signature),
        "{text} is shown: {printed}"
    );
}
