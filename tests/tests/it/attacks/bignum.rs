//! Arithmetic for RSA private operations and integer cube roots. Not constant in time: it handles test keys only.

use std::cmp::Ordering;

/// The digits of a natural number to the base 2^64, least significant first.
pub(crate) type Limbs = Vec<u64>;

/// Reads a big-endian number.
pub(crate) fn from_bytes(bytes: &[u8]) -> Limbs {
    let digits = bytes.rchunks(8);
    trimmed(
        digits
            .map(|chunk| chunk.iter().fold(0, |digit, byte| digit << 8 | u64::from(*byte)))
            .collect(),
    )
}

/// Writes a big-endian number of `len` bytes.
pub(crate) fn to_bytes(number: &[u64], len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = number.iter().flat_map(|digit| digit.to_le_bytes()).collect();
    assert!(bytes.iter().skip(len).all(|byte| *byte == 0), "more than {len} bytes");
    bytes.resize(len, 0);
    bytes.reverse();
    bytes
}

fn trimmed(mut number: Limbs) -> Limbs {
    while number.last() == Some(&0) {
        number.pop();
    }
    number
}

pub(crate) fn compare(a: &[u64], b: &[u64]) -> Ordering {
    let [a, b] = [a, b].map(|number| trimmed(number.to_vec()));
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

pub(crate) fn add(a: &[u64], b: &[u64]) -> Limbs {
    let mut sum = Vec::new();
    let mut carry = 0;
    for index in 0..a.len().max(b.len()) + 1 {
        let digit = |number: &[u64]| u128::from(number.get(index).copied().unwrap_or_default());
        let total = digit(a) + digit(b) + carry;
        sum.push(total as u64);
        carry = total >> 64;
    }
    trimmed(sum)
}

/// Returns `a - b`, which must not be negative.
pub(crate) fn subtract(a: &[u64], b: &[u64]) -> Limbs {
    let mut difference = Vec::new();
    let mut borrow = false;
    for (index, digit) in a.iter().enumerate() {
        let (digit, first) = digit.overflowing_sub(b.get(index).copied().unwrap_or_default());
        let (digit, second) = digit.overflowing_sub(u64::from(borrow));
        difference.push(digit);
        borrow = first || second;
    }
    assert!(!borrow, "a negative difference");
    trimmed(difference)
}

pub(crate) fn multiply(a: &[u64], b: &[u64]) -> Limbs {
    let mut product = vec![0; a.len() + b.len()];
    for (offset, &digit) in a.iter().enumerate() {
        let mut carry = 0;
        for (index, &other) in b.iter().enumerate() {
            let total = u128::from(product[offset + index]) + u128::from(digit) * u128::from(other) + carry;
            product[offset + index] = total as u64;
            carry = total >> 64;
        }
        product[offset + b.len()] = carry as u64;
    }
    trimmed(product)
}

/// Returns the quotient and the remainder of a division by a small number.
pub(crate) fn divide_by_small(number: &[u64], divisor: u64) -> (Limbs, u64) {
    let mut quotient = vec![0; number.len()];
    let mut remainder = 0;
    for (index, &digit) in number.iter().enumerate().rev() {
        let total = u128::from(remainder) << 64 | u128::from(digit);
        quotient[index] = (total / u128::from(divisor)) as u64;
        remainder = (total % u128::from(divisor)) as u64;
    }
    (trimmed(quotient), remainder)
}

/// Returns the largest number whose cube is at most `number`.
pub(crate) fn cube_root(number: &[u64]) -> Limbs {
    let mut root = vec![0; number.len() / 3 + 1];
    for bit in (0..root.len() * 64).rev() {
        root[bit / 64] |= 1 << (bit % 64);
        let cube = multiply(&multiply(&root, &root), &root);
        if compare(&cube, number) == Ordering::Greater {
            root[bit / 64] &= !(1 << (bit % 64));
        }
    }
    trimmed(root)
}

/// An odd modulus whose top bit is set, with what Montgomery's multiplication needs.
pub(crate) struct Modulus {
    digits: Limbs,
    /// `-1 / digits[0]` modulo 2^64.
    inverse: u64,
    /// 2^(128 · length) modulo this.
    square: Limbs,
}

impl Modulus {
    pub(crate) fn new(digits: Limbs) -> Self {
        assert!(digits[0] & 1 == 1 && digits[digits.len() - 1] >> 63 == 1);
        // Newton's iteration doubles the right bits.
        let inverse = (0..6).fold(1_u64, |inverse, _| {
            inverse.wrapping_mul(2_u64.wrapping_sub(digits[0].wrapping_mul(inverse)))
        });
        let inverse = inverse.wrapping_neg();
        let mut modulus = Self {
            digits,
            inverse,
            square: vec![1],
        };
        for _ in 0..modulus.digits.len() * 128 {
            modulus.square = modulus.once_reduced(add(&modulus.square, &modulus.square));
        }
        modulus
    }

    /// Reduces a number that is less than twice the modulus.
    pub(crate) fn once_reduced(&self, number: Limbs) -> Limbs {
        match compare(&number, &self.digits) {
            Ordering::Less => number,
            _ => subtract(&number, &self.digits),
        }
    }

    /// Reduces a number of twice the modulus' length.
    pub(crate) fn reduced(&self, number: &[u64]) -> Limbs {
        let (low, high) = number.split_at(number.len().min(self.digits.len()));
        let high = self.montgomery(high, &self.square);
        self.once_reduced(add(&high, &self.once_reduced(low.to_vec())))
    }

    /// Returns `a - b` for reduced numbers.
    pub(crate) fn difference(&self, a: &[u64], b: &[u64]) -> Limbs {
        self.once_reduced(subtract(&add(a, &self.digits), b))
    }

    pub(crate) fn product(&self, a: &[u64], b: &[u64]) -> Limbs {
        self.montgomery(&self.montgomery(a, &self.square), b)
    }

    pub(crate) fn power(&self, base: &[u64], exponent: &[u64]) -> Limbs {
        let base = self.montgomery(base, &self.square);
        let mut result = self.montgomery(&[1], &self.square);
        for digit in exponent.iter().rev() {
            for bit in (0..64).rev() {
                result = self.montgomery(&result, &result);
                if digit >> bit & 1 == 1 {
                    result = self.montgomery(&result, &base);
                }
            }
        }
        self.montgomery(&result, &[1])
    }

    /// Returns `a · b / 2^(64 · length)` (Koç, Acar and Kaliski, 1996, method CIOS).
    fn montgomery(&self, a: &[u64], b: &[u64]) -> Limbs {
        let len = self.digits.len();
        let mut sum = vec![0_u64; len + 2];
        for index in 0..len {
            let digit = a.get(index).copied().unwrap_or_default();
            add_multiple(&mut sum, digit, b);
            let quotient = sum[0].wrapping_mul(self.inverse);
            add_multiple(&mut sum, quotient, &self.digits);
            // The last digit is zero now.
            sum.rotate_left(1);
        }
        self.once_reduced(trimmed(sum))
    }
}

/// Adds `digit · number` to `sum`.
fn add_multiple(sum: &mut [u64], digit: u64, number: &[u64]) {
    let digit = u128::from(digit);
    let mut carry = 0;
    // An index, because iterators are several times slower without optimisation.
    let mut index = 0;
    while index < number.len() || carry != 0 {
        let other = if index < number.len() { number[index] as u128 } else { 0 };
        let total = sum[index] as u128 + digit * other + carry;
        sum[index] = total as u64;
        carry = total >> 64;
        index += 1;
    }
}
