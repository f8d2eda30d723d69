//! RSA signatures as Wycheproof tests them, generated for a key of this process: of an unchanged message, each changed
//! signature must be refused.
//!
//! The verifier rebuilds the padded block and compares it as a whole (RFC 8017 section 8.2.2), so that no lenient parser
//! exists that CVE-2006-4339 (Bleichenbacher's forgery for small exponents) or CVE-2014-1568 (BERserk) could use.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA224, SHA256, SHA384, SHA512, digest};
use aws_lc_rs::signature::RSA_PSS_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portal_sdk::key::KeySet;
use serde_json::json;

use super::bignum::{add, compare, cube_root, from_bytes, multiply, subtract, to_bytes};
use super::rsa::{
    LEN, MD5, NULL, PrivateKey, SHA_1, SHA_224, SHA_256, SHA_384, SHA_512, der, digest_info, padded, padded_briefly,
    padded_with,
};
use super::signing::{KEY_ID, SigningKey, header, message, payload, with_signature};
use super::transport::Via;
use super::victim::{Route, Victim, live};

/// A message and the genuine signature.
fn signed() -> (String, Vec<u8>) {
    let message = message(header(&json!({})), payload(&json!({})));
    let signature = SigningKey::of_instance().sign(message.as_bytes());
    (message, signature)
}

fn hash(algorithm: &'static Algorithm, message: &str) -> Vec<u8> {
    digest(algorithm, message.as_bytes()).as_ref().to_vec()
}

/// Asserts that the signatures are refused as header tokens and as cookies.
fn assert_refused(victim: &Victim, message: &str, cases: impl IntoIterator<Item = (String, Vec<u8>)>) {
    for (label, signature) in cases {
        let token = with_signature(message, &signature);
        victim.assert_refused_via(&label, Via::Bearer, token.as_bytes());
        victim.assert_refused_via(&label, Via::SuffixedCookie, token.as_bytes());
    }
}

#[test]
fn token_with_any_bit_of_its_signature_flipped_is_signed_out() {
    let victim = Victim::new();
    let (message, signature) = signed();
    victim.assert_accepted("unchanged", with_signature(&message, &signature));
    for bit in 0..LEN * 8 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (name, value) = Via::Bearer
            .field(with_signature(&message, &flipped).as_bytes())
            .unwrap();
        let answer = victim.ask(Route::ExtractedByScript, "", &[(name, value)]);
        assert_eq!(answer.status, 401, "bit {bit}");
    }
    assert_eq!(victim.clerk.calls(), ["jwks"]);
}

#[test]
fn token_with_a_signature_of_another_length_is_signed_out() {
    let victim = Victim::new();
    let (message, signature) = signed();
    for count in (0..LEN).step_by(7).chain([1, 255]) {
        let shortened = [
            (format!("the first {count} bytes"), signature[..count].to_vec()),
            (format!("the last {count} bytes"), signature[LEN - count..].to_vec()),
        ];
        assert_refused(&victim, &message, shortened);
    }
    for byte in [0, 1, 0xff] {
        for count in [1, 2, 256, 768, 769] {
            let more = vec![byte; count];
            let extended = [
                (format!("{count} of {byte} in front"), [&*more, &signature].concat()),
                (format!("{count} of {byte} behind"), [&*signature, &more].concat()),
            ];
            assert_refused(&victim, &message, extended);
        }
    }
    let twice = [&*signature, &signature].concat();
    assert_refused(&victim, &message, [("twice".to_owned(), twice)]);
}

#[test]
fn token_with_a_number_related_to_the_modulus_as_signature_is_signed_out() {
    let victim = Victim::new();
    let (message, signature) = signed();
    let modulus = SigningKey::of_instance().modulus();
    let [s, n] = [&signature, &modulus].map(|bytes| from_bytes(bytes));
    let block = padded(&digest_info(SHA_256, NULL, &hash(&SHA256, &message)));
    let numbers = [
        ("0", vec![0]),
        ("1", vec![1]),
        ("2", vec![2]),
        ("n - 1", subtract(&n, &[1])),
        ("n", n.clone()),
        ("n + 1", add(&n, &[1])),
        ("n - s", subtract(&n, &s)),
        ("s - 1", subtract(&s, &[1])),
        ("s + 1", add(&s, &[1])),
        ("the block itself", from_bytes(&block)),
        ("the largest", vec![u64::MAX; LEN / 8]),
        ("2^2047", from_bytes(&[&[0x80][..], &[0; LEN - 1]].concat())),
    ];
    let numbers = numbers.map(|(label, number)| (label.to_owned(), to_bytes(&number, LEN)));
    assert_refused(&victim, &message, numbers);
    // s + n is the same number modulo n. It has 2048 or 2049 bits.
    for len in [LEN, LEN + 1, LEN + 8] {
        let sum = add(&s, &n);
        if sum.len() * 8 <= len {
            assert_refused(
                &victim,
                &message,
                [(format!("s + n as {len} bytes"), to_bytes(&sum, len))],
            );
        }
    }
    let mut reversed = signature.clone();
    reversed.reverse();
    assert_refused(&victim, &message, [("the bytes reversed".to_owned(), reversed)]);
}

