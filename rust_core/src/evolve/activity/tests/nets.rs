//! One small network for every operation that reads a parameter or mixes positions.

use std::sync::Arc;

use crate::ops::*;
use crate::program::{NodeId, Program};
use crate::tensor::philox::{Key, Stream, fill_normals};
use crate::tensor::{Shape, Tensor};

/// A small network and a batch for it.
pub struct Net {
    pub name: &'static str,
    pub program: Arc<Program>,
    pub loss: NodeId,
    pub inputs: Vec<Tensor>,
    pub parameters: Vec<Tensor>,
    /// Whether a change of any activation is felt wherever the graph leads: nothing is stopped or lost in a maximum.
    pub smooth: bool,
}

fn normals(shape: &Shape, salt: u32, scale: f64) -> Tensor {
    let mut values = vec![0.0; shape.numel()];
    fill_normals(Key::new(11, Stream::Init), salt, 0, 0, &mut values);
    Tensor::new(shape.clone(), values.into_iter().map(|x| f64::from(x) * scale).collect::<Vec<_>>()).unwrap()
}

fn labels(shape: impl Into<Shape>, classes: usize) -> Tensor {
    let shape = shape.into();
    let count = shape.numel();
    Tensor::new(shape, (0..count).map(|i| ((i * 7 + i / 3) % classes) as f64).collect::<Vec<_>>()).unwrap()
}

/// Builds a network over parameters of these shapes; `build` returns its loss.
fn net(
    name: &'static str,
    parameters: &[&[usize]],
    inputs: Vec<Tensor>,
    smooth: bool,
    build: impl Fn(&mut Program, &[NodeId]) -> NodeId,
) -> Net {
    let shapes: Vec<Shape> = parameters.iter().map(|dims| dims.to_vec().into()).collect();
    let mut program = Program::new(shapes.clone());
    let ids: Vec<NodeId> = inputs.iter().map(|x| program.input(x.shape().clone())).collect();
    let loss = build(&mut program, &ids);
    let parameters = shapes.iter().enumerate().map(|(i, shape)| normals(shape, i as u32, 0.6)).collect();
    Net { name, program: Arc::new(program), loss, inputs, parameters, smooth }
}

fn linear(weight: usize) -> Linear {
    Linear { weight, bias: None }
}

fn attention(causal: bool) -> Attention {
    Attention { heads: 2, causal, masked: false, scale: None }
}

/// Embedding and positions, attention, a feed-forward part, all with residuals, and logits at each position.
fn transformer(name: &'static str, causal: bool) -> Net {
    let (b, t, d, v) = (3, 4, 4, 5);
    let matrix: &[usize] = &[d, d];
    let shapes: &[&[usize]] =
        &[&[v, d], &[t + 1, d], matrix, matrix, matrix, matrix, &[6, d], &[d, 6], &[d], &[d], &[v, d]];
    net(name, shapes, vec![labels([b, t], v), labels([b, t], v)], true, |p, x| {
        let e = p.apply(Embedding { table: 0 }, &[x[0]]).unwrap();
        let table = p.apply(Weight { parameter: 1 }, &[]).unwrap();
        let table = p.apply(Narrow { axis: 0, start: 0, length: t }, &[table]).unwrap();
        let h = p.apply(Arithmetic::Add, &[e, table]).unwrap();
        let z = p.apply(LayerNorm { eps: 1e-5, variance: 1.0 }, &[h]).unwrap();
        let [q, k, w] = [2, 3, 4].map(|i| p.apply(linear(i), &[z]).unwrap());
        let a = p.apply(attention(causal), &[q, k, w]).unwrap();
        let a = p.apply(linear(5), &[a]).unwrap();
        let residual = PhiResidual { mode: ResidualMode::Phi, activation: Activation::None };
        let h = p.apply(residual, &[h, a]).unwrap();
        let z = p.apply(LayerNorm { eps: 1e-5, variance: 1.0 }, &[h]).unwrap();
        let u = p.apply(linear(6), &[z]).unwrap();
        let u = p.apply(Gelu, &[u]).unwrap();
        let u = p.apply(linear(7), &[u]).unwrap();
        let h = p.apply(residual, &[h, u]).unwrap();
        let z = p.apply(LayerNorm { eps: 1e-5, variance: 1.0 }, &[h]).unwrap();
        let z = p.apply(Affine { scale: 8, shift: 9 }, &[z]).unwrap();
        let y = p.apply(linear(10), &[z]).unwrap();
        let quarter = p.constant(Tensor::full([], crate::tensor::DType::F64, 0.25).unwrap());
        let y = p.apply(Arithmetic::Mul, &[y, quarter]).unwrap();
        p.apply(CrossEntropy::default(), &[y, x[1]]).unwrap()
    })
}

