//! The affine map of a layer, y = x W^T + b, for all members at once and without a copy of W for each of them.
//!
//! - The centre alone: 16 outputs lie in one vector.
//! - Full-rank noise: the weights of four outputs are perturbed into a small tile, used for every row of x, and forgotten.
//! - Noise of rank r: x W^T is computed with the centre's W (once for all members if they share x), and each member
//!   adds (scale A)(B^T x).
//!
//! Every output is summed over the inputs in rising order with one fma each, then the bias is added, then the low-rank term.

use pulp::Simd;

use crate::cuda::{Binary, DeviceTensor};
use crate::describe::{Param, methods};
use crate::loops::lanes::{mul, reserve};
use crate::loops::packed::{Centre, filled};
use crate::loops::products::{Factor, Finish, Product};
use crate::loops::sizes::{self, ROWS, Size, TILE};
use crate::loops::{Call, Memory, Noise, Operand, Operation, Parameter, Side, Weights, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// y = x W^T + b over the last axis of x; W has shape (out, in), b has shape (out,).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// Number of the parameter W.
    pub weight: usize,
    /// Number of the parameter b.
    pub bias: Option<usize>,
}

methods! {
    Linear {
        /// x W^T + b: (..., in) with W (out, in) and b (out,) gives (..., out).
        ///
        /// >>> Tensor([[1.0, 2.0]]).linear(ResonantTensor([[1.0, 1.0], [0.0, 2.0]]), ResonantTensor([1.0, 0.0])).tolist()
        /// [[4.0, 4.0]]
        fn linear(x, weight: Param, bias: Option<Param> = None) => {
            Ok(Self { weight: weight.0, bias: bias.map(|bias| bias.0) })
        };
    }
}

impl Operation for Linear {
    const NAME: &'static str = "linear";

    fn shape(&self, inputs: &[&Shape], parameters: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        let (x, weight) = (inputs[0], &parameters[self.weight]);
        let fault = |expected: String, got: String| Err(Error::Shape { op: Self::NAME, expected, got });
        let &[outputs, features] = weight.dims() else {
            return fault("a weight of shape (out, in)".into(), weight.to_string());
        };
        if x.rank() == 0 || x.last() != features {
            return fault(
                format!("an input whose last axis is {features}, as the weight {weight} needs"),
                x.to_string(),
            );
        }
        match self.bias.map(|b| &parameters[b]) {
            Some(bias) if bias.dims() != [outputs] => fault(format!("a bias of shape ({outputs},)"), bias.to_string()),
            _ => Ok(x.with_last(outputs)),
        }
    }

    fn cost(&self, inputs: &[&Shape], output: &Shape) -> usize {
        output.numel() * inputs[0].last()
    }

    fn memory(&self, inputs: &[&Shape], parameters: &[&Shape], output: &Shape) -> usize {
        // Sixteen outputs lie in a vector, in the packed weights and in the sums.
        let packed = |outputs: usize, numbers: usize| numbers / outputs.max(1) * filled::<1>(outputs);
        let (outputs, weight) = (parameters[self.weight].dims()[0], parameters[self.weight].numel());
        let sums = packed(output.last(), output.numel());
        [inputs[0].numel(), output.numel(), packed(outputs, weight), sums].into_iter().fold(0, usize::saturating_add)
    }

