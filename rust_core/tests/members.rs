//! A member of the population computes what the model alone computes with that member's parameters.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::sync::Arc;

use syntonic_core::loops::{Draw, LANES};
use syntonic_core::ops::elementwise as elementwise_operations;
use syntonic_core::ops::{
    Abs, Accuracy, Affine, Arithmetic, Clamp, Concat, Cos, CrossEntropy, Dropout, Element, Embedding, Exp, Expand,
    Gelu, How, IndexSelect, Linear, Log, MeanSquaredError, Narrow, Neg, Op, Permute, Reduce, Relu, Reshape, Sigmoid,
    Sin, Softmax, Sqrt, Square, Tanh, Weight,
};
use syntonic_core::program::{Evaluator, Half, NodeId, Perturbation, Program, Rank, Workspaces};
use syntonic_core::tensor::philox::{Key, Stream, fill_normals};
use syntonic_core::tensor::{Real, Shape, Tensor};

const SIGMA: f64 = 0.3;
const SEED: u32 = 5;
const GENERATION: u32 = 7;

fn shapes() -> Vec<Shape> {
    vec![[21, 6].into(), [21].into(), [21].into(), [21].into(), [13, 21].into(), [13].into(), [5, 13].into()]
}

/// Builds a program over the three inputs x (7, 6), labels (7,) and target (13,).
type Build = fn(&mut Program, [NodeId; 3]) -> NodeId;

/// Layers, on rows that do not fill a tile.
fn layers(p: &mut Program, [x, labels, target]: [NodeId; 3]) -> NodeId {
    let mut apply = |op: Op, inputs: &[NodeId]| p.apply(op, inputs).unwrap();
    let shared = apply(Tanh.into(), &[x]);
    let h = apply(Linear { weight: 0, bias: Some(1) }.into(), &[shared]);
    let h = apply(Relu.into(), &[h]);
    let h = apply(Affine { scale: 2, shift: 3 }.into(), &[h]);
    let h = apply(Dropout { p: 0.25, layer: 1 }.into(), &[h]);
    let h = apply(Linear { weight: 4, bias: Some(5) }.into(), &[h]);
    let gelu = apply(Gelu.into(), &[h]);
    let sigmoid = apply(Sigmoid.into(), &[h]);
    let h = apply(Arithmetic::Mul.into(), &[gelu, sigmoid]);
    let h = apply(Arithmetic::Sub.into(), &[h, target]);
    let logits = apply(Linear { weight: 6, bias: None }.into(), &[h]);
    let loss = apply(CrossEntropy::default().into(), &[logits, labels]);
    let p1 = apply(Softmax::LAST.into(), &[logits]);
    let p2 = apply(Arithmetic::Add.into(), &[p1, logits]);
    let mse = apply(MeanSquaredError.into(), &[p2, p1]);
    let mean = apply(Reduce::all(How::Mean).into(), &[p2]);
    let sum = apply(Arithmetic::Add.into(), &[loss, mse]);
    apply(Arithmetic::Add.into(), &[sum, mean])
}

/// Every function of one number, of values that differ between members and lie where it is defined.
fn elementwise(p: &mut Program, [x, _, _]: [NodeId; 3]) -> NodeId {
    let mut apply = |op: Op, inputs: &[NodeId]| p.apply(op, inputs).unwrap();
    let h = apply(Linear { weight: 0, bias: Some(1) }.into(), &[x]);
    let positive = apply(Square.into(), &[h]);
    let negative = apply(Neg.into(), &[h]);
    let mut all = vec![
        apply(Exp.into(), &[h]),
        apply(Log.into(), &[positive]),
        apply(Sqrt.into(), &[positive]),
        apply(Sin.into(), &[h]),
        apply(Cos.into(), &[negative]),
        apply(Abs.into(), &[negative]),
    ];
    all.push(apply(Clamp { low: -0.5, high: 0.7 }.into(), &[h]));
    let within = apply(Sigmoid.into(), &[h]);
    all.extend(elementwise_operations().into_iter().map(|op| apply(op, &[within])));
    let all = apply(Concat { axis: 0 }.into(), &all);
    apply(Reduce::all(How::Mean).into(), &[all])
}

