//! RSA private operations on any block, and padded blocks (RFC 8017 section 9.2), right and wrong.

use super::bignum::{Limbs, Modulus, add, divide_by_small, from_bytes, multiply, subtract, to_bytes};
use super::signing::SigningKey;

/// The length of modulus, block and signature in bytes.
pub(crate) const LEN: usize = 256;

/// Object identifiers of hashes, as DER.
pub(crate) const MD5: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5];
pub(crate) const SHA_1: &[u8] = &[6, 5, 0x2b, 0x0e, 3, 2, 0x1a];
pub(crate) const SHA_224: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4];
pub(crate) const SHA_256: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
pub(crate) const SHA_384: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
pub(crate) const SHA_512: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
/// The parameters of a hash.
pub(crate) const NULL: &[u8] = &[5, 0];

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 4;

/// A value in DER, with a length of one byte.
pub(crate) fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(value.len()).unwrap()], value].concat()
}

/// A `DigestInfo` with these parameters.
pub(crate) fn digest_info(hash: &[u8], parameters: &[u8], digest: &[u8]) -> Vec<u8> {
    let algorithm = der(SEQUENCE, &[hash, parameters].concat());
    der(SEQUENCE, &[algorithm, der(OCTET_STRING, digest)].concat())
}

/// A block of `00 01 FF … FF 00` and `content`, filled up to the length of the modulus.
pub(crate) fn padded(content: &[u8]) -> Vec<u8> {
    padded_with(&[0, 1], 0xff, content)
}

/// A block of this start, these padding bytes, a zero and `content`.
pub(crate) fn padded_with(start: &[u8], padding: u8, content: &[u8]) -> Vec<u8> {
    let padding = vec![padding; LEN - start.len() - 1 - content.len()];
    [start, &padding, &[0], content].concat()
}

/// A block with `count` padding bytes, and `content` in front of as many zeros as needed.
pub(crate) fn padded_briefly(count: usize, content: &[u8]) -> Vec<u8> {
    let mut block = [&[0, 1][..], &vec![0xff; count], &[0], content].concat();
    block.resize(LEN, 0);
    block
}

/// A private key in the form of the Chinese remainder theorem (RFC 8017 section 3.2).
pub(crate) struct PrivateKey {
    p: (Modulus, Limbs),
    q: (Modulus, Limbs),
    q_digits: Limbs,
    q_inverse: Limbs,
}

impl PrivateKey {
    pub(crate) fn of(key: &SigningKey) -> Self {
        let [_, _, _, _, p, q, p_exponent, q_exponent, q_inverse] = integers(&key.pkcs8());
        Self {
            p: (Modulus::new(p), p_exponent),
            q_digits: q.clone(),
            q: (Modulus::new(q), q_exponent),
            q_inverse,
        }
    }

    /// Generates a key for the public exponent 3. Returns its modulus too.
    pub(crate) fn with_exponent_3() -> (Vec<u8>, Self) {
        loop {
            let key = SigningKey::generate();
            let mut private = Self::of(&key);
            let [_, _, _, _, p, q, ..] = integers(&key.pkcs8());
            if let (Some(p), Some(q)) = (inverse_of_3(&p), inverse_of_3(&q)) {
                (private.p.1, private.q.1) = (p, q);
                return (key.modulus(), private);
            }
        }
    }

    /// The private operation RSASP1 (RFC 8017 section 5.2.1).
    pub(crate) fn apply(&self, block: &[u8]) -> Vec<u8> {
        let block = from_bytes(block);
        let [of_p, of_q] = [&self.p, &self.q].map(|(prime, exponent)| prime.power(&prime.reduced(&block), exponent));
        let p = &self.p.0;
        let difference = p.difference(&of_p, &p.once_reduced(of_q.clone()));
        let factor = p.product(&difference, &self.q_inverse);
        to_bytes(&add(&of_q, &multiply(&self.q_digits, &factor)), LEN)
    }
}

/// Returns the inverse of 3 modulo `prime - 1`, if there is one.
fn inverse_of_3(prime: &[u64]) -> Option<Limbs> {
    let order = subtract(prime, &[1]);
    // 3 · x = 2 · order + 1, because the order of a suitable prime leaves the remainder 1.
    let (inverse, remainder) = divide_by_small(&add(&add(&order, &order), &[1]), 3);
    (remainder == 0).then_some(inverse)
}

/// The integers of an `RSAPrivateKey` in PKCS#8: version, n, e, d, p, q, dP, dQ, qInv (RFC 8017 appendix A.1.2).
fn integers(pkcs8: &[u8]) -> [Limbs; 9] {
    let (mut fields, _) = value(pkcs8);
    // Version and algorithm.
    for _ in 0..2 {
        fields = value(fields).1;
    }
    let (key, _) = value(fields);
    let (mut numbers, _) = value(key);
    std::array::from_fn(|_| {
        let (number, rest) = value(numbers);
        numbers = rest;
        from_bytes(number)
    })
}

/// Returns the first value of DER, and the bytes after it.
fn value(der: &[u8]) -> (&[u8], &[u8]) {
    let (len, start) = match usize::from(der[1]) {
        len @ ..0x80 => (len, 2),
        form => {
            let count = form & 0x7f;
            (
                der[2..2 + count]
                    .iter()
                    .fold(0, |len, byte| len << 8 | usize::from(*byte)),
                2 + count,
            )
        }
    };
    (&der[start..start + len], &der[start + len..])
}
