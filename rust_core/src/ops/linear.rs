//! The affine map of a layer, y = x W^T + b, for all members at once and without a copy of W for each of them.
//!
//! - The centre alone: 16 outputs lie in one vector.
//! - Full-rank noise: the weights of four outputs are perturbed into a small tile, used for every row of x, and forgotten.
//! - Noise of rank r: x W^T is computed with the centre's W (once for all members if they share x), and each member
//!   adds (scale A)(B^T x).
//!
//! Every output is summed over the inputs in rising order with one fma each, then the bias is added, then the low-rank term.

use super::lanes::{fma, widen, zip};
use super::{Call, LANES, Noise, Operand, Operation, Parameter, expect_inputs};
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

/// Outputs and rows that one inner loop works on: 16 sums stay in registers.
const TILE: usize = 4;

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
            return fault(format!("an input whose last axis is {features}, as the weight {weight} needs"), x.to_string());
        }
        match self.bias.map(|b| &parameters[b]) {
            Some(bias) if bias.dims() != [outputs] => fault(format!("a bias of shape ({outputs},)"), bias.to_string()),
            _ => Ok(x.with_last(outputs)),
        }
    }

    #[inline(always)]
    fn run<T: Real, const L: usize>(&self, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let size = Size::of(call, self);
        let weight = &call.parameters[self.weight];
        if L == 1 {
            let x = match call.inputs[0] {
                Operand::Shared(x) => x,
                Operand::Members(x) => x.as_flattened(),
                Operand::InPlace => return,
            };
            centre(size, x, weight.centre, out.as_flattened_mut());
            self.add_bias(call, size, out);
            return;
        }
        match (call.inputs[0], weight.noise) {
            (Operand::Shared(x), Noise::Full { .. }) => full(size, weight, |row| Shared(&x[row..][..size.inputs]), out),
            (Operand::Members(x), Noise::Full { .. }) => full(size, weight, |row| Members(&x[row..][..size.inputs]), out),
            (Operand::Members(x), _) => base(size, weight.centre, |row| Members(&x[row..][..size.inputs]), out),
            (Operand::Shared(x), _) if call.base.is_empty() => {
                base(size, weight.centre, |row| Shared(&x[row..][..size.inputs]), out);
            }
            _ => out.iter_mut().zip(call.base).for_each(|(o, &y)| *o = [y; L]),
        }
        self.add_bias(call, size, out);
        match call.inputs[0] {
            Operand::Shared(x) => low_rank(size, weight, |row| Shared(&x[row..][..size.inputs]), out),
            Operand::Members(x) => low_rank(size, weight, |row| Members(&x[row..][..size.inputs]), out),
            Operand::InPlace => {}
        }
    }

    fn parameters(&self) -> Vec<usize> {
        [self.weight].into_iter().chain(self.bias).collect()
    }
}

impl Linear {
    #[inline(always)]
    fn add_bias<T: Real, const L: usize>(&self, call: &Call<'_, T, L>, size: Size, out: &mut [[T; L]]) {
        let Some(bias) = self.bias else { return };
        for o in 0..size.outputs {
            let b = call.parameters[bias].at(o);
            for y in out[o..].iter_mut().step_by(size.outputs) {
                *y = zip(*y, b, |y, b| y + b);
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Size {
    rows: usize,
    inputs: usize,
    outputs: usize,
}

impl Size {
    fn of<T, const L: usize>(call: &Call<'_, T, L>, op: &Linear) -> Self {
        let x = call.shapes[0];
        let weight = call.parameters[op.weight].shape;
        Self { rows: x.rows(), inputs: x.last(), outputs: weight.dims()[0] }
    }
}

/// Numbers k = 0, 1, .. of one factor of a sum of products.
trait Factors<T, const L: usize>: Copy {
    fn at(self, k: usize) -> [T; L];
}

#[derive(Clone, Copy)]
struct Shared<'a, T>(&'a [T]);

impl<T: Real, const L: usize> Factors<T, L> for Shared<'_, T> {
    #[inline(always)]
    fn at(self, k: usize) -> [T; L] {
        [self.0[k]; L]
    }
}

#[derive(Clone, Copy)]
struct Members<'a, T, const L: usize>(&'a [[T; L]]);

impl<T: Real, const L: usize> Factors<T, L> for Members<'_, T, L> {
    #[inline(always)]
    fn at(self, k: usize) -> [T; L] {
        self.0[k]
    }
}

/// Returns the sums over k of w[o][k] x[b][k], all O times B of them in registers.
#[inline(always)]
fn products<T: Real, const L: usize, const O: usize, const B: usize>(
    inputs: usize,
    w: [impl Factors<T, L>; O],
    x: [impl Factors<T, L>; B],
) -> [[[T; L]; B]; O] {
    let mut sums = [[[T::ZERO; L]; B]; O];
    for k in 0..inputs {
        let w: [[T; L]; O] = std::array::from_fn(|o| w[o].at(k));
        for b in 0..B {
            let x = x[b].at(k);
            for o in 0..O {
                sums[o][b] = fma(w[o], x, sums[o][b]);
            }
        }
    }
    sums
}