/// One network for every operation that reads a parameter or mixes positions.
pub fn nets() -> Vec<Net> {
    let x = |dims: &[usize]| normals(&dims.to_vec().into(), 100, 1.0);
    vec![
        net("mlp", &[&[5, 4], &[5], &[3, 5], &[3]], vec![x(&[6, 4]), labels([6], 3)], true, |p, x| {
            let h = p.apply(Linear { weight: 0, bias: Some(1) }, &[x[0]]).unwrap();
            let h = p.apply(Tanh, &[h]).unwrap();
            let y = p.apply(Linear { weight: 2, bias: Some(3) }, &[h]).unwrap();
            p.apply(CrossEntropy::default(), &[y, x[1]]).unwrap()
        }),
        net("rectified", &[&[6, 4], &[3, 6]], vec![x(&[6, 4]), labels([6], 3)], false, |p, x| {
            let h = p.apply(linear(0), &[x[0]]).unwrap();
            let h = p.apply(Relu, &[h]).unwrap();
            let y = p.apply(linear(1), &[h]).unwrap();
            p.apply(CrossEntropy::default(), &[y, x[1]]).unwrap()
        }),
        net(
            "mse with weights as values",
            &[&[4, 3], &[3], &[3], &[2, 3]],
            vec![x(&[5, 4]), x(&[5, 2])],
            true,
            |p, x| {
                let w = p.apply(Weight { parameter: 0 }, &[]).unwrap();
                let h = p.apply(MatMul, &[x[0], w]).unwrap();
                let s = p.apply(Weight { parameter: 1 }, &[]).unwrap();
                let h = p.apply(Arithmetic::Mul, &[h, s]).unwrap();
                let s = p.apply(Weight { parameter: 2 }, &[]).unwrap();
                let s = p.apply(Sin, &[s]).unwrap();
                let h = p.apply(Arithmetic::Sub, &[h, s]).unwrap();
                let h = p.apply(Sigmoid, &[h]).unwrap();
                let y = p.apply(linear(3), &[h]).unwrap();
                p.apply(MeanSquaredError, &[y, x[1]]).unwrap()
            },
        ),
        net("conv1d", &[&[3, 3, 2], &[3], &[2, 2, 3], &[4, 6]], vec![x(&[4, 7, 2]), labels([4], 4)], false, |p, x| {
            let conv = |weight, bias, step| Conv { weight, bias, axes: 1, stride: [1, step], padding: [0, 1] };
            let h = p.apply(conv(0, Some(1), 2), &[x[0]]).unwrap();
            let h = p.apply(Tanh, &[h]).unwrap();
            let h = p.apply(conv(2, None, 1), &[h]).unwrap();
            let h = p.apply(MaxPool(Windows { axes: 1, size: [1, 2], stride: [1, 2] }), &[h]).unwrap();
            let h = p.apply(Narrow { axis: 2, start: 0, length: 2 }, &[h]).unwrap();
            let width = p.shape(h).unwrap().numel() / 4;
            let h = p.apply(Reshape([4, width].into()), &[h]).unwrap();
            let h = p.apply(Concat { axis: 1 }, &[h, h]).unwrap();
            let h = p.apply(Narrow { axis: 1, start: 0, length: 6.min(2 * width) }, &[h]).unwrap();
            let y = p.apply(linear(3), &[h]).unwrap();
            p.apply(CrossEntropy::default(), &[y, x[1]]).unwrap()
        }),
        net("conv2d and pooling", &[&[3, 2, 2, 1], &[3], &[2, 3]], vec![x(&[3, 4, 4, 1]), x(&[3, 2])], true, |p, x| {
            let conv = Conv { weight: 0, bias: Some(1), axes: 2, stride: [1, 1], padding: [1, 0] };
            let h = p.apply(conv, &[x[0]]).unwrap();
            let h = p.apply(Gelu, &[h]).unwrap();
            let h = p.apply(AvgPool(Windows { axes: 2, size: [2, 2], stride: [1, 1] }), &[h]).unwrap();
            let h = p.apply(Reduce { how: How::Mean, axes: Some(vec![1, 2]), keep: false }, &[h]).unwrap();
            let y = p.apply(linear(2), &[h]).unwrap();
            let d = p.apply(Arithmetic::Sub, &[y, x[1]]).unwrap();
            let d = p.apply(Square, &[d]).unwrap();
            p.apply(Reduce::all(How::Mean), &[d]).unwrap()
        }),
        net("batch norm", &[&[4, 3], &[4], &[4], &[1, 4]], vec![x(&[5, 3]), labels([5, 1], 2)], true, |p, x| {
            let h = p.apply(linear(0), &[x[0]]).unwrap();
            let h = p.apply(BatchNorm { eps: 1e-5, variance: 1.0 }, &[h]).unwrap();
            let h = p.apply(Affine { scale: 1, shift: 2 }, &[h]).unwrap();
            let h = p.apply(Tanh, &[h]).unwrap();
            let y = p.apply(linear(3), &[h]).unwrap();
            p.apply(BinaryCrossEntropy, &[y, x[1]]).unwrap()
        }),
        net("weighted", &[&[3, 4]], vec![x(&[4, 3, 4]), labels([4, 3], 3), labels([4, 3], 3)], true, |p, x| {
            let y = p.apply(linear(0), &[x[0]]).unwrap();
            p.apply(CrossEntropy::default(), &[y, x[1], x[2]]).unwrap()
        }),
        transformer("transformer", false),
        transformer("causal transformer", true),
        net(
            "last positions",
            &[&[4, 3], &[4, 3], &[4, 3], &[5, 4]],
            vec![x(&[3, 5, 3]), labels([3, 2], 5)],
            true,
            |p, x| {
                let [q, k, v] = [0, 1, 2].map(|i| p.apply(linear(i), &[x[0]]).unwrap());
                let h = p.apply(attention(true), &[q, k, v]).unwrap();
                let y = p.apply(linear(3), &[h]).unwrap();
                let y = p.apply(Narrow { axis: 1, start: 3, length: 2 }, &[y]).unwrap();
                let y = p.apply(Reshape([6, 5].into()), &[y]).unwrap();
                let labels = p.apply(Reshape([6].into()), &[x[1]]).unwrap();
                p.apply(CrossEntropy::default(), &[y, labels]).unwrap()
            },
        ),
    ]
}
