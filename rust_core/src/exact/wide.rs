//! Unsigned 512-bit integers: wide enough to compare any two numbers of Q(phi) with 128-bit coefficients.

use std::cmp::Ordering;
use std::ops::{Add, Mul, Sub};

const LIMBS: usize = 8;

/// An integer of eight 64-bit limbs, the lowest first. No operation wraps: sizes are the caller's to bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wide([u64; LIMBS]);

impl Wide {
    /// Returns the nearest float, or a neighbour of it.
    pub(super) fn to_f64(self) -> f64 {
        self.0.iter().rev().fold(0.0, |sum, &limb| sum * 2.0_f64.powi(64) + limb as f64)
    }
}

impl From<u128> for Wide {
    fn from(n: u128) -> Self {
        let mut limbs = [0; LIMBS];
        limbs[0] = n as u64;
        limbs[1] = (n >> 64) as u64;
        Self(limbs)
    }
}

impl Ord for Wide {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Add for Wide {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        let mut carry = 0;
        for (limb, more) in self.0.iter_mut().zip(other.0) {
            let sum = u128::from(*limb) + u128::from(more) + carry;
            (*limb, carry) = (sum as u64, sum >> 64);
        }
        debug_assert_eq!(carry, 0);
        self
    }
}

impl Sub for Wide {
    type Output = Self;

    /// Returns self - other, for other <= self.
    fn sub(mut self, other: Self) -> Self {
        let mut borrow = false;
        for (limb, less) in self.0.iter_mut().zip(other.0) {
            let (rest, first) = limb.overflowing_sub(less);
            let (rest, second) = rest.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (rest, first || second);
        }
        debug_assert!(!borrow);
        self
    }
}

impl Mul for Wide {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let mut product = [0_u64; LIMBS];
        for (i, &left) in self.0.iter().enumerate().filter(|&(_, &limb)| limb != 0) {
            let mut carry = 0;
            for (limb, &right) in product[i..].iter_mut().zip(&other.0) {
                let sum = u128::from(left) * u128::from(right) + u128::from(*limb) + carry;
                (*limb, carry) = (sum as u64, sum >> 64);
            }
            debug_assert_eq!(carry, 0);
        }
        Self(product)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::constants::GOLDEN_TURN;

    #[test]
    fn arithmetic_agrees_with_identities() {
        let [x, y] = [u128::MAX - 5, 0x1234_5678_9abc_def0_0fed_cba9_8765_4321].map(Wide::from);
        // (x + y)^2 - (x - y)^2 = 4xy, and the same once more a storey higher
        let square = |n: Wide| n * n;
        assert_eq!(square(x + y) - square(x - y), Wide::from(4) * x * y);
        let (x, y) = (x * x, x * y);
        assert_eq!(square(x) - square(y), (x - y) * (x + y));
        assert!(x > y && x.cmp(&x) == Ordering::Equal);
        assert_eq!(square(Wide::from(1 << 100)).to_f64(), 2.0_f64.powi(200));
    }

    #[test]
    fn the_golden_turn_is_rounded_down() {
        // t <= 2^128 / phi < t + 1, that is (2t + 2^128)^2 <= 5 * 2^256 < (2t + 2 + 2^128)^2
        let one = Wide::from(1 << 127) + Wide::from(1 << 127);
        let square = |t: u128| {
            let side = Wide::from(t) + Wide::from(t) + one;
            side * side
        };
        let five = Wide::from(5) * one * one;
        assert!(square(GOLDEN_TURN) <= five && five < square(GOLDEN_TURN + 1));
    }
}