/// Arithmetic in which either side repeats, along leading, middle and last axes, shared or not.
fn broadcasting(p: &mut Program, [x, _, target]: [NodeId; 3]) -> NodeId {
    let number = p.constant(Tensor::new([], vec![1.7_f64]).unwrap());
    let mut apply = |op: Op, inputs: &[NodeId]| p.apply(op, inputs).unwrap();
    let h = apply(Linear { weight: 0, bias: None }.into(), &[x]);
    let row = apply(Weight { parameter: 2 }.into(), &[]);
    let column = apply(Reduce { how: How::Sum, axes: Some(vec![1]), keep: true }.into(), &[h]);
    let divided = apply(Arithmetic::Div.into(), &[row, column]);
    let larger = apply(Arithmetic::Maximum.into(), &[divided, h]);
    let smaller = apply(Arithmetic::Minimum.into(), &[column, larger]);
    let less = apply(Arithmetic::Sub.into(), &[number, smaller]);
    let more = apply(Arithmetic::Add.into(), &[less, number]);
    let wide = apply(Reshape([7, 1, 21].into()).into(), &[more]);
    let target = apply(Reshape([13, 1].into()).into(), &[target]);
    let outer = apply(Arithmetic::Mul.into(), &[target, wide]);
    let again = apply(Arithmetic::Mul.into(), &[outer, outer]);
    let again = apply(Arithmetic::Sub.into(), &[again, wide]);
    apply(Reduce::all(How::Sum).into(), &[again])
}

/// Every reduction over the last, the first, the middle, and scattered axes.
fn reductions(p: &mut Program, [x, _, _]: [NodeId; 3]) -> NodeId {
    let mut apply = |op: Op, inputs: &[NodeId]| p.apply(op, inputs).unwrap();
    let h = apply(Linear { weight: 0, bias: Some(1) }.into(), &[x]);
    let h = apply(Reshape([7, 3, 7].into()).into(), &[h]);
    let mut all = Vec::new();
    for how in [How::Sum, How::Mean, How::Var, How::Max, How::Min] {
        for axes in [vec![2], vec![0], vec![1], vec![0, 2], vec![0, 1], vec![0, 1, 2]] {
            let y = apply(Reduce { how, axes: Some(axes), keep: false }.into(), &[h]);
            all.push(apply(Reduce::all(How::Sum).into(), &[y]));
        }
    }
    let parts: Vec<NodeId> = all.iter().map(|&y| apply(Reshape([1].into()).into(), &[y])).collect();
    let all = apply(Concat { axis: 0 }.into(), &parts);
    apply(Reduce::all(How::Sum).into(), &[all])
}

/// Everything that moves elements, and rows of a table for tokens that are shared and that differ between members.
fn movements(p: &mut Program, [x, labels, target]: [NodeId; 3]) -> NodeId {
    let steep = p.constant(Tensor::new([], vec![1e30_f64]).unwrap());
    let mut apply = |op: Op, inputs: &[NodeId]| p.apply(op, inputs).unwrap();
    let rows = apply(Embedding { table: 4 }.into(), &[labels]);
    let h = apply(Linear { weight: 0, bias: None }.into(), &[x]);
    let both = apply(Arithmetic::Add.into(), &[rows, h]);
    let turned = apply(Permute { axes: vec![1, 0] }.into(), &[both]);
    let part = apply(Narrow { axis: 0, start: 3, length: 13 }.into(), &[turned]);
    let target = apply(Reshape([13, 1].into()).into(), &[target]);
    let joined = apply(Concat { axis: 1 }.into(), &[part, target, part]);
    let chosen = apply(IndexSelect { axis: 1, indices: vec![14, 0, 7, 0] }.into(), &[joined]);
    let cube = apply(Reshape([13, 2, 2].into()).into(), &[chosen]);
    let cube = apply(Permute { axes: vec![2, 0, 1] }.into(), &[cube]);
    let large = apply(Expand([3, 2, 13, 2].into()).into(), &[cube]);
    let mean = apply(Reduce::all(How::Mean).into(), &[large]);
    // Tokens 0 and 1 that depend on the member.
    let steep = apply(Arithmetic::Mul.into(), &[h, steep]);
    let sign = apply(Clamp { low: 0.0, high: 1.0 }.into(), &[steep]);
    let rows = apply(Embedding { table: 6 }.into(), &[sign]);
    let rows = apply(Reduce::all(How::Var).into(), &[rows]);
    apply(Arithmetic::Add.into(), &[mean, rows])
}

