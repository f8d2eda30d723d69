//! Clerk's identifiers: a prefix, `_`, and a KSUID, whose text sorts by creation time to the second.
//!
//! A KSUID is 20 bytes, 4 of time and 16 random, in 27 characters of base 62.

use portal_sdk::clock::UnixTime;

use crate::secrets::{hash, random_bytes};

/// The epoch of KSUIDs, in seconds since 1970: 32 bits of seconds last until 2150.
const EPOCH_SECS: i64 = 1_400_000_000;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The characters of a KSUID.
const LENGTH: usize = 27;

pub(crate) const INSTANCE: &str = "ins";
pub(crate) const DEV_BROWSER: &str = "dvb";
pub(crate) const CLIENT: &str = "client";
pub(crate) const SESSION: &str = "sess";
pub(crate) const USER: &str = "user";
pub(crate) const EMAIL_ADDRESS: &str = "idn";
pub(crate) const EXTERNAL_ACCOUNT: &str = "eac";
pub(crate) const VERIFICATION: &str = "ver";
pub(crate) const SIGN_IN: &str = "sia";
pub(crate) const SIGN_UP: &str = "sua";
pub(crate) const MAIL: &str = "mail";
pub(crate) const ORGANIZATION: &str = "org";
pub(crate) const MEMBERSHIP: &str = "orgmem";
pub(crate) const ORGANIZATION_INVITATION: &str = "orginv";
pub(crate) const ROLE: &str = "role";
pub(crate) const PERMISSION: &str = "perm";
pub(crate) const SIGN_IN_TOKEN: &str = "sit";
pub(crate) const ACTOR_TOKEN: &str = "act";
pub(crate) const JWT_TEMPLATE: &str = "jtmp";
pub(crate) const IMAGE: &str = "img";
pub(crate) const INVITATION: &str = "inv";
pub(crate) const WAITLIST_ENTRY: &str = "wle";
pub(crate) const ALLOWLIST_IDENTIFIER: &str = "alid";
pub(crate) const BLOCKLIST_IDENTIFIER: &str = "blid";
/// A webhook's message.
pub(crate) const MESSAGE: &str = "msg";

/// Returns a new identifier: a KSUID made at `now`.
pub(crate) fn new_id(prefix: &str, now: UnixTime) -> String {
    let since_epoch = now.as_secs().saturating_sub(EPOCH_SECS);
    let seconds = u32::try_from(since_epoch.max(0)).unwrap_or(u32::MAX);
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&seconds.to_be_bytes());
    bytes[4..].copy_from_slice(&random_bytes::<16>());
    format!("{prefix}_{}", base62(bytes))
}

/// Returns the identifier derived from `name`: the same one on every call. Its KSUID holds no time.
pub(crate) fn fixed(prefix: &str, name: &str) -> String {
    let hash = hash(&format!("{prefix}:{name}"));
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&hash.as_bytes()[..20]);
    format!("{prefix}_{}", base62(bytes))
}

/// The 160-bit number in base 62, most significant digit first, padded to [`LENGTH`]: text order is number order.
fn base62(mut number: [u8; 20]) -> String {
    let mut digits = [ALPHABET[0]; LENGTH];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_u32;
        for byte in &mut number {
            let value = remainder * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        *digit = ALPHABET[remainder as usize];
    }
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_clerks_shape_and_sort_by_time() {
        let earlier = new_id(USER, UnixTime::from_secs(1_700_000_000));
        let later = new_id(USER, UnixTime::from_secs(1_700_000_001));
        assert_eq!(earlier.len(), "user_".len() + LENGTH);
        assert!(earlier.starts_with("user_"));
        assert!(earlier < later, "{earlier} < {later}");
        assert_ne!(earlier, new_id(USER, UnixTime::from_secs(1_700_000_000)));
    }

    #[test]
    fn base62_keeps_the_whole_number() {
        assert_eq!(base62([0; 20]), "0".repeat(27));
        assert_eq!(base62([0xff; 20]), "aWgEPTl1tmebfsQzFP4bxwgy80V");
    }

    #[test]
    fn a_clock_outside_the_range_still_gives_an_identifier() {
        for secs in [i64::MIN, -1, 0, i64::MAX] {
            assert_eq!(new_id(SESSION, UnixTime::from_secs(secs)).len(), 32);
        }
    }
}
