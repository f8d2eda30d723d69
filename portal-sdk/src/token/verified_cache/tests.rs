//! Tests of [`VerifiedTokens`]: contents, lifetime and bounds.

use std::thread;

use serde_json::json;

use super::*;
use crate::key::VerifyingKey;
use crate::testing::TestKey;
use crate::token::{ReadOnce, UnverifiedToken};

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
    let found = cache.get(claims.token().expose().as_bytes());
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
        assert!(cache.get(other.as_bytes()).is_none(), "{other}");
    }
    assert!(
        cache.get(text.replacen('e', "f", 1).as_bytes()).is_none(),
        "equality compares more than the end"
    );
}

#[test]
fn header_of_the_newest_token_is_shared() {
    let (cache, token) = (cache(8), claims(1, 60));
    let (encoded, _) = token.token().expose().split_once('.').unwrap();
    assert!(cache.header(encoded).is_none());
    cache.insert(&token, at(0));
    assert!(cache.header(encoded).is_some());
    for other in ["", "xyzzy", &encoded[1..], &format!("{encoded}a")] {
        assert!(cache.header(other).is_none(), "{other}");
    }
}

#[test]
fn token_in_an_encoded_cookie_is_found_too() {
    let (cache, token) = (cache(8), claims(1, 60));
    cache.insert(&token, at(0));
    let text = token.token().expose();
    let encoded = text.replace('.', "%2E");
    for sent in [text, &encoded] {
        let read = ReadOnce::default();
        assert_eq!(read.verified_text(), None);
        let found = read.read(sent.as_bytes(), || text, Some(&cache)).unwrap();
        assert_eq!((found.text(), read.verified_text()), (text, Some(text)), "{sent}");
    }
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
fn token_that_concurrent_requests_verify_is_remembered_once() {
    let cache = cache(2);
    let other = claims(2, 60);
    cache.insert(&other, at(0));
    let requests: Vec<_> = (0..4).map(|_| claims(1, 60)).collect();
    thread::scope(|scope| {
        for claims in &requests {
            scope.spawn(|| cache.insert(claims, at(0)));
        }
    });
    assert!(has(&cache, &other));
    assert_eq!((cache.size().0, cache.tokens.len()), (2, 2));
    assert_eq!(requests.iter().filter(|claims| has(&cache, claims)).count(), 1);
}

#[test]
fn token_that_another_key_verifies_takes_the_place_of_the_first() {
    let (cache, first) = (cache(2), claims(1, 60));
    cache.insert(&first, at(0));
    let text = first.token().expose();
    let token = UnverifiedToken::decode(text).unwrap();
    let key = VerifyingKey::from_pem(&TestKey::generate().pem()).unwrap();
    let again = SessionClaims::new(&token, &token.decoded().unwrap(), &key, "user_1".into());
    cache.insert(&again, at(0));
    assert!(has(&cache, &again) && !has(&cache, &first));
    // One of the two makes room, and the other is still found.
    cache.insert(&claims(2, 90), at(0));
    assert_eq!(cache.size().0, 2);
    cache.insert(&claims(3, 90), at(0));
    assert!(!has(&cache, &again) && !has(&cache, &first));
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
            // As after another verification.
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
fn token_larger_than_the_whole_memory_is_not_remembered() {
    let (small, large) = (claims(1, 60), large_claims());
    let size = size_of_entry(large.verified());
    let cache_of = |max_bytes| VerifiedTokens::new(TokenCachePolicy::default().with_max_bytes(max_bytes), SKEW);
    let cache = cache_of(size - 1);
    cache.insert(&small, at(0));
    assert_eq!(cache.insert(&large, at(0)), None);
    assert!(has(&cache, &small) && !has(&cache, &large));
    assert_eq!(cache_of(size).insert(&large, at(0)), Some((1, size)));
}

#[test]
fn tokens_that_fill_the_memory_exactly_stay() {
    let tokens = [claims(1, 60), claims(2, 60)];
    let sizes = tokens.each_ref().map(|token| size_of_entry(token.verified()));
    let policy = TokenCachePolicy::default().with_max_bytes(sizes[0] + sizes[1]);
    let cache = VerifiedTokens::new(policy, SKEW);
    for token in &tokens {
        cache.insert(token, at(0));
    }
    assert!(tokens.iter().all(|token| has(&cache, token)));
}

#[test]
fn large_token_makes_room_for_itself_by_several_small_ones() {
    let (small, large) = ([claims(1, 60), claims(2, 61), claims(3, 62)], large_claims());
    let policy = TokenCachePolicy::default().with_max_bytes(size_of_entry(large.verified()));
    let cache = VerifiedTokens::new(policy, SKEW);
    for token in &small {
        cache.insert(token, at(0));
    }
    assert_eq!(cache.insert(&large, at(0)), Some((1, policy.max_bytes)));
    assert!(has(&cache, &large));
}

/// A token as large as several of [`claims`].
fn large_claims() -> SessionClaims {
    let payload = json!({ "exp": 60, "note": "n".repeat(9_000) });
    SessionClaims::of_payload("user_1", payload.as_object().unwrap().clone())
}

#[test]
fn size_counts_at_least_the_token_and_what_is_kept_of_it() {
    let token = claims(1, 60);
    let kept = size_of::<Verified>() + size_of::<Payload>() + MAX_KEPT_RIGHTS_BYTES;
    let size = size_of_entry(token.verified());
    assert!(size > kept + token.token().expose().len(), "{size}");
    let larger = size_of_entry(large_claims().verified());
    assert!((9_000..20_000).contains(&(larger - size)), "{larger}");
}

#[test]
fn token_with_fractional_exp_expires() {
    let cache = cache(8);
    let payload = json!({ "exp": 60.5 });
    let token = SessionClaims::of_payload("user_1", payload.as_object().unwrap().clone());
    cache.insert(&token, at(0));
    cache.insert(&claims(1, 300), at(65));
    assert!(!has(&cache, &token));
}

#[test]
fn many_permissions_of_a_short_claim_are_not_kept() {
    let names = |count: usize| (0..count).map(|n| format!("p{n}")).collect::<Vec<_>>().join(",");
    let claims_with = |permissions: usize| {
        let payload = json!({
            "v": 2, "exp": 60, "fea": "o:billing",
            "o": { "id": "org_1", "per": names(permissions), "fpm": u128::MAX.to_string() },
        });
        SessionClaims::of_payload("user_1", payload.as_object().unwrap().clone())
    };
    for (permissions, is_kept) in [(3, true), (100, false)] {
        let claims = claims_with(permissions);
        let organization = || claims.organization().unwrap();
        assert_eq!(organization().permissions().count(), permissions);
        let again = SessionClaims::from(Arc::new(Arc::clone(claims.verified())));
        assert_eq!(again.organization().unwrap().permissions().count(), permissions);
        let id: fn(&SessionClaims) -> *const u8 = |claims| claims.organization().unwrap().id().as_str().as_ptr();
        assert_eq!(id(&claims) == id(&again), is_kept, "{permissions}");
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
    let claims = SessionClaims::new(&token, &token.decoded().unwrap(), &verifying_key, "user_1".into());
    let cache = cache(8);
    cache.insert(&claims, at(0));
    assert_eq!(cache.size().0, 0);
}