/// Losses whose rows are weighed, by weights that are shared and by weights that differ between members.
fn weighted(p: &mut Program, [x, labels, target]: [NodeId; 3]) -> NodeId {
    let mut apply = |op: Op, inputs: &[NodeId]| p.apply(op, inputs).unwrap();
    let h = apply(Linear { weight: 0, bias: Some(1) }.into(), &[x]);
    let shared = apply(Narrow { axis: 0, start: 2, length: 7 }.into(), &[target]);
    let shared = apply(Relu.into(), &[shared]);
    let own = apply(Reduce { how: How::Max, axes: Some(vec![1]), keep: false }.into(), &[h]);
    let own = apply(Square.into(), &[own]);
    let a = apply(CrossEntropy::default().into(), &[h, labels, shared]);
    let b = apply(CrossEntropy::default().into(), &[h, labels, own]);
    let c = apply(Accuracy.into(), &[h, labels, own]);
    let sum = apply(Arithmetic::Add.into(), &[a, b]);
    apply(Arithmetic::Add.into(), &[sum, c])
}

/// Programs that together use every operation that members run.
const PROGRAMS: [Build; 6] = [layers, elementwise, broadcasting, reductions, movements, weighted];

fn normals(stream: Stream, parameter: u32, pair: u32, generation: u32, count: usize) -> Vec<f32> {
    let mut out = vec![0.0; count];
    fill_normals(Key::new(SEED, stream), parameter, pair, generation, &mut out);
    out
}

fn inputs() -> [Tensor; 3] {
    [
        Tensor::new([7, 6], normals(Stream::Data, 0, 0, 0, 42)).unwrap(),
        Tensor::new([7], vec![0.0_f32, 4.0, 1.0, 3.0, 2.0, 2.0, 0.0]).unwrap(),
        Tensor::new([13], normals(Stream::Data, 1, 0, 0, 13)).unwrap(),
    ]
}

fn centre<T: Real>() -> Vec<Vec<T>> {
    let draw = |(i, shape): (usize, &Shape)| {
        normals(Stream::Init, i as u32, 0, 0, shape.numel()).iter().map(|&z| T::from_f32(z * 0.4)).collect()
    };
    shapes().iter().enumerate().map(draw).collect()
}

/// The parameters of one member, written out.
fn member<T: Real>(ranks: &[Rank], pair: u32, sign: f64) -> Vec<Vec<T>> {
    let perturb = |(i, c): (usize, Vec<T>)| {
        let z = normals(Stream::Noise, i as u32, pair, GENERATION, ranks[i].normals(c.len()));
        let at = |(e, c): (usize, &T)| match ranks[i] {
            Rank::Full => T::from_f64(sign * SIGMA).fma(T::from_f32(z[e]), *c),
            Rank::Low { rows, columns, rank } => {
                let scale = T::from_f64(sign * SIGMA) / T::from_f64(rank as f64).sqrt();
                (0..rank).fold(*c, |sum, r| {
                    let (a, b) = (z[r * rows + e / columns], z[rank * rows + r * columns + e % columns]);
                    (T::from_f32(a) * scale).fma(T::from_f32(b), sum)
                })
            }
        };
        c.iter().enumerate().map(at).collect()
    };
    centre::<T>().into_iter().enumerate().map(perturb).collect()
}