/// Computes the outputs `first..first + O` of every row.
#[inline(always)]
fn columns<T: Real, const L: usize, const O: usize, X: Factors<T, L>>(
    size: Size,
    first: usize,
    w: [impl Factors<T, L>; O],
    x: impl Fn(usize) -> X,
    out: &mut [[T; L]],
) {
    let mut row = 0;
    while row + TILE <= size.rows {
        let sums = products::<T, L, O, TILE>(size.inputs, w, std::array::from_fn(|b| x((row + b) * size.inputs)));
        for (o, sums) in sums.iter().enumerate() {
            for (b, sum) in sums.iter().enumerate() {
                out[(row + b) * size.outputs + first + o] = *sum;
            }
        }
        row += TILE;
    }
    for row in row..size.rows {
        let sums = products::<T, L, O, 1>(size.inputs, w, [x(row * size.inputs)]);
        for (o, sums) in sums.iter().enumerate() {
            out[row * size.outputs + first + o] = sums[0];
        }
    }
}

/// x W^T with each member's own W.
#[inline(always)]
fn full<T: Real, const L: usize, X: Factors<T, L>>(
    size: Size,
    weight: &Parameter<'_, T, L>,
    x: impl Fn(usize) -> X + Copy,
    out: &mut [[T; L]],
) {
    let Noise::Full { noise, scale } = weight.noise else { return };
    let mut tile = vec![[T::ZERO; L]; TILE * size.inputs];
    let mut first = 0;
    while first < size.outputs {
        let count = if first + TILE <= size.outputs { TILE } else { 1 };
        let range = first * size.inputs..(first + count) * size.inputs;
        for ((w, &centre), &noise) in tile.iter_mut().zip(&weight.centre[range.clone()]).zip(&noise[range]) {
            *w = fma([scale; L], widen(noise), [centre; L]);
        }
        let row = |o: usize| Members(&tile[o * size.inputs..][..size.inputs]);
        match count {
            TILE => columns::<T, L, TILE, X>(size, first, std::array::from_fn(row), x, out),
            _ => columns::<T, L, 1, X>(size, first, [row(0)], x, out),
        }
        first += count;
    }
}

/// x W^T with the centre's W.
#[inline(always)]
fn base<T: Real, const L: usize, X: Factors<T, L>>(
    size: Size,
    weight: &[T],
    x: impl Fn(usize) -> X + Copy,
    out: &mut [[T; L]],
) {
    let row = |o: usize| Shared(&weight[o * size.inputs..][..size.inputs]);
    let mut first = 0;
    while first + TILE <= size.outputs {
        columns::<T, L, TILE, X>(size, first, std::array::from_fn(|o| row(first + o)), x, out);
        first += TILE;
    }
    for first in first..size.outputs {
        columns::<T, L, 1, X>(size, first, [row(first)], x, out);
    }
}

/// Adds (scale A)(B^T x), one rank after the other.
#[inline(always)]
fn low_rank<T: Real, const L: usize, X: Factors<T, L>>(
    size: Size,
    weight: &Parameter<'_, T, L>,
    x: impl Fn(usize) -> X + Copy,
    out: &mut [[T; L]],
) {
    let Noise::LowRank { left, right, rank, scale } = weight.noise else { return };
    let mut inner = vec![[T::ZERO; L]; size.rows];
    let narrow = Size { outputs: 1, ..size };
    for r in 0..rank {
        let b: Vec<[T; L]> = right[r * size.inputs..][..size.inputs].iter().map(|&b| widen(b)).collect();
        columns::<T, L, 1, X>(narrow, 0, [Members(&b)], x, &mut inner);
        let a: Vec<[T; L]> =
            left[r * size.outputs..][..size.outputs].iter().map(|&a| widen(a).map(|a: T| a * scale)).collect();
        for (y, &inner) in out.chunks_exact_mut(size.outputs).zip(&inner) {
            for (y, &a) in y.iter_mut().zip(&a) {
                *y = fma(a, inner, *y);
            }
        }
    }
}

/// x W^T for the centre alone: the vector holds 16 outputs of one row.
#[inline(always)]
fn centre<T: Real>(size: Size, x: &[T], weight: &[T], out: &mut [T]) {
    let mut panel = vec![[T::ZERO; LANES]; size.inputs];
    for first in (0..size.outputs).step_by(LANES) {
        let count = LANES.min(size.outputs - first);
        for (k, panel) in panel.iter_mut().enumerate() {
            for (l, p) in panel[..count].iter_mut().enumerate() {
                *p = weight[(first + l) * size.inputs + k];
            }
        }
        let row = |b: usize| Shared(&x[b * size.inputs..][..size.inputs]);
        let mut write = |row: usize, sum: &[T; LANES]| {
            out[row * size.outputs + first..][..count].copy_from_slice(&sum[..count]);
        };
        let whole = size.rows - size.rows % (2 * TILE);
        for b in (0..whole).step_by(2 * TILE) {
            let rows = std::array::from_fn(|i| row(b + i));
            let [sums] = products::<T, LANES, 1, { 2 * TILE }>(size.inputs, [Members(&panel)], rows);
            sums.iter().enumerate().for_each(|(i, sum)| write(b + i, sum));
        }
        for b in whole..size.rows {
            let [[sum]] = products::<T, LANES, 1, 1>(size.inputs, [Members(&panel)], [row(b)]);
            write(b, &sum);
        }
    }
}

/// Returns x W^T for the centre, which all members share when they share x.
pub(crate) fn shared_base<T: Real>(x: &[T], shape: &Shape, weight: &Parameter<'_, T, 1>) -> Vec<T> {
    let op = super::Op::from(Linear { weight: 0, bias: None });
    let mut out = vec![[T::ZERO]; shape.rows() * weight.shape.dims()[0]];
    let call = Call {
        inputs: &[Operand::Shared(x)],
        shapes: &[shape],
        parameters: &[*weight],
        base: &[],
        draw: super::Draw::default(),
    };
    op.run(&call, &mut out);
    out.into_flattened()
}
