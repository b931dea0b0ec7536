//! Products of two square float32 matrices, eager, on all cores from 256 on.

use criterion::{BenchmarkId, Criterion, Throughput};
use syntonic_core::ops::{MatMul, Op};

use crate::normals;

/// Multiplies matrices that fit the first cache, the second one, and none.
pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matmul");
    for size in [64, 256, 1024] {
        let (a, b) = (normals(0, [size, size]), normals(1, [size, size]));
        let product = Op::from(MatMul);
        group.throughput(Throughput::Elements(2 * (size as u64).pow(3))); // operations
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| product.eager(&[&a, &b], &[]).expect("shapes that fit"));
        });
    }
    group.finish();
}
