//! [`VerifiedTokens`]: tokens whose signature was verified, so that it is verified once per token and not per request.
//!
//! Only the signature is remembered. Times, audience, authorized party and issuer are checked for every request, and an
//! entry counts only for the key that verified it.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt;
use std::hash::{Hash, Hasher, RandomState};
use std::mem::size_of;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use papaya::{Equivalent, HashSet};

use super::SessionClaims;
use super::claims::Verified;
use super::payload::Payload;
use crate::clock::UnixTime;

/// The bounds of an authenticator's cache of verified tokens.
///
/// A token stays until it expires. At a bound, the token that expires first makes room.
///
/// ```
/// use portal_sdk::token::TokenCachePolicy;
///
/// let policy = TokenCachePolicy::default().with_max_tokens(50_000).with_max_bytes(128 * 1024 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenCachePolicy {
    max_tokens: usize,
    max_bytes: usize,
}

impl Default for TokenCachePolicy {
    fn default() -> Self {
        Self {
            max_tokens: 10_000,
            max_bytes: 32 * 1024 * 1024,
        }
    }
}

impl TokenCachePolicy {
    /// A policy that remembers no token, so that every request verifies a signature.
    pub const OFF: Self = Self {
        max_tokens: 0,
        max_bytes: 0,
    };

    /// Sets the most tokens that are remembered (default: 10,000).
    ///
    /// Choose at least the number of users that are active within one minute, the lifetime of a token.
    #[must_use]
    pub fn with_max_tokens(self, max_tokens: usize) -> Self {
        Self { max_tokens, ..self }
    }

    /// Sets the most memory that the tokens take, in bytes (default: 32 MiB). A usual token takes about two kilobytes.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }
}

/// The verified tokens of one authenticator. Reads take no lock.
pub(crate) struct VerifiedTokens {
    policy: TokenCachePolicy,
    /// A token counts for this time after its `exp`.
    clock_skew: Duration,
    /// Seeded per process, so that no client can choose tokens of one hash.
    tokens: HashSet<Entry, RandomState>,
    order: Mutex<Order>,
}

/// The tokens by expiry, and their size.
#[derive(Default)]
struct Order {
    due: BinaryHeap<Due>,
    bytes: usize,
}

impl VerifiedTokens {
    pub(crate) fn new(policy: TokenCachePolicy, clock_skew: Duration) -> Self {
        Self {
            policy,
            clock_skew,
            tokens: HashSet::with_hasher(RandomState::new()),
            order: Mutex::default(),
        }
    }

    /// Returns the claims of a token that was verified before, whatever its times say now.
    pub(crate) fn get(&self, token: &str) -> Option<SessionClaims> {
        let tokens = self.tokens.pin();
        let Entry(verified) = tokens.get(&Wanted(token))?;
        Some(Arc::clone(verified).into())
    }

    /// Remembers a verified token until it expires. Returns `true` if it was not remembered before.
    pub(crate) fn insert(&self, claims: &SessionClaims, now: UnixTime) -> bool {
        let verified = claims.verified();
        if verified.is_cached.load(Relaxed) || !verified.is_session_token || !is_canonical(verified.token.expose()) {
            return false;
        }
        let size = size_of_entry(verified);
        if self.policy.max_tokens == 0 || size > self.policy.max_bytes {
            return false;
        }
        let mut order = self.lock();
        if verified.is_cached.swap(true, Relaxed) {
            return false;
        }
        let is_full =
            |order: &Order| order.due.len() >= self.policy.max_tokens || order.bytes + size > self.policy.max_bytes;
        while order.due.peek().is_some_and(|first| first.at <= now || is_full(&order)) {
            self.forget_first(&mut order);
        }
        let tokens = self.tokens.pin();
        // The same token may be there with an older key.
        tokens.remove(&Wanted(verified.token.expose()));
        tokens.insert(Entry(Arc::clone(verified)));
        order.bytes += size;
        order.due.push(Due {
            at: claims.expires_at().unwrap_or(UnixTime::from_millis(i64::MAX)) + self.clock_skew,
            verified: Arc::clone(verified),
        });
        true
    }

    fn forget_first(&self, order: &mut Order) {
        let Some(Due { verified, .. }) = order.due.pop() else {
            return;
        };
        order.bytes = order.bytes.saturating_sub(size_of_entry(&verified));
        let tokens = self.tokens.pin();
        let wanted = Wanted(verified.token.expose());
        if tokens
            .get(&wanted)
            .is_some_and(|Entry(found)| Arc::ptr_eq(found, &verified))
        {
            tokens.remove(&wanted);
        }
    }

    /// Returns the number of tokens in memory, and an estimate of their size in bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        let order = self.lock();
        (order.due.len(), order.bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for VerifiedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tokens, bytes) = self.size();
        f.debug_struct("VerifiedTokens")
            .field("tokens", &tokens)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}

/// Returns `false` for a token with padding. Clients may add any amount of it, so that one token would fill the cache.
fn is_canonical(token: &str) -> bool {
    !token.ends_with('=')
}

/// An estimate of the memory of one entry, in bytes.
fn size_of_entry(verified: &Verified) -> usize {
    /// The allocations of IDs, issuer and the like, and the places in both collections.
    const REST: usize = 500;
    let structs = size_of::<Verified>() + size_of::<Payload>();
    structs + verified.token.expose().len() + verified.payload.json().len() + REST
}

