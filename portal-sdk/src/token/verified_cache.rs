//! [`VerifiedTokens`]: tokens whose signature was verified, so that it is verified once per token, not once per
//! request.
//!
//! Only the signature is remembered. Times, audience, authorized party and issuer are checked for every request, and an
//! entry counts only for the key that verified it.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem::size_of;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use papaya::{Equivalent, HashSet};

use super::SessionClaims;
use super::claims::{MAX_KEPT_RIGHTS_BYTES, Verified};
use super::header::Header;
use super::payload::Payload;
use super::signature_hash::SignatureHashes;
use super::spread::{COUNTS, Spread};
use super::unverified::encoded_header;
use super::verify::expiry;
use crate::clock::UnixTime;
use crate::latest::Latest;

/// The most expired tokens that one new token evicts.
const MAX_EXPIRED_AT_ONCE: usize = 8;

/// The tokens that the set has room for before it grows. The room takes 18 KiB.
const INITIAL_TOKENS: usize = 1_024;

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
    /// A policy without memory: every request verifies a signature.
    pub const OFF: Self = Self {
        max_tokens: 0,
        max_bytes: 0,
    };

    /// Sets the most tokens that are remembered (default: 10,000).
    ///
    /// Choose at least the number of users who are active within one minute, the lifetime of Clerk's tokens.
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
    tokens: HashSet<Entry, SignatureHashes>,
    order: Mutex<Order>,
    /// The header of the newest token. Tokens of one key share it.
    header: Latest<KnownHeader>,
}

/// A header that a verified signature covers.
struct KnownHeader {
    encoded: Box<str>,
    header: Arc<Header>,
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
            tokens: HashSet::builder()
                .capacity(policy.max_tokens.min(INITIAL_TOKENS))
                .hasher(SignatureHashes::default())
                .build(),
            order: Mutex::default(),
            header: Latest::default(),
        }
    }

    /// Returns the claims of a token that was verified before, even if it has expired.
    pub(crate) fn get(&self, token: &[u8]) -> Option<SessionClaims> {
        let tokens = self.tokens.pin();
        let Entry(verified) = tokens.get(&Wanted(token))?;
        Some(verified.of_this_thread().into())
    }

    /// Returns the newest token's header if its encoded form is `encoded`.
    pub(super) fn header(&self, encoded: &str) -> Option<Arc<Header>> {
        let header = |known: &KnownHeader| (*known.encoded == *encoded).then(|| Arc::clone(&known.header));
        self.header.read(header).flatten()
    }

    /// Remembers a verified token until it expires.
    ///
    /// Returns the new [`size`](Self::size), or `None` if the token is not added: it is remembered already,
    /// is not a session token, has padding, or exceeds the policy.
    pub(crate) fn insert(&self, claims: &SessionClaims, now: UnixTime) -> Option<(usize, usize)> {
        let verified = claims.verified();
        let token = verified.token.expose();
        if verified.is_cached.load(Relaxed) || !verified.is_session_token || !is_canonical(token) {
            return None;
        }
        let size = size_of_entry(verified);
        if self.policy.max_tokens == 0 || size > self.policy.max_bytes {
            return None;
        }
        let mut order = self.lock();
        // Concurrent requests with a new token verify it separately.
        if verified.is_cached.swap(true, Relaxed) || self.has(verified) {
            return None;
        }
        self.make_room(&mut order, size, now);
        self.remember_header(verified);
        // Replaces the same token with an older key.
        self.tokens.pin().insert(Entry(Spread::new(claims.counted())));
        order.bytes += size;
        order.due.push(Due {
            at: expiry(&verified.payload).unwrap_or(UnixTime::from_millis(i64::MAX)) + self.clock_skew,
            verified: Arc::clone(verified),
        });
        Some((order.due.len(), order.bytes))
    }

    /// Returns `true` if the token is remembered with the same key.
    fn has(&self, verified: &Verified) -> bool {
        let tokens = self.tokens.pin();
        let found = tokens.get(&Wanted(verified.token.expose().as_bytes()));
        found.is_some_and(|Entry(found)| found.value().key == verified.key)
    }

    fn make_room(&self, order: &mut Order, size: usize, now: UnixTime) {
        while order.due.len() >= self.policy.max_tokens || order.bytes + size > self.policy.max_bytes {
            if !self.forget_first(order) {
                break;
            }
        }
        // The rest waits for later tokens, so that no single request pays for all.
        for _ in 0..MAX_EXPIRED_AT_ONCE {
            if order.due.peek().is_none_or(|first| first.at > now) {
                break;
            }
            self.forget_first(order);
        }
    }

    fn remember_header(&self, verified: &Verified) {
        let is_known = |known: &KnownHeader| Arc::ptr_eq(&known.header, &verified.header);
        if self.header.read(is_known) == Some(true) {
            return;
        }
        self.header.set(KnownHeader {
            encoded: encoded_header(verified.token.expose()).into(),
            header: Arc::clone(&verified.header),
        });
    }

    /// Evicts the token that expires first; returns `false` if the cache is empty.
    fn forget_first(&self, order: &mut Order) -> bool {
        let Some(Due { verified, .. }) = order.due.pop() else {
            return false;
        };
        order.bytes = order.bytes.saturating_sub(size_of_entry(&verified));
        let tokens = self.tokens.pin();
        let wanted = Wanted(verified.token.expose().as_bytes());
        if tokens
            .get(&wanted)
            .is_some_and(|Entry(found)| Arc::ptr_eq(found.value(), &verified))
        {
            tokens.remove(&wanted);
        }
        true
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

/// Returns `true` for a token without padding.
///
/// Clients can add any amount of padding to one token, and would fill the cache with its forms.
fn is_canonical(token: &str) -> bool {
    !token.ends_with('=')
}

/// An estimate of the memory of one entry, in bytes.
fn size_of_entry(verified: &Verified) -> usize {
    /// The allocations of IDs, issuer and similar claims, and the entries in both collections.
    const REST: usize = 500;
    /// One reference, its two counts and the allocator's share.
    const COUNTED: usize = 4 * size_of::<usize>();
    let structs = size_of::<Verified>() + size_of::<Payload>() + size_of::<Entry>() + COUNTS * COUNTED;
    structs + verified.token.expose().len() + MAX_KEPT_RIGHTS_BYTES + REST
}

/// A token as an element of the set: found by its text.
struct Entry(Spread<Verified>);

/// A token's text.
struct Wanted<'t>(&'t [u8]);

impl Wanted<'_> {
    /// Returns the end of the signature, which is hashed.
    ///
    /// A client cannot choose a signature that verifies, so its end distinguishes tokens as well as the whole text
    /// does. Equality compares the whole text.
    fn distinguishing_part(&self) -> &[u8] {
        const BYTES: usize = 32;
        let token = self.0;
        &token[token.len().saturating_sub(BYTES)..]
    }
}

impl Entry {
    fn as_wanted(&self) -> Wanted<'_> {
        Wanted(self.0.value().token.expose().as_bytes())
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
        self.0 == entry.0.value().token.expose().as_bytes()
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
mod tests;
