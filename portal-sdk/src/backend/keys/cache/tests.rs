use super::*;

#[test]
fn result_of_an_abandoned_fetch_is_ignored() {
    let cache = KeyCache::new(KeyCachePolicy::default());
    let start = UnixTime::from_secs(1_800_000_000);
    let later = start + Duration::from_secs(60);
    assert_eq!(cache.begin(None, start), Some(1));
    assert_eq!(cache.begin(None, start), None);
    assert_eq!(cache.begin(None, later), Some(2));
    cache.keep(1, KeySet::default(), None, "", later);
    cache.keep_failure(1, given_up(), None, "", later);
    assert_eq!(cache.begin(None, later), None, "the second fetch is in progress");
    assert_eq!(cache.counts(later).failed, 0);
    cache.keep_failure(2, given_up(), None, "", later);
    assert_eq!(cache.counts(later).failed, 1);
}