/// A sum below 2^2048 passes every check of the length, so that only a comparison with the modulus refuses it.
#[test]
fn token_with_its_signature_plus_the_modulus_is_signed_out() {
    let victim = Victim::new();
    let key = SigningKey::of_instance();
    let n = from_bytes(&key.modulus());
    let room = subtract(&from_bytes(&[0xff; LEN]), &n);
    // For most keys one of ten signatures or more leaves the sum below 2^2048.
    let (message, sum) = (0..)
        .map(|number| {
            let message = message(header(&json!({})), payload(&json!({ "sid": format!("sess_{number}") })));
            let signature = from_bytes(&key.sign(message.as_bytes()));
            (message, signature)
        })
        .find(|(_, signature)| compare(signature, &room).is_le())
        .map(|(message, signature)| (message, to_bytes(&add(&signature, &n), LEN)))
        .unwrap();
    assert_refused(&victim, &message, [("s + n".to_owned(), sum)]);
}

/// RFC 8017 section 8.2.2 step 1: the signature has the length of the modulus, so a leading zero must not be omitted.
#[test]
fn token_with_the_leading_zero_of_its_signature_omitted_is_signed_out() {
    let victim = Victim::new();
    let key = SigningKey::of_instance();
    let (message, signature) = (0..)
        .map(|number| {
            let message = message(header(&json!({})), payload(&json!({ "sid": format!("sess_{number}") })));
            let signature = key.sign(message.as_bytes());
            (message, signature)
        })
        .find(|(_, signature)| signature[0] == 0)
        .unwrap();
    victim.assert_accepted("with the zero", with_signature(&message, &signature));
    assert_refused(
        &victim,
        &message,
        [("without the zero".to_owned(), signature[1..].to_vec())],
    );
}

/// Malformed blocks around a hash, for the private key to sign.
fn wrong_blocks(message: &str) -> Vec<(String, Vec<u8>)> {
    let sha_256 = hash(&SHA256, message);
    let right = digest_info(SHA_256, NULL, &sha_256);
    let mut blocks: Vec<(&str, Vec<u8>)> = Vec::new();

    for (label, oid, algorithm) in [
        ("SHA-1", SHA_1, &SHA1_FOR_LEGACY_USE_ONLY),
        ("SHA-224", SHA_224, &SHA224),
        ("SHA-384", SHA_384, &SHA384),
        ("SHA-512", SHA_512, &SHA512),
    ] {
        let digest = hash(algorithm, message);
        blocks.push((label, padded(&digest_info(oid, NULL, &digest))));
        blocks.push((label, padded(&digest_info(SHA_256, NULL, &digest))));
        blocks.push((label, padded(&digest_info(oid, NULL, &sha_256))));
    }
    blocks.push((
        "MD5 as name of the hash",
        padded(&digest_info(MD5, NULL, &sha_256[..16])),
    ));

    let others = hash(&SHA256, "another message");
    let reversed: Vec<u8> = sha_256.iter().rev().copied().collect();
    let digest = |tag| der(tag, &sha_256);
    let algorithm = |tag| der(tag, &[SHA_256, NULL].concat());
    let long_length = [&[0x30, 0x81, 0x31][..], &right[2..]].concat();
    let indefinite = [&[0x30, 0x80][..], &right[2..], &[0, 0]].concat();
    blocks.extend([
        ("another message", padded(&digest_info(SHA_256, NULL, &others))),
        ("reversed digest", padded(&digest_info(SHA_256, NULL, &reversed))),
        ("shortened digest", padded(&digest_info(SHA_256, NULL, &sha_256[..31]))),
        ("empty digest", padded(&digest_info(SHA_256, NULL, &[]))),
        ("no NULL", padded(&digest_info(SHA_256, &[], &sha_256))),
        ("two NULLs", padded(&digest_info(SHA_256, &[5, 0, 5, 0], &sha_256))),
        ("NULL with content", padded(&digest_info(SHA_256, &[5, 1, 0], &sha_256))),
        (
            "NULL of long length",
            padded(&digest_info(SHA_256, &[5, 0x81, 0], &sha_256)),
        ),
        (
            "garbage as parameters",
            padded(&digest_info(SHA_256, &[4, 8, 1, 2, 3, 4, 5, 6, 7, 8], &sha_256)),
        ),
        ("no DigestInfo", padded(&sha_256)),
        ("no algorithm", padded(&der(0x30, &digest(4)))),
        (
            "bit string as digest",
            padded(&der(0x30, &[algorithm(0x30), digest(3)].concat())),
        ),
        (
            "set of algorithm",
            padded(&der(0x30, &[algorithm(0x31), digest(4)].concat())),
        ),
        (
            "set as DigestInfo",
            padded(&der(0x31, &[algorithm(0x30), digest(4)].concat())),
        ),
        (
            "swapped fields",
            padded(&der(0x30, &[digest(4), algorithm(0x30)].concat())),
        ),
        ("long form of a length", padded(&long_length)),
        ("indefinite length", padded(&indefinite)),
        ("bytes after the digest", padded(&[&*right, &[0; 8]].concat())),
        (
            "bytes after the digest, in the sequence",
            padded(&der(0x30, &[&right[2..], &[0; 8]].concat())),
        ),
        ("DigestInfo twice", padded(&[&*right, &right].concat())),
        ("empty content", padded(&[])),
        ("type 0", padded_with(&[0, 0], 0, &right)),
        ("type 0 with ones", padded_with(&[0, 0], 0xff, &right)),
        ("type 2", padded_with(&[0, 2], 0xff, &right)),
        ("type 2 with other bytes", padded_with(&[0, 2], 0xa5, &right)),
        ("type 3", padded_with(&[0, 3], 0xff, &right)),
        ("first byte 1", padded_with(&[1, 1], 0xff, &right)),
        ("no leading zero", padded_with(&[1], 0xff, &right)),
        ("padding of 0xfe", padded_with(&[0, 1], 0xfe, &right)),
        ("padding of 0x00", padded_with(&[0, 1], 0, &right)),
        ("no padding", padded_briefly(0, &right)),
        ("7 bytes of padding", padded_briefly(7, &right)),
        ("8 bytes of padding, garbage behind", padded_briefly(8, &right)),
        ("padding shorter by one", padded_briefly(LEN - 4 - right.len(), &right)),
    ]);

    let good = padded(&right);
    let separator = LEN - right.len() - 1;
    for (label, position) in [
        ("first byte of the padding", 2),
        ("middle of the padding", LEN / 4),
        ("last byte of the padding", separator - 1),
        ("the separator", separator),
        ("last byte of the digest", LEN - 1),
    ] {
        let mut changed = good.clone();
        changed[position] ^= 1;
        blocks.push((label, changed));
    }
    for position in separator + 1..LEN - sha_256.len() {
        let mut changed = good.clone();
        changed[position] ^= 0x80;
        blocks.push(("a byte of DigestInfo", changed));
    }
    blocks
        .into_iter()
        .map(|(label, block)| (label.to_owned(), block))
        .collect()
}

