//! The softmax over the last axis of a float32 tensor, eager.

use criterion::{BenchmarkId, Criterion, Throughput};
use syntonic_core::ops::{Op, Softmax};

use crate::normals;

/// Rows of an attention, and rows of a vocabulary.
pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("softmax");
    for (rows, columns) in [(4096, 16), (64, 4096)] {
        let x = normals(2, [rows, columns]);
        group.throughput(Throughput::Elements((rows * columns) as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{rows}x{columns}")), |bencher| {
            bencher.iter(|| Op::from(Softmax::LAST).eager(&[&x], &[]).expect("shapes that fit"));
        });
    }
    group.finish();
}
