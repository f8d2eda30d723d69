//! Codes of authenticator apps: RFC 6238 with SHA-1, six digits and steps of thirty seconds, which every app knows.

use std::fmt;
use std::sync::LazyLock;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, Encoding};
use portal_sdk::clock::UnixTime;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use url::form_urlencoded;

use crate::secrets::random_bytes;

const STEP_SECS: i64 = 30;
/// The number of steps by which a phone's clock may be off, each way.
const TOLERANCE_STEPS: i64 = 1;
/// RFC 4648's base32 without padding, in any case. Bits after the last whole byte are ignored.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut base32 = BASE32_NOPAD.specification();
    base32.check_trailing_bits = false;
    base32.translate.from.push_str("abcdefghijklmnopqrstuvwxyz");
    base32.translate.to.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    base32.encoding().expect("the symbols are 32 and distinct")
});

/// Shorter secrets are guessable; longer ones are not secrets of an authenticator.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 10..=64;

/// The secret that an authenticator app and the portal share.
#[derive(Clone)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub(crate) struct TotpSecret(Vec<u8>);

/// The reason why a text is not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    #[error(
        "the authenticator's secret has the character {found:?}; expected base32: the letters A to Z and the digits 2 to 7"
    )]
    Character { found: char },
    #[error(
        "the authenticator's secret has {found} bytes; expected 10 to 64, which are 16 to 103 characters of base32"
    )]
    Length { found: usize },
}

impl TotpSecret {
    pub(crate) fn random() -> Self {
        // The length of SHA-1's output, as the RFC recommends.
        Self(random_bytes::<20>().to_vec())
    }

    /// Reads base32 as users write it: in any case, with spaces and hyphens, padded or not.
    pub(crate) fn from_base32(text: &str) -> Result<Self, SecretError> {
        let significant = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '=');
        let mut letters: String = text.chars().filter(significant).collect();
        if let Some(found) = letters
            .chars()
            .find(|c| !c.is_ascii_alphabetic() && !matches!(c, '2'..='7'))
        {
            return Err(SecretError::Character { found });
        }
        // With these lengths, the last letter begins a byte that never ends.
        if matches!(letters.len() % 8, 1 | 3 | 6) {
            letters.pop();
        }
        let bytes = BASE32.decode(letters.as_bytes()).unwrap_or_default();
        match SECRET_BYTES.contains(&bytes.len()) {
            true => Ok(Self(bytes)),
            false => Err(SecretError::Length { found: bytes.len() }),
        }
    }

    pub(crate) fn to_base32(&self) -> String {
        BASE32.encode(&self.0)
    }

    /// The address that apps read, from a link or a QR code.
    pub(crate) fn uri(&self, application: &str, account: &str) -> String {
        // A colon separates the two in the label, so neither may contain one.
        let plain = |text: &str| text.replace(':', " ");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("secret", &self.to_base32())
            .append_pair("issuer", &plain(application))
            .append_pair("algorithm", "SHA1")
            .append_pair("digits", "6")
            .append_pair("period", "30");
        let encoded = |text: &str| form_urlencoded::byte_serialize(plain(text).as_bytes()).collect::<String>();
        let label = format!("{}:{}", encoded(application), encoded(account));
        // Apps read `+` as itself, not as a space.
        format!("otpauth://totp/{label}?{}", query.finish()).replace('+', "%20")
    }

    /// The code of one step.
    pub(crate) fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        // Four bytes, from where the last four bits say; SHA-1 gives twenty.
        let start = usize::from(tag.last().copied().unwrap_or(0) & 0xf);
        let four = tag.iter().skip(start).take(4);
        let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }

    /// The step to which `code` belongs, if it is one that an app may show now.
    pub(crate) fn step_of(&self, code: &str, now: UnixTime) -> Option<i64> {
        let current = step(now);
        let mut steps = current - TOLERANCE_STEPS..=current + TOLERANCE_STEPS;
        steps.find(|step| verify_slices_are_equal(self.code(*step).as_bytes(), code.as_bytes()).is_ok())
    }
}

/// The step whose code is the next to be accepted: the current one, or the one after it if that code was used.
pub(crate) fn unused_step(last: Option<i64>, now: UnixTime) -> i64 {
    let current = step(now);
    if last >= Some(current) { current + 1 } else { current }
}

fn step(now: UnixTime) -> i64 {
    now.as_secs().div_euclid(STEP_SECS)
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl ToSql for TotpSecret {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for TotpSecret {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Vec::column_result(value).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc_secret() -> TotpSecret {
        TotpSecret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap()
    }

    /// Appendix B of RFC 6238, of whose eight digits the last six are ours.
    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        for (secs, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(rfc_secret().code(step(UnixTime::from_secs(secs))), code, "at {secs}");
        }
    }

    /// Appendix D of RFC 4226, on which the other one builds.
    #[test]
    fn the_vectors_of_rfc_4226_hold() {
        let codes: Vec<String> = (0..10).map(|step| rfc_secret().code(step)).collect();
        assert_eq!(
            codes,
            [
                "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"
            ]
        );
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_no_more() {
        let (secret, now) = (rfc_secret(), UnixTime::from_secs(1_800_000_000));
        for (off, is_accepted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let step = step(now) + off;
            let expected = is_accepted.then_some(step);
            assert_eq!(secret.step_of(&secret.code(step), now), expected, "{off} steps off");
        }
    }

    /// Section 10 of RFC 4648, lengthened to what a secret needs.
    #[test]
    fn base_32_is_read_and_written() {
        let sixteen = TotpSecret(b"foobarfoobarfoob".to_vec());
        assert_eq!(sixteen.to_base32(), "MZXW6YTBOJTG633CMFZGM33PMI");
        for text in [
            "MZXW6YTBOJTG633CMFZGM33PMI",
            "MZXW6YTBOJTG633CMFZGM33PMI======",
            "MZXW6YTBOJTG633CMFZGM33PMIA",
            "MZXW6YTBOJTG633CMFZGM33PMJ",
            "mzxw 6ytb ojtg 633c mfzg m33p mi",
            "MZXW-6YTB-OJTG-633C-MFZG-M33P-MI",
        ] {
            assert_eq!(TotpSecret::from_base32(text).as_ref(), Ok(&sixteen), "{text}");
        }
        for length in 10..=64 {
            let secret = TotpSecret(random_bytes::<64>()[..length].to_vec());
            assert_eq!(TotpSecret::from_base32(&secret.to_base32()), Ok(secret));
        }
        for (text, error) in [
            ("MZXW6YTBOJTG633CMFZGM33PM1", SecretError::Character { found: '1' }),
            ("MZXW6YTBOÖ", SecretError::Character { found: 'Ö' }),
            ("MZXW6YTBÖ", SecretError::Character { found: 'Ö' }),
            ("MZXW6YTB", SecretError::Length { found: 5 }),
            ("", SecretError::Length { found: 0 }),
            (&"A".repeat(200), SecretError::Length { found: 125 }),
        ] {
            assert_eq!(TotpSecret::from_base32(text), Err(error), "{text}");
        }
    }

    #[test]
    fn apps_can_read_the_address() {
        assert_eq!(
            rfc_secret().uri("Acme: Books & Co", "ada+clerk_test@example.com"),
            "otpauth://totp/Acme%20%20Books%20%26%20Co:ada%2Bclerk_test%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%20Books%20%26%20Co\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