#[test]
fn token_whose_signature_has_a_malformed_block_is_signed_out() {
    let victim = Victim::new();
    let key = PrivateKey::of(SigningKey::of_instance());
    let (message, signature) = signed();
    // The generator is right: it makes the genuine signature too.
    let right = padded(&digest_info(SHA_256, NULL, &hash(&SHA256, &message)));
    assert_eq!(key.apply(&right), signature);

    let forged = wrong_blocks(&message)
        .into_iter()
        .map(|(label, block)| (label, key.apply(&block)));
    assert_refused(&victim, &message, forged);
}

#[test]
fn pss_signature_under_rs256_is_signed_out() {
    let victim = Victim::new();
    let (message, _) = signed();
    let pss = SigningKey::of_instance().sign_as(&RSA_PSS_SHA256, message.as_bytes());
    assert_refused(&victim, &message, [("PSS".to_owned(), pss)]);
}

/// Bleichenbacher's forgery (CVE-2006-4339): with the exponent 3, a cube root makes a signature whose block begins right
/// and has garbage behind, without the private key.
#[test]
fn cube_root_as_signature_is_signed_out() {
    let (modulus, private) = PrivateKey::with_exponent_3();
    let jwk = json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": URL_SAFE_NO_PAD.encode(&modulus), "e": "Aw",
    });
    let victim = Victim::cold(live());
    victim.clerk.set_jwks(Ok(KeySet::from_json(&json!({ "keys": [jwk] }))));
    let (message, _) = signed();
    let right = digest_info(SHA_256, NULL, &hash(&SHA256, &message));
    // The key itself is accepted, so that nothing else refuses the forgeries.
    victim.warm_up(&with_signature(&message, &private.apply(&padded(&right))));

    for padding in [0, 1, 7, 8, 24] {
        let start = [&[0, 1][..], &vec![0xff; padding], &[0], &right].concat();
        let mut largest = start.clone();
        largest.resize(LEN, 0xff);
        let root = cube_root(&from_bytes(&largest));
        let block = to_bytes(&multiply(&multiply(&root, &root), &root), LEN);
        assert!(block.starts_with(&start), "the forgery has the right start");
        let label = format!("{padding} bytes of padding");
        assert_refused(&victim, &message, [(label, to_bytes(&root, LEN))]);
    }
    // The cube root of the whole right block is not an integer.
    let root = cube_root(&from_bytes(&padded(&right)));
    let roots = [root.clone(), add(&root, &[1])].map(|root| ("the nearest root".to_owned(), to_bytes(&root, LEN)));
    assert_refused(&victim, &message, roots);
}