    fn device(&self, inputs: &[&DeviceTensor], parameters: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        let (x, weight) = (inputs[0], &parameters[self.weight]);
        let rows = x.reshape([x.shape().rows(), x.shape().last()].into())?;
        let y = rows.gemm(weight, (false, true), 1.0, None)?;
        let y = self.bias.map_or(Ok(y.clone()), |bias| y.binary(Binary::Add, &parameters[bias]))?;
        y.reshape(shape.clone())
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let (x, each) = side.input(0);
        let (rows, inputs) = (side.shape.rows(), x.shape().last());
        let flat = x.reshape([x.shape().rows(), inputs].into())?;
        let x = if each { x.reshape([side.members, rows, inputs].into())? } else { flat.clone() };
        let biased = |y: DeviceTensor| self.bias.map_or(Ok(y.clone()), |b| y.binary(Binary::Add, &side.vector(b)?));
        let y = match &side.parameters[self.weight] {
            Weights::Whole(weight) => biased(x.gemm(weight, (false, true), 1.0, None)?)?,
            Weights::Factors { centre, left, right } => {
                let shared = flat.gemm(centre, (false, true), 1.0, None)?;
                let outputs = shared.shape().last();
                let base = shared.reshape([if each { side.members } else { 1 }, rows, outputs].into())?;
                let base = biased(base)?.expand(Self::NAME, &side.with_members(&[rows, outputs]))?;
                x.gemm(right, (false, true), 1.0, None)?.gemm(left, (false, false), 1.0, Some((1.0, &base)))?
            }
        };
        y.reshape(side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let weight = &call.parameters[self.weight];
        let size = Size::new(call.shapes[0].rows(), call.shapes[0].last(), weight.shape.dims()[0]);
        if L == 1 {
            let x = match call.inputs[0] {
                Operand::Shared(x) => x,
                Operand::Members(x) => x.as_flattened(),
                Operand::InPlace => return,
            };
            let bias: &[T] = self.bias.map_or(&[], |bias| call.parameters[bias].centre);
            return Centre::new(size, weight.centre, bias).run(x, out.as_flattened_mut());
        }
        let mut scratch = call.scratch.borrow_mut();
        let mut scratch = Scratch::new(size, weight, self.bias, &mut scratch);
        if let Some(bias) = self.bias {
            call.parameters[bias].read(simd, 0, scratch.bias);
        }
        match call.inputs[0] {
            Operand::Shared(x) => members(simd, size, weight, call.base, x, &mut scratch, out),
            Operand::Members(x) => members(simd, size, weight, &[], x, &mut scratch, out),
            Operand::InPlace => {}
        }
    }

    fn parameters(&self) -> Vec<usize> {
        [self.weight].into_iter().chain(self.bias).collect()
    }
}

/// Memory for what is made of the parameters, for each member.
struct Scratch<'s, T, const L: usize> {
    /// b, (outputs,); empty without a bias
    bias: &'s mut [[T; L]],
    /// Some rows of W, for noise of full rank
    tile: &'s mut [[T; L]],
    /// scale A, (outputs, rank), for noise of low rank
    left: &'s mut [[T; L]],
    /// B^T x, (rows, rank)
    inner: &'s mut [[T; L]],
}

impl<'s, T: Real, const L: usize> Scratch<'s, T, L> {
    #[inline(always)]
    fn new(size: Size, weight: &Parameter<'_, T, L>, bias: Option<usize>, memory: &'s mut Memory<T, L>) -> Self {
        let (tile, rank) = match weight.noise {
            Noise::None => (0, 0),
            Noise::Full { .. } => (TILE * size.step, 0),
            Noise::LowRank { rank, .. } => (0, rank),
        };
        let bias = if bias.is_some() { size.outputs } else { 0 };
        let (left, inner) = (rank * size.outputs, rank * size.rows);
        reserve(memory, bias + tile + left + inner);
        let (bias, rest) = memory.split_at_mut(bias);
        let (tile, rest) = rest.split_at_mut(tile);
        let (left, rest) = rest.split_at_mut(left);
        Self { bias, tile, left, inner: &mut rest[..inner] }
    }
}

/// y for each member; `base` is x W^T with the centre's W if all members share it.
#[inline(always)]
fn members<S: Simd, T: Real, const L: usize, X: Factor<T>>(
    simd: S,
    size: Size,
    weight: &Parameter<'_, T, L>,
    base: &[T],
    x: &[X],
    scratch: &mut Scratch<'_, T, L>,
    out: &mut [[T; L]],
) {
    let rank = low_rank(simd, size, weight, x, scratch);
    let Scratch { bias, tile, left, inner } = scratch;
    let finish = &Finish { bias, left, inner, rank };
    if !base.is_empty() {
        finish.run(size.outputs, base, out);
        return;
    }
    let Noise::Full { .. } = weight.noise else {
        let (rows, outputs, w) = (0..size.rows, 0..size.outputs, weight.centre);
        return Product { size, rows, outputs, w, x, finish, out }.run();
    };
    for row in (0..size.rows).step_by(ROWS) {
        let mut output = 0;
        while output < size.outputs {
            let (first, count) = sizes::tile(output, &(0..size.outputs), TILE, true);
            let (rows, outputs) = (row..size.rows.min(row + ROWS), first..first + count);
            let tile = &mut tile[..count * size.step];
            weight.read(simd, first * size.step, tile);
            Product { size, rows, outputs, w: tile, x, finish, out }.run();
            output = first + count;
        }
    }
}

/// Computes scale A and B^T x of noise of low rank and returns the rank, 0 for full rank.
#[inline(always)]
fn low_rank<S: Simd, T: Real, const L: usize, X: Factor<T>>(
    simd: S,
    size: Size,
    weight: &Parameter<'_, T, L>,
    x: &[X],
    scratch: &mut Scratch<'_, T, L>,
) -> usize {
    let Noise::LowRank { left, right, rank, scale } = weight.noise else { return 0 };
    for (r, left) in left.chunks_exact(size.outputs).enumerate() {
        for (o, a) in left.iter().enumerate() {
            scratch.left[o * rank + r] = mul(simd, a, &[scale; L]);
        }
    }
    let narrow = Size { outputs: rank, ..size };
    let (rows, outputs, finish, out) = (0..size.rows, 0..rank, &Finish::none(), &mut *scratch.inner);
    Product { size: narrow, rows, outputs, w: right, x, finish, out }.run();
    rank
}
