//! Criterion benchmarks of what a run spends its time on; `make bench` compares them with a saved baseline.

#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use criterion::Criterion;
use syntonic_core::tensor::philox::{Key, Stream, fill_normals};
use syntonic_core::tensor::{Shape, Tensor};

mod generation;
mod matmul;
mod snap;
mod softmax;

/// Returns a float32 tensor of normals, always the same for a stream's `number`.
fn normals(number: u32, shape: impl Into<Shape>) -> Tensor {
    let shape = shape.into();
    let mut values = vec![0.0; shape.numel()];
    fill_normals(Key::new(0, Stream::Data), number, 0, 0, &mut values);
    Tensor::new(shape, values).expect("as many values as the shape has elements")
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for bench in [snap::bench, matmul::bench, softmax::bench, generation::bench] {
        bench(&mut criterion);
    }
    criterion.final_summary();
}
