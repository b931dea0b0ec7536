//! One generation of the evolution, whole, on one thread: of XOR's network, and of that of the digits.

use std::sync::Arc;

use criterion::{Criterion, Throughput};
use syntonic_core::Result;
use syntonic_core::evolve::{Config, Evolution, Gene, Objective};
use syntonic_core::ops::{BinaryCrossEntropy, CrossEntropy, Linear, Relu, Tanh};
use syntonic_core::program::{NodeId, Program};
use syntonic_core::tensor::{Shape, Tensor};

use crate::normals;

/// Layer sizes, rows of a batch, members, and the batch itself.
struct Workload {
    sizes: [usize; 3],
    members: usize,
    batch: [Tensor; 2],
}

impl Workload {
    fn shapes(&self) -> [Shape; 4] {
        let [inputs, hidden, outputs] = self.sizes;
        [[hidden, inputs].into(), [hidden].into(), [outputs, hidden].into(), [outputs].into()]
    }

    /// Returns the loss of a perceptron whose hidden layer and loss are given by `head`.
    fn objective(&self, head: impl Fn(&mut Program, NodeId, NodeId) -> Result<NodeId>) -> Result<Objective> {
        let mut program = Program::new(self.shapes().to_vec());
        let [x, y] = self.batch.each_ref().map(|tensor| program.input(tensor.shape().clone()));
        let hidden = program.apply(Linear { weight: 0, bias: Some(1) }, &[x])?;
        let loss = head(&mut program, hidden, y)?;
        Ok(Objective { program: Arc::new(program), loss, metrics: Vec::new() })
    }

    fn evolution(&self) -> Result<Evolution> {
        let gene = |(number, shape): (usize, Shape)| Gene {
            mode_weights: vec![1.0; shape.last()],
            values: normals(number as u32, shape.clone()).to_f64().iter().map(|x| x * 0.2).collect(),
            shape,
        };
        Evolution::new(self.config(), self.shapes().into_iter().enumerate().map(gene).collect())
    }

    fn config(&self) -> Config {
        Config {
            population_size: self.members,
            learning_rate_final: 1.0,
            max_generations: 1_000_000,
            lambda_syntony: Some(0.027),
            threads: Some(1),
            ..Config::default()
        }
    }
}

fn xor() -> Result<(Workload, Objective)> {
    let corners = Tensor::new([4, 2], vec![0.0_f32, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0])?;
    let batch = [corners, Tensor::new([4], vec![0.0_f32, 1.0, 1.0, 0.0])?];
    let workload = Workload { sizes: [2, 16, 1], members: 64, batch };
    let objective = workload.objective(|program, hidden, y| {
        let hidden = program.apply(Tanh, &[hidden])?;
        let logits = program.apply(Linear { weight: 2, bias: Some(3) }, &[hidden])?;
        program.apply(BinaryCrossEntropy, &[logits, y])
    })?;
    Ok((workload, objective))
}

fn digits() -> Result<(Workload, Objective)> {
    let labels = (0..256).map(|i| (i % 10) as f32).collect::<Vec<_>>();
    let batch = [normals(9, [256, 64]), Tensor::new([256], labels)?];
    let workload = Workload { sizes: [64, 32, 10], members: 256, batch };
    let objective = workload.objective(|program, hidden, y| {
        let hidden = program.apply(Relu, &[hidden])?;
        let logits = program.apply(Linear { weight: 2, bias: Some(3) }, &[hidden])?;
        program.apply(CrossEntropy::default(), &[logits, y])
    })?;
    Ok((workload, objective))
}

/// Steps an evolution that goes on from sample to sample.
pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generation");
    for (name, made) in [("xor", xor()), ("digits", digits())] {
        let (workload, objective) = made.expect("a program whose shapes fit");
        let mut evolution = workload.evolution().expect("a config within its bounds");
        group.throughput(Throughput::Elements(workload.members as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| evolution.step(&objective, &workload.batch).expect("finite losses"));
        });
    }
    group.finish();
}
