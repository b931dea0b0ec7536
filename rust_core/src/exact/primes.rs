//! The Moebius function and primes: which modes of a winding count.
//!
//! mu(n) is 0 if a square divides n, else (-1)^k for k prime factors.

/// Returns mu(n); 0 for n <= 0.
///
/// ```
/// use syntonic_core::exact::primes::mobius;
/// assert_eq!([1, 2, 4, 6, 30, 0, -7].map(mobius), [1, -1, 0, 1, -1, 0, 0]);
/// ```
pub fn mobius(n: i64) -> i64 {
    let Ok(mut rest @ 1..) = u64::try_from(n) else { return 0 };
    let mut sign = 1;
    for p in [2, 3].into_iter().chain((1..).flat_map(|k| [6 * k - 1, 6 * k + 1])) {
        if p * p * p > rest {
            break;
        }
        if rest.is_multiple_of(p) {
            rest /= p;
            if rest.is_multiple_of(p) {
                return 0;
            }
            sign = -sign;
        }
    }
    // What remains has no factor up to its cube root: it is 1, a prime, a square, or a product of two primes.
    match rest {
        1 => sign,
        _ if is_prime(rest) => -sign,
        _ if rest.isqrt() * rest.isqrt() == rest => 0,
        _ => sign,
    }
}

/// Returns whether no square divides n; false for n <= 0.
pub fn is_square_free(n: i64) -> bool {
    mobius(n) != 0
}

/// Returns whether n is prime, for every 64-bit n (Miller and Rabin; the bases suffice by Sorenson and Webster, 2015).
pub fn is_prime(n: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if n < 2 {
        return false;
    }
    if let Some(p) = BASES.into_iter().find(|&p| n.is_multiple_of(p)) {
        return n == p;
    }
    let twos = (n - 1).trailing_zeros();
    let odd = (n - 1) >> twos;
    let times = |x: u64, y: u64| (u128::from(x) * u128::from(y) % u128::from(n)) as u64;
    let power = |base: u64| {
        let (mut square, mut rest, mut product) = (base, odd, 1);
        while rest > 0 {
            if rest & 1 == 1 {
                product = times(product, square);
            }
            square = times(square, square);
            rest >>= 1;
        }
        product
    };
    BASES.into_iter().all(|base| {
        let mut x = power(base);
        let mut passes = x == 1;
        for _ in 0..twos {
            passes |= x == n - 1;
            x = times(x, x);
        }
        passes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts prime factors by trial division.
    fn plain_mobius(n: u64) -> i64 {
        let (mut rest, mut sign) = (n, 1);
        for p in 2..=n {
            let mut times = 0;
            while rest.is_multiple_of(p) {
                rest /= p;
                times += 1;
            }
            sign *= [1, -1, 0][times.min(2)];
        }
        sign
    }

    #[test]
    fn mobius_agrees_with_trial_division() {
        for n in 1..2000 {
            assert_eq!(mobius(n as i64), plain_mobius(n), "{n}");
        }
    }

    #[test]
    fn mobius_of_large_numbers() {
        let (p, q) = (4_294_967_291_i64, 2_147_483_647);
        assert_eq!(mobius(i64::MAX), 0); // 7^2 73 127 337 92737 649657
        assert_eq!(mobius(9_223_372_036_854_775_783), -1); // the largest prime below 2^63
        assert_eq!([mobius(p), mobius(q), mobius(q * 2_147_483_629), mobius(q * q)], [-1, -1, 1, 0]);
        assert_eq!(mobius(2_097_143 * 2_097_143 * 2), 0);
        assert_eq!((mobius(i64::MIN), mobius(-1)), (0, 0));
    }

    #[test]
    fn primes() {
        let sieve: Vec<u64> = (0..100).filter(|&n| is_prime(n)).collect();
        assert_eq!(sieve.len(), 25);
        // Strong pseudoprimes to many bases, and a square.
        for composite in [3_215_031_751, 3_825_123_056_546_413_051, 4_294_967_297, 4_294_967_291 * 4_294_967_291] {
            assert!(!is_prime(composite), "{composite}");
        }
        assert!(is_prime(18_446_744_073_709_551_557));
    }
}
