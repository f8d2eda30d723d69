//! [`SignatureHashes`]: a hash of the ends of signatures, faster than that of the standard library.
//!
//! A set of verified tokens needs no hash that resists chosen texts: a client cannot choose a signature that verifies, and
//! texts that are only looked up do not enter the set. The seeds are random in each process all the same.

use std::hash::{BuildHasher, Hasher, RandomState};

/// The random seeds of one set.
#[derive(Clone)]
pub(super) struct SignatureHashes {
    start: u64,
    factor: u64,
}

impl Default for SignatureHashes {
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            start: random.hash_one(0),
            // Odd, so that the multiplication loses no bits.
            factor: random.hash_one(1) | 1,
        }
    }
}

impl BuildHasher for SignatureHashes {
    type Hasher = SignatureHasher;

    fn build_hasher(&self) -> SignatureHasher {
        SignatureHasher {
            hash: self.start,
            factor: self.factor,
        }
    }
}

/// The hash of the bytes so far.
pub(super) struct SignatureHasher {
    hash: u64,
    factor: u64,
}

impl Hasher for SignatureHasher {
    fn write(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(size_of::<u64>()) {
            let mut word = [0; size_of::<u64>()];
            word[..bytes.len()].copy_from_slice(bytes);
            let product = u128::from(self.hash ^ u64::from_le_bytes(word)) * u128::from(self.factor);
            let [low, high] = [product, product >> u64::BITS];
            self.hash = (low ^ high) as u64;
        }
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn hash(hashes: &SignatureHashes, bytes: &[u8]) -> u64 {
        let mut hasher = hashes.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }

    #[test]
    fn hash_depends_on_every_byte_and_on_the_process() {
        let hashes = SignatureHashes::default();
        let mut seen = HashSet::from([hash(&hashes, &[b'A'; 32])]);
        for position in 0..32 {
            for letter in b'B'..=b'Z' {
                let mut bytes = [b'A'; 32];
                bytes[position] = letter;
                assert!(seen.insert(hash(&hashes, &bytes)), "{position} {letter}");
            }
        }
        assert_ne!(hash(&hashes, b"abc"), hash(&SignatureHashes::default(), b"abc"));
        assert_eq!(hash(&hashes, b"abc"), hash(&hashes.clone(), b"abc"));
    }

    #[test]
    fn both_ends_of_the_hash_spread() {
        let hashes = SignatureHashes::default();
        let all: Vec<u64> = (0..4_096_u32)
            .map(|number| hash(&hashes, format!("{number:032}").as_bytes()))
            .collect();
        for shift in [0, 57] {
            let mut counts = [0_u32; 128];
            all.iter().for_each(|hash| counts[(hash >> shift & 127) as usize] += 1);
            // 32 are expected in each of 128 groups.
            assert!(counts.iter().all(|count| (4..=96).contains(count)), "{counts:?}");
        }
    }
}
