//! Layer norm: y = (x - mean) sqrt(variance / (var + eps)) over the last axis, with the population variance.
//!
//! The variance comes from a second pass over x - mean and is corrected by what rounding left in that mean, so that a
//! large offset costs no digits: var = (sum d^2 - (sum d)^2 / n) / n with d = x - mean.
//! Source: Chan, Golub and LeVeque, "Algorithms for computing the sample variance", The American Statistician 37 (1983).

use pulp::Simd;

use crate::cuda::DeviceTensor;
use crate::describe::methods;
use crate::loops::extremes::{Scaled, is_sound, least_variance};
use crate::loops::lanes::Call;
use crate::loops::lines::{Kernel, Lines, place};
use crate::loops::moments::Moments;
use crate::loops::{Operation, Split, expect_inputs, sums};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Normalises the last axis to mean 0 and variance `variance`; no scale or shift of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    /// What is added to the variance.
    pub eps: f64,
    /// The variance of the result: 1, or 1/phi for the golden norm.
    pub variance: f64,
}

/// Checks what every norm needs of its options.
pub(super) fn check_options(op: &'static str, eps: f64, variance: f64) -> Result<()> {
    if !(eps >= 0.0 && eps.is_finite()) {
        return Err(Error::Value { op, expected: "eps >= 0".into(), got: eps.to_string() });
    }
    if !(variance > 0.0 && variance.is_finite()) {
        return Err(Error::Value { op, expected: "a variance > 0".into(), got: variance.to_string() });
    }
    Ok(())
}

methods! {
    LayerNorm {
        /// (x - mean) sqrt(variance / (var + eps)) over the last axis, with the population variance.
        ///
        /// >>> Tensor([[1.0, 3.0]]).layer_norm(eps=0.0).tolist()
        /// [[-1.0, 1.0]]
        fn layer_norm(x, eps: f64 = 1e-5, variance: f64 = 1.0) => Ok(Self { eps, variance });
    }
}

impl Operation for LayerNorm {
    const NAME: &'static str = "layer_norm";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        check_options(Self::NAME, self.eps, self.variance)?;
        check_line(Self::NAME, inputs[0])?;
        Ok(inputs[0].clone())
    }

    fn split(&self, inputs: &[&Shape]) -> Split {
        Split { axes: inputs[0].rank() - 1, inputs: 1 }
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        inputs[0].layer_norm(None, None, self.variance, self.eps)
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        Lines::of(call.shapes[0], 1).run(simd, self, call, out);
    }
}

/// Checks that there is a last axis with elements to take the mean of.
pub(super) fn check_line(op: &'static str, x: &Shape) -> Result<()> {
    if x.rank() > 0 && x.last() > 0 {
        return Ok(());
    }
    Err(Error::Shape { op, expected: "at least one axis, the last of size 1 or more".into(), got: x.to_string() })
}

impl<T: Real> Kernel<T> for LayerNorm {
    #[inline(always)]
    fn lines<S: Simd, const L: usize>(&self, simd: S, length: usize, x: &mut [[T; L]]) {
        let count = T::from_f64(length as f64);
        let (eps, variance, least) = (T::from_f64(self.eps), T::from_f64(self.variance), least_variance(self.eps));
        for line in x.chunks_exact_mut(length) {
            let mut mean = sums::sum(simd, line);
            for l in 0..L {
                mean[l] = mean[l] / count;
            }
            let [rest, squares] = sums::moments(simd, line, &mean);
            let (mut scale, mut offset) = ([T::ZERO; L], [T::ZERO; L]);
            for l in 0..L {
                let moments = Moments { rest: rest[l], squares: squares[l], count };
                scale[l] = moments.scale(eps, variance);
                offset[l] = -(rest[l] / count) * scale[l];
                if !is_sound(moments.variance(), least) {
                    self.rescue(line, l, (&mut mean, &mut scale, &mut offset));
                }
            }
            place(simd, line, &mean, &scale, &offset);
        }
    }
}

impl LayerNorm {
    /// Brings one member's line of numbers whose squares leave the format into it, and finds what is done with it there.
    #[cold]
    #[inline(never)]
    fn rescue<T: Real, const L: usize>(
        &self,
        line: &mut [[T; L]],
        l: usize,
        (mean, scale, offset): (&mut [T; L], &mut [T; L], &mut [T; L]),
    ) {
        let Some(scaled) = Scaled::of(line.iter().map(|x| x[l])) else { return };
        let found = scaled.statistics().line(self.eps, self.variance);
        line.iter_mut().for_each(|x| x[l] = x[l] * found.factor);
        (mean[l], scale[l], offset[l]) = (found.shift, found.scale, found.offset);
    }
}
