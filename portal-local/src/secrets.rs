//! Random values and the one-way forms in which they are kept.

use std::fmt;
use std::sync::LazyLock;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac, rand};
use data_encoding::{BASE64URL_NOPAD, Encoding, HEXLOWER, Specification};
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// SHA-256 of a secret: what the store keeps instead of the secret.
///
/// # Security
///
/// `==` takes the same time for all hashes. `Debug` hides the hash, because it reveals a code of six digits.
#[derive(Clone, Copy)]
pub(crate) struct SecretHash([u8; 32]);

impl SecretHash {
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl ToSql for SecretHash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for SecretHash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(Self)
    }
}

/// Bytes from the operating system's generator.
///
/// # Panics
///
/// Panics if the operating system provides no randomness, because no safe fallback exists.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A nonce or a refresh token: 32 random bytes that need no escaping in addresses and cookies.
pub(crate) fn random_token() -> String {
    BASE64URL_NOPAD.encode(&random_bytes::<32>())
}

/// `length` random letters and digits, at most 256.
pub(crate) fn random_alphanumeric(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // 248 is the largest multiple of 62 in a byte: without the rest, every letter is equally likely.
        let bytes = random_bytes::<64>();
        let letters = bytes.iter().filter(|&&byte| byte < 248);
        text.extend(
            letters
                .take(length - text.len())
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)])),
        );
    }
    text
}

/// Six random digits.
pub(crate) fn random_code() -> String {
    // 2^64 is so much larger than a million that the remainder's bias is beyond observation.
    format!("{:06}", u64::from_be_bytes(random_bytes()) % 1_000_000)
}

/// Crockford's base32, in lower case: letters that look like digits are read as these.
static CROCKFORD: LazyLock<Encoding> = LazyLock::new(|| {
    let mut crockford = Specification::new();
    crockford.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    crockford.translate.from.push_str("ABCDEFGHJKMNPQRSTVWXYZoOiIlL");
    crockford.translate.to.push_str("abcdefghjkmnpqrstvwxyz001111");
    crockford.encoding().expect("the symbols are 32 and distinct")
});

/// Forty bits, which are eight letters.
const BACKUP_CODE_BYTES: usize = 5;

/// Creates a backup code: random letters that users can copy from paper.
pub(crate) fn random_backup_code() -> String {
    CROCKFORD.encode(&random_bytes::<BACKUP_CODE_BYTES>())
}

/// Normalizes an entered backup code: case, spaces, hyphens, and letters that look like digits.
pub(crate) fn read_backup_code(entered: &str) -> Option<String> {
    let letters: String = entered.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let bytes = CROCKFORD.decode(letters.as_bytes()).ok()?;
    (bytes.len() == BACKUP_CODE_BYTES).then(|| CROCKFORD.encode(&bytes))
}

/// `bytes` bytes of chance in hexadecimal.
pub(crate) fn random_hex<const N: usize>() -> String {
    HEXLOWER.encode(&random_bytes::<N>())
}

pub(crate) fn hash(secret: &str) -> SecretHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    SecretHash(hash)
}

/// The hash of a short code, salted with the id of the verification or the user it belongs to: equal codes must not look
/// equal.
pub(crate) fn hash_code(owner_id: &str, code: &str) -> SecretHash {
    hash(&format!("{owner_id}:{code}"))
}

/// Proves that a form was made for one development browser by this portal.
pub(crate) struct FormKey(hmac::Key);

impl FormKey {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    pub(crate) fn token_for(&self, dev_browser_id: &str) -> String {
        BASE64URL_NOPAD.encode(hmac::sign(&self.0, dev_browser_id.as_bytes()).as_ref())
    }

    pub(crate) fn accepts(&self, dev_browser_id: &str, token: &str) -> bool {
        BASE64URL_NOPAD
            .decode(token.as_bytes())
            .is_ok_and(|tag| hmac::verify(&self.0, dev_browser_id.as_bytes(), &tag).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_six_digits_and_tokens_are_safe_in_cookies() {
        for _ in 0..100 {
            let code = random_code();
            assert!(
                code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
                "{code}"
            );
        }
        assert_eq!(random_token().len(), 43);
        assert!(!random_token().contains('='));
        assert_eq!(random_alphanumeric(40).len(), 40);
        assert_eq!(random_hex::<10>().len(), 20);
    }

    #[test]
    fn hash_of_a_code_is_compared_and_not_shown() {
        let hash = hash_code("user_1", "424242");
        assert!(hash == hash_code("user_1", "424242"));
        assert!(hash != hash_code("user_1", "424243") && hash != hash_code("user_2", "424242"));
        assert_eq!(format!("{hash:?}"), "[redacted]");
    }

    #[test]
    fn backup_codes_are_read_as_people_write_them() {
        for _ in 0..100 {
            let code = random_backup_code();
            assert_eq!(read_backup_code(&code), Some(code));
        }
        for entered in ["0a1b-1c2d", " OAIB lc2d ", "0A1B1C2D"] {
            assert_eq!(read_backup_code(entered).as_deref(), Some("0a1b1c2d"), "{entered}");
        }
        for entered in ["", "0a1b1c2", "0a1b1c2d3", "0a1b1c2u", "0a1b1c2é", "424242"] {
            assert_eq!(read_backup_code(entered), None, "{entered}");
        }
    }

    #[test]
    fn a_form_token_is_for_one_browser() {
        let key = FormKey::new(b"key");
        let token = key.token_for("dvb_1");
        assert!(key.accepts("dvb_1", &token));
        assert!(!key.accepts("dvb_2", &token));
        assert!(!key.accepts("dvb_1", "not base64!"));
        assert!(!FormKey::new(b"other").accepts("dvb_1", &token));
    }
}
