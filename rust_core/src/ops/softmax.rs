//! softmax(x)_i = e^(x_i) / sum_j e^(x_j) along an axis, and its syntonic form p_i ~ w_i^scale e^(x_i).
//!
//! w_i = e^(-n_i^2 / phi) by mode norms, or the syntony that comes with each element. Both are added to x as logarithms, so
//! that nothing underflows; then the largest x is subtracted, so that nothing overflows. A line that is -inf throughout
//! gives 1/n everywhere; a line with NaN or +inf gives NaN.

use pulp::{Arch, Simd, WithSimd};

use crate::cuda::{self, DeviceTensor, Mode};
use crate::describe::{Given, methods};
use crate::exact::constants::PHI;
use crate::loops::lanes::{Call, Operand, add, fma};
use crate::loops::lines::{Kernel, Lines};
use crate::loops::normalise::{Peak, divide, normalise, suits};
use crate::loops::{Operation, Side, Split, elementwise, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result, threads};

/// The smallest syntony: below it the logarithm is that of this one.
const LEAST_SYNTONY: f64 = 1e-10;

/// Numbers in a piece of a large softmax, at least.
const PIECE: usize = 1 << 15;

/// What multiplies e^x.
#[derive(Clone, Debug, PartialEq)]
pub enum SoftmaxWeight {
    /// Nothing.
    Identity,
    /// e^(-scale * norm / phi), with one mode norm n^2 for each index along the axis.
    Norms {
        /// The power of the weights.
        scale: f64,
        /// n^2, as long as the axis.
        norms: Vec<f64>,
    },
    /// max(s, 1e-10)^scale, with s the second input, of the same shape.
    Syntony {
        /// The power of the syntony.
        scale: f64,
    },
}

/// Softmax along an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Softmax {
    /// The axis, counted from the last, which is 1.
    pub axis: usize,
    /// What multiplies e^x.
    pub weight: SoftmaxWeight,
}

impl Softmax {
    /// Softmax along the last axis.
    pub const LAST: Self = Self { axis: 1, weight: SoftmaxWeight::Identity };

    /// Softmax along axis `dim`, counted from the end where negative; a scalar counts as one axis.
    fn along(x: &Shape, dim: isize, weight: SoftmaxWeight) -> Result<Self> {
        let rank = x.rank().max(1).cast_signed();
        if (-rank..rank).contains(&dim) {
            return Ok(Self { axis: (if dim < 0 { -dim } else { rank - dim }).unsigned_abs(), weight });
        }
        let expected = format!("dim from {} to {} for {rank} axes", -rank, rank - 1);
        Err(Error::Value { op: Self::NAME, expected, got: dim.to_string() })
    }
}

methods! {
    Softmax {
        /// e^x / sum e^x along `dim`; 1/n along a line that is -inf throughout, NaN along one with NaN or +inf.
        ///
        /// >>> Tensor([1.0, 1.0]).softmax().tolist()
        /// [0.5, 0.5]
        fn softmax(x, dim: isize = (-1)) as "($self, dim=-1)" => Self::along(x, dim, SoftmaxWeight::Identity);
        /// w^scale e^x / sum w^scale e^x along `dim`.
        ///
        /// w is e^(-norm / phi) with one mode norm n^2 for each index along `dim`, or max(syntony, 1e-10) with a
        /// syntony for each element, or 1 if neither is given.
        ///
        /// >>> Tensor([0.0, 0.0]).syntonic_softmax(syntony=Tensor([0.25, 0.25])).tolist()
        /// [0.5, 0.5]
        fn syntonic_softmax(
            x, dim: isize = (-1), mode_norms: Option<Vec<f64>> = None, syntony: Option<Given> = None,
            syntony_scale: f64 = 1.0
        ) as "($self, dim=-1, mode_norms=None, syntony=None, syntony_scale=1.0)" => {
            let scale = syntony_scale;
            match (mode_norms, syntony) {
                (None, None) => Self::along(x, dim, SoftmaxWeight::Identity),
                (Some(norms), None) => Self::along(x, dim, SoftmaxWeight::Norms { scale, norms }),
                (None, Some(_)) => Self::along(x, dim, SoftmaxWeight::Syntony { scale }),
                (Some(_), Some(_)) => Err(Error::Value {
                    op: "syntonic_softmax",
                    expected: "mode_norms or syntony".into(),
                    got: "both".into(),
                }),
            }
        };
    }
}