/// Calls `check` with what each of 40 pairs' members gives in the population and alone.
fn compare<T: Real + Element>(build: Build, rank: Option<usize>, check: impl Fn(f64, f64)) {
    let mut program = Program::new(shapes());
    let given = [program.input([7, 6]), program.input([7]), program.input([13])];
    let output = build(&mut program, given);
    let draw = Draw { seed: SEED, generation: GENERATION, pair: 0 };
    let perturbation = Perturbation::new(SEED, GENERATION, &shapes(), rank);
    let (program, centre) = (Arc::new(program), Arc::new(centre::<T>()));
    let mut evaluator = Evaluator::new(Arc::clone(&program), output, &inputs(), centre, draw).unwrap();
    evaluator.prepare(&perturbation);
    let workspaces = Workspaces::<T>::default();
    for first in (0..40).step_by(LANES) {
        for (half, sign) in [(Half::Plus, 1.0), (Half::Minus, -1.0)] {
            let together = workspaces.with(|workspace| {
                perturbation.fill(first as u32, &mut workspace.noise);
                evaluator.members(&perturbation, T::from_f64(SIGMA), half, first as u32, workspace)
            });
            for (lane, together) in together.iter().enumerate() {
                let pair = (first + lane) as u32;
                let parameters = member::<T>(perturbation.ranks(), pair, sign);
                let alone = Evaluator::new(
                    Arc::clone(&program),
                    output,
                    &inputs(),
                    Arc::new(parameters),
                    Draw { pair, ..draw },
                )
                .unwrap();
                check(*together, alone.centre(&[output])[0]);
            }
        }
    }
}

#[test]
fn full_rank_members_have_the_bits_of_the_model_alone() {
    for (number, build) in PROGRAMS.into_iter().enumerate() {
        let check = |together: f64, alone: f64| {
            assert!(together.is_finite(), "program {number}");
            assert_eq!(together.to_bits(), alone.to_bits(), "program {number}");
        };
        compare::<f32>(build, None, check);
        compare::<f64>(build, None, check);
    }
}

#[test]
fn low_rank_members_have_the_values_of_the_model_alone() {
    // The low-rank term is added in another order than that of the written-out matrix: 21 sums of rounding errors.
    for rank in [1, 2] {
        compare::<f32>(layers, Some(rank), |together, alone| {
            assert!((together - alone).abs() < 2e-5 * (1.0 + alone.abs()))
        });
        compare::<f64>(layers, Some(rank), |together, alone| {
            assert!((together - alone).abs() < 4e-14 * (1.0 + alone.abs()))
        });
    }
}

/// Returns a sum over the bits of every result of every program, in both formats.
fn digest() -> u64 {
    let sum = Cell::new(0xcbf2_9ce4_8422_2325_u64);
    let add = |together: f64, alone: f64| {
        for bits in [together.to_bits(), alone.to_bits()] {
            sum.set((sum.get() ^ bits).wrapping_mul(0x0100_0000_01b3).rotate_left(7));
        }
    };
    for build in PROGRAMS {
        compare::<f32>(build, None, add);
        compare::<f64>(build, None, add);
    }
    sum.get()
}

/// For the test below, and for a person: prints the digest of this machine.
#[test]
fn say_digest() {
    println!("digest {:x}", digest());
}

/// Without vectors and fused multiply-add (the portable path), and with AVX2, on emulated processors.
#[cfg(target_arch = "x86_64")]
#[test]
fn instruction_sets_change_no_bit() {
    for processor in ["Nehalem", "Haswell"] {
        let mut emulator = std::process::Command::new("qemu-x86_64");
        emulator.args(["-cpu", processor]).arg(std::env::current_exe().unwrap());
        let Ok(done) = emulator.args(["say_digest", "--exact", "--nocapture"]).output() else {
            return println!("skipped: needs qemu-x86_64, as apt install qemu-user brings");
        };
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(said.contains(&format!("digest {:x}", digest())), "{processor}: {said}");
    }
}