/// A token as an element of the set: found by its text.
struct Entry(Arc<Verified>);

/// A token's text.
struct Wanted<'t>(&'t str);

impl Wanted<'_> {
    /// The end of the signature. A verified signature cannot be chosen, so that its end distinguishes tokens as well as
    /// the whole does; equality compares the whole.
    fn distinguishing_part(&self) -> &[u8] {
        const BYTES: usize = 32;
        let token = self.0.as_bytes();
        &token[token.len().saturating_sub(BYTES)..]
    }
}

impl Entry {
    fn as_wanted(&self) -> Wanted<'_> {
        Wanted(self.0.token.expose())
    }
}

impl Hash for Wanted<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.distinguishing_part());
    }
}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_wanted().hash(state);
    }
}

impl Equivalent<Entry> for Wanted<'_> {
    fn equivalent(&self, entry: &Entry) -> bool {
        self.0 == entry.0.token.expose()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.as_wanted().equivalent(other)
    }
}

impl Eq for Entry {}

/// A token and the time at which it expires. The greatest is the one that expires first.
struct Due {
    at: UnixTime,
    verified: Arc<Verified>,
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::key::VerifyingKey;
    use crate::testing::TestKey;
    use crate::token::UnverifiedToken;

    const SKEW: Duration = Duration::from_secs(5);

    fn at(secs: i64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    fn claims(session: usize, expires_at: i64) -> SessionClaims {
        let payload = json!({ "sid": format!("sess_{session}"), "exp": expires_at });
        SessionClaims::of_payload("user_1", payload.as_object().unwrap().clone())
    }

    fn cache(max_tokens: usize) -> VerifiedTokens {
        VerifiedTokens::new(TokenCachePolicy::default().with_max_tokens(max_tokens), SKEW)
    }

    fn has(cache: &VerifiedTokens, claims: &SessionClaims) -> bool {
        let found = cache.get(claims.token().expose());
        found.is_some_and(|found| Arc::ptr_eq(found.verified(), claims.verified()))
    }

    #[test]
    fn token_is_found_by_its_whole_text() {
        let (cache, token) = (cache(8), claims(1, 60));
        cache.insert(&token, at(0));
        assert!(has(&cache, &token));
        let text = token.token().expose();
        for other in [
            "",
            "a.b.c",
            &text[1..],
            &format!("e{text}"),
            &text.replacen('.', "..", 1),
        ] {
            assert!(cache.get(other).is_none(), "{other}");
        }
        assert!(
            cache.get(&text.replacen('e', "f", 1)).is_none(),
            "the end alone is not compared"
        );
    }

    #[test]
    fn token_that_expires_first_makes_room() {
        let cache = cache(2);
        let (late, early, next) = (claims(1, 300), claims(2, 60), claims(3, 120));
        for token in [&late, &early, &next] {
            cache.insert(token, at(0));
        }
        assert!(has(&cache, &late) && has(&cache, &next) && !has(&cache, &early));
        assert_eq!(cache.size().0, 2);
    }

    #[test]
    fn expired_tokens_are_forgotten_after_the_clock_skew() {
        let cache = cache(8);
        let (old, new) = (claims(1, 60), claims(2, 120));
        cache.insert(&old, at(0));
        cache.insert(&new, at(64));
        assert!(has(&cache, &old));
        cache.insert(&claims(3, 120), at(65));
        assert!(!has(&cache, &old) && has(&cache, &new));
    }

    #[test]
    fn memory_stays_within_both_bounds() {
        let tokens: Vec<_> = (0..64).map(|session| claims(session, 60)).collect();
        let size = size_of_entry(tokens[0].verified());
        for policy in [
            TokenCachePolicy::default().with_max_tokens(10),
            TokenCachePolicy::default().with_max_bytes(10 * size + size / 2),
        ] {
            let cache = VerifiedTokens::new(policy, SKEW);
            for token in &tokens {
                // Each is a token of its own, as after another verification.
                token.verified().is_cached.store(false, Relaxed);
                cache.insert(token, at(0));
                let (count, bytes) = cache.size();
                assert!(
                    count <= 10 && bytes <= policy.max_bytes,
                    "{count} tokens, {bytes} bytes"
                );
                assert_eq!(cache.tokens.len(), count);
            }
            assert_eq!(cache.size().0, 10);
        }
    }

    #[test]
    fn policy_off_remembers_nothing() {
        let cache = VerifiedTokens::new(TokenCachePolicy::OFF, SKEW);
        let token = claims(1, 60);
        cache.insert(&token, at(0));
        assert!(!has(&cache, &token));
        assert_eq!(cache.size(), (0, 0));
    }

    #[test]
    fn padded_token_is_not_remembered() {
        let key = TestKey::of_process();
        let verifying_key = VerifyingKey::from_pem(&key.pem()).unwrap();
        let text = key.sign(&json!({ "alg": "RS256" }), &json!({ "sub": "user_1", "exp": 60 })) + "==";
        let token = UnverifiedToken::decode(&text).unwrap();
        let payload = Payload::parse("{\"exp\":60}").unwrap();
        let claims = SessionClaims::new(&token, &verifying_key, Arc::new(payload), "user_1".into());
        let cache = cache(8);
        cache.insert(&claims, at(0));
        assert_eq!(cache.size().0, 0);
    }
}