impl Operation for Softmax {
    const NAME: &'static str = "softmax";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, if matches!(self.weight, SoftmaxWeight::Syntony { .. }) { 2 } else { 1 })?;
        let x = inputs[0];
        let fault = |expected: String, got: String| Err(Error::Shape { op: Self::NAME, expected, got });
        // A scalar is a line of one element.
        if self.axis == 0 || self.axis > x.rank().max(1) {
            return fault(format!("an axis from -{} to -1 for {x}", x.rank().max(1)), format!("-{}", self.axis));
        }
        let length = Lines::of(x, self.axis).length;
        match &self.weight {
            SoftmaxWeight::Norms { norms, .. } if norms.len() != length => fault(
                format!("{length} mode norms, one for each index of axis -{} of {x}", self.axis),
                norms.len().to_string(),
            ),
            SoftmaxWeight::Syntony { .. } if inputs[1] != x => {
                fault(format!("a syntony for each element, of shape {x}"), inputs[1].to_string())
            }
            _ => Ok(x.clone()),
        }
    }

    fn split(&self, inputs: &[&Shape]) -> Split {
        Split { axes: inputs[0].rank().saturating_sub(self.axis), inputs: inputs.len() }
    }

    fn cost(&self, _: &[&Shape], output: &Shape) -> usize {
        40 * output.numel()
    }

    fn threaded<T: Real>(&self, call: &Call<'_, T, 1>, out: &mut [T]) -> bool {
        // What is made of the norms serves all lines: a piece of one long line would spend half its time on that alone.
        let (lines, Operand::Shared(x)) = (Lines::of(call.shapes[0], self.axis), call.inputs[0]) else { return false };
        let bias: Vec<T> = self.weight.bias();
        if bias.is_empty() || lines.inner > 1 || !suits::<1>(lines.length) {
            return false;
        }
        let piece = lines.length * PIECE.div_ceil(lines.length);
        threads::each(out.chunks_mut(piece).zip(x.chunks(piece)), |(out, x)| {
            Arch::new().dispatch(Rows { bias: &bias, x, out });
        });
        true
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        // A scalar is a line of one element.
        let x = if shape.rank() == 0 { inputs[0].reshape([1].into())? } else { inputs[0].clone() };
        let (mode, weights, scale) = match &self.weight {
            SoftmaxWeight::Identity => (Mode::Identity, None, 1.0),
            SoftmaxWeight::Norms { scale, norms } => {
                (Mode::Learned, Some(x.beside_it([norms.len()].into(), norms)?), *scale)
            }
            SoftmaxWeight::Syntony { scale } => (Mode::Provided, Some(inputs[1].reshape(x.shape().clone())?), *scale),
        };
        let options = cuda::Softmax { dim: -(self.axis.cast_signed() as i64), mode, weights: weights.as_ref(), scale };
        x.softmax(&options)?.reshape(shape.clone())
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        // A scalar is a line of one element, not of one for each member.
        let shape = if side.shape.rank() == 0 { side.with_members(&[1]) } else { side.lifted() };
        let inputs = side.all(Self::NAME)?;
        let inputs = inputs.iter().map(|x| x.reshape(shape.clone())).collect::<Result<Vec<_>>>()?;
        self.device(&inputs.iter().collect::<Vec<_>>(), &[], &shape)?.reshape(side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let lines = Lines::of(call.shapes[0], self.axis);
        let bias = self.weight.bias();
        lines.run(simd, &Weighted { lines, weight: &self.weight, bias: &bias }, call, out);
    }
}

impl SoftmaxWeight {
    /// Returns ln w for each index of the axis, if it has norms.
    fn bias<T: Real>(&self) -> Vec<T> {
        match self {
            Self::Norms { scale, norms } => norms.iter().map(|n| T::from_f64(-scale * n / PHI)).collect(),
            _ => Vec::new(),
        }
    }
}

/// Some lines that follow each other, with weights by norms.
struct Rows<'a, T> {
    bias: &'a [T],
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let length = self.bias.len();
        for (x, out) in self.x.chunks_exact(length).zip(self.out.chunks_exact_mut(length)) {
            let mut peak = Peak::new();
            peak.see_sums(simd, x, self.bias, out);
            let length = out.len();
            divide(simd, out, peak.largest(), length);
        }
    }
}

/// Adds what belongs to each index of the axis, in whole blocks.
#[inline(always)]
fn add_bias<S: Simd, T: Real, const L: usize>(simd: S, lines: Lines, bias: &[T], out: &mut [[T; L]]) {
    for block in out.chunks_exact_mut(lines.length * lines.inner) {
        if L == 1 && lines.inner == 1 {
            for (x, &y) in block.as_flattened_mut().iter_mut().zip(bias) {
                *x = *x + y;
            }
        } else {
            for (row, &y) in block.chunks_exact_mut(lines.inner).zip(bias) {
                for x in row {
                    *x = add(simd, x, &[y; L]);
                }
            }
        }
    }
}

/// Adds scale * ln max(s, 1e-10) to the elements from `start` on.
#[inline(always)]
fn add_syntony<S: Simd, T: Real, const L: usize>(
    simd: S,
    call: &Call<'_, T, L>,
    start: usize,
    scale: T,
    out: &mut [[T; L]],
) {
    let least = T::from_f64(LEAST_SYNTONY);
    let mut scratch = call.scratch.borrow_mut();
    if scratch.len() < out.len() {
        scratch.resize(out.len(), [T::ZERO; L]);
    }
    let syntony = &mut scratch[..out.len()];
    elementwise::load(&call.inputs[1], start, syntony);
    for s in syntony.as_flattened_mut() {
        *s = (if *s < least { least } else { *s }).ln();
    }
    for (x, s) in out.iter_mut().zip(syntony) {
        *x = fma(simd, s, &[scale; L], x);
    }
}

/// w e^x / sum w e^x of lines.
struct Weighted<'a, T> {
    lines: Lines,
    weight: &'a SoftmaxWeight,
    /// ln w for each index of the axis, if it has norms
    bias: &'a [T],
}

impl<T: Real> Kernel<T> for Weighted<'_, T> {
    #[inline(always)]
    fn load<S: Simd, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, start: usize, out: &mut [[T; L]]) {
        elementwise::load(&call.inputs[0], start, out);
        match self.weight {
            SoftmaxWeight::Identity => {}
            SoftmaxWeight::Norms { .. } => add_bias(simd, self.lines, self.bias, out),
            SoftmaxWeight::Syntony { scale } => add_syntony(simd, call, start, T::from_f64(*scale), out),
        }
    }

    #[inline(always)]
    fn lines<S: Simd, const L: usize>(&self, simd: S, length: usize, x: &mut [[T; L]]) {
        normalise(simd, length, x);
    }
}
