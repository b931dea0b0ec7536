//! The Mertens function and Pisano periods.
//!
//! M(n) is the sum of mu up to n. It follows from the sum over k <= n of M(n / k) = 1 (Deleglise and Rivat, Experimental Mathematics 5, 1996), with a linear sieve below
//! n^(2/3).

use syntonic_core::{Error, Result};

/// The Fermat primes that are known, 2^(2^k) + 1.
pub const FERMAT_PRIMES: [u64; 5] = [3, 5, 17, 257, 65537];
/// The first Mersenne primes, 2^p - 1.
pub const MERSENNE_PRIMES: [u64; 8] = [3, 7, 31, 127, 8191, 131_071, 524_287, 2_147_483_647];

/// The largest argument of [`mertens`]; its sieve takes about a second and a hundred megabytes.
pub const MERTENS_MAX: i64 = 100_000_000_000;
/// The largest modulus of [`pisano_period`], which takes up to six steps for each unit of it.
pub const PISANO_MAX: i64 = 100_000_000;

/// Returns M(n), the sum of mu(k) for 1 <= k <= n; 0 for n <= 0.
///
/// # Errors
/// `Error::Value` if n > [`MERTENS_MAX`].
///
/// ```
/// use syntonic_classic::exact::number_theory::mertens;
/// assert_eq!(mertens(1_000_000)?, 212);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
pub fn mertens(n: i64) -> Result<i64> {
    if n > MERTENS_MAX {
        let expected = format!("n of at most {MERTENS_MAX}");
        return Err(Error::Value { op: "mertens", expected, got: n.to_string() });
    }
    let Ok(n @ 1..) = u64::try_from(n) else { return Ok(0) };
    let low = ((n as f64).cbrt().powi(2) as u64).clamp(64, n.max(64));
    let mut sum = 0_i64;
    let sums: Vec<i64> = sieve_mobius(low as usize)
        .into_iter()
        .map(|mu| {
            sum += i64::from(mu);
            sum
        })
        .collect();
    if n <= low {
        return Ok(sums[n as usize]);
    }
    // M(n / i) for falling i, from the sieve's end up to n itself.
    let mut large = vec![0_i64; (n / low) as usize + 1];
    for i in (1..large.len() as u64).rev() {
        let m = n / i;
        let mut rest = 1;
        let mut k = 2;
        while k <= m {
            let quotient = m / k;
            let last = m / quotient;
            let value = if quotient <= low { sums[quotient as usize] } else { large[(i * k) as usize] };
            rest -= (last - k + 1) as i64 * value;
            k = last + 1;
        }
        large[i as usize] = rest;
    }
    Ok(large[1])
}

/// Returns mu(0..=last) by a linear sieve: each composite is crossed out once, by its smallest prime.
pub fn sieve_mobius(last: usize) -> Vec<i8> {
    let mut mu = vec![1_i8; last + 1];
    mu[0] = 0;
    let mut composite = vec![false; last + 1];
    let mut primes = Vec::new();
    for n in 2..=last {
        if !composite[n] {
            primes.push(n);
            mu[n] = -1;
        }
        for &p in primes.iter().take_while(|&&p| p <= last / n) {
            composite[n * p] = true;
            mu[n * p] = if n.is_multiple_of(p) { 0 } else { -mu[n] };
            if n.is_multiple_of(p) {
                break;
            }
        }
    }
    mu
}

/// Returns the period of the Fibonacci numbers modulo m; at most 6 m.
///
/// # Errors
/// `Error::Value` unless 1 <= m <= [`PISANO_MAX`].
///
/// ```
/// use syntonic_classic::exact::number_theory::pisano_period;
/// assert_eq!(pisano_period(10)?, 60);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
pub fn pisano_period(m: i64) -> Result<i64> {
    if !(1..=PISANO_MAX).contains(&m) {
        let expected = format!("a modulus from 1 to {PISANO_MAX}");
        return Err(Error::Value { op: "pisano_period", expected, got: m.to_string() });
    }
    let one = 1 % m;
    let (mut f, mut g) = (0, one);
    for n in 1.. {
        let next = f + g;
        (f, g) = (g, if next >= m { next - m } else { next });
        if (f, g) == (0, one) {
            return Ok(n);
        }
    }
    Err(Error::Internal { what: "a Pisano period is endless".to_owned() })
}

#[cfg(test)]
mod tests {
    use syntonic_core::exact::primes::{is_prime, mobius};

    use super::*;

    #[test]
    fn the_sieve_agrees_with_mobius() {
        let sieve = sieve_mobius(200_000);
        assert!((0..=200_000).all(|n| mobius(n) == i64::from(sieve[n as usize])));
    }

    #[test]
    fn mertens_agrees_with_the_sum_and_with_the_literature() {
        let mut sum = 0;
        for n in 1..5000 {
            sum += mobius(n);
            assert_eq!(mertens(n), Ok(sum), "{n}");
        }
        // OEIS A084237, M(10^k)
        let powers = (0..=9).map(|k| mertens(10_i64.pow(k)).unwrap());
        assert_eq!(powers.collect::<Vec<_>>(), [1, -1, 1, 2, -23, -48, 212, 1037, 1928, -222]);
        assert_eq!((mertens(0), mertens(i64::MIN)), (Ok(0), Ok(0)));
        assert!(matches!(mertens(MERTENS_MAX + 1), Err(Error::Value { .. })));
    }

    #[test]
    fn the_primes_of_the_theory() {
        assert!(MERSENNE_PRIMES.into_iter().chain(FERMAT_PRIMES).all(is_prime));
    }

    #[test]
    fn pisano_periods() {
        let periods: Vec<i64> = (1..=32).map(|m| pisano_period(m).unwrap()).collect();
        let known = [
            1, 3, 8, 6, 20, 24, 16, 12, 24, 60, 10, 24, 28, 48, 40, 24, 36, 24, 18, 60, 16, 30, 48, 24, 100, 84, 72,
            48, 14, 120, 30, 48,
        ];
        assert_eq!(periods, known);
        assert_eq!(pisano_period(10_000), Ok(15_000));
        assert!(pisano_period(0).is_err() && pisano_period(-3).is_err() && pisano_period(i64::MAX).is_err());
    }
}
