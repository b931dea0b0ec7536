//! Nanoseconds of exact arithmetic on one thread, as `name nanoseconds` lines: `experiments/speed/exact_ops.py` reads them.

use std::hint::black_box;
use std::time::Instant;

use syntonic_classic::exact::LatticeArithmetic;
use syntonic_core::Result;
use syntonic_core::exact::LatticeArray;
use syntonic_core::exact::snap::Snapper;

/// Numbers in an array: their coefficients stay in the second cache.
const COUNT: usize = 4096;
/// Times that each is measured; the fastest counts.
const REPEATS: usize = 300;

/// Returns numbers spread over -10 to 10, none of them on the lattice.
fn numbers() -> Vec<f64> {
    (0..COUNT).map(|i| (i as f64 * 0.754_877_666_246_693).fract() * 20.0 - 10.0).collect()
}

/// Prints the nanoseconds of one element, given what takes all of them.
fn report(name: &str, mut all: impl FnMut() -> Result<()>) -> Result<()> {
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        let start = Instant::now();
        all()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{name} {}", best * 1e9 / COUNT as f64);
    Ok(())
}

fn main() -> Result<()> {
    let xs = numbers();
    for precision in [100, 1_000_000] {
        let snapper = Snapper::new(precision)?;
        report(&format!("snap_scalar_{precision}"), || {
            for &x in &xs {
                black_box(snapper.snap(black_box(x))?);
            }
            Ok(())
        })?;
    }
    for precision in [100, 1000] {
        let snapper = Snapper::new(precision)?;
        let (mut a, mut b) = (vec![0; COUNT], vec![0; COUNT]);
        report(&format!("snap_array_{precision}"), || snapper.snap_into(black_box(&xs), &mut a, &mut b))?;
        black_box((a, b));
    }
    let factor = LatticeArray::snap(&xs, &Snapper::new(1000)?)?;
    report("lattice_multiply", || black_box(&factor).mul(black_box(&factor)).map(|product| drop(black_box(product))))
}
