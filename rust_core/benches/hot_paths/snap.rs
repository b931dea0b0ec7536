//! The nearest lattice point of each of 4,096 numbers, on one thread.

use criterion::{Criterion, Throughput};
use syntonic_core::exact::snap::Snapper;

const COUNT: usize = 4096;

/// Snaps an array at the precision of the trainer's default, and at one whose search is deeper.
pub fn bench(criterion: &mut Criterion) {
    let xs: Vec<f64> = (0..COUNT).map(|i| (i as f64 * 0.754_877_666_246_693).fract() * 20.0 - 10.0).collect();
    let mut group = criterion.benchmark_group("snap");
    group.throughput(Throughput::Elements(COUNT as u64));
    for precision in [100, 1000] {
        let snapper = Snapper::new(precision).expect("a precision above 0");
        let (mut a, mut b) = (vec![0; COUNT], vec![0; COUNT]);
        group.bench_function(precision.to_string(), |bencher| {
            bencher.iter(|| snapper.snap_into(&xs, &mut a, &mut b).expect("finite numbers"));
        });
    }
    group.finish();
}
