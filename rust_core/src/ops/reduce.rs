//! Numbers made of all elements of some axes: sum, mean, variance, largest and smallest.
//!
//! Where the axes lie at the end, sums follow the blocked order of `sums`; where others follow them, they run in rising
//! order, so that a vector holds neighbours. The variance is that of the population, from the distances d to the mean m:
//! (sum d^2 - (sum d)^2 / n) / n. m is found from the distances to the first element, so that no offset costs digits.

use pulp::Simd;

use super::arithmetic::{Add, Maximum, Minimum};
use crate::cuda::{DeviceTensor, Reduction};
use crate::describe::{Dims, methods};
use crate::loops::chain;
use crate::loops::elementwise::Binary;
use crate::loops::extremes::Scaled;
use crate::loops::lanes::{add, div, maximum, mul, reserve, sub};
use crate::loops::strided::{Walk, gather};
use crate::loops::sums::{PARTIALS, distances, moments, sum};
use crate::loops::{Call, Operation, Side, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// What is made of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Their sum, 0 of none.
    Sum,
    /// Their mean.
    Mean,
    /// The mean square of their distances to the mean.
    Var,
    /// The largest; NaN if one is.
    Max,
    /// The smallest; NaN if one is.
    Min,
}

/// One number made of all elements along some axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduce {
    /// What is made of them.
    pub how: How,
    /// The axes, each once; none stands for all.
    pub axes: Option<Vec<usize>>,
    /// Whether the axes stay, with size 1.
    pub keep: bool,
}

impl Reduce {
    /// Returns the reduction of all axes to a scalar.
    pub fn all(how: How) -> Self {
        Self { how, axes: None, keep: false }
    }

    /// Returns the reduction of the given axes, counted from the end where negative; of all if none are given.
    ///
    /// # Errors
    /// `Error::Value` for an axis that does not exist.
    pub fn over(how: How, shape: &Shape, axes: Option<Dims>, keep: bool) -> Result<Self> {
        let number = |&axis: &isize| shape.axis(Self::NAME, axis);
        let axes = axes.map(|axes| axes.0.iter().map(number).collect()).transpose()?;
        Ok(Self { how, axes, keep })
    }

    fn takes(&self, axis: usize) -> bool {
        self.axes.as_ref().is_none_or(|axes| axes.contains(&axis))
    }

    /// Returns how many elements make one number.
    fn count(&self, shape: &Shape) -> usize {
        shape.dims().iter().enumerate().filter(|&(axis, _)| self.takes(axis)).map(|(_, &size)| size).product()
    }

    /// Returns the elements after the last axis that is taken, if no other axis lies between those that are.
    fn inner(&self, shape: &Shape) -> Option<usize> {
        let mut inner = 1;
        let (mut taken, mut closed) = (false, false);
        for (axis, &size) in shape.dims().iter().enumerate().rev().filter(|&(_, &size)| size != 1) {
            match (self.takes(axis), taken) {
                (true, _) if closed => return None,
                (true, _) => taken = true,
                (false, false) => inner *= size,
                (false, true) => closed = true,
            }
        }
        Some(if taken { inner } else { 1 })
    }
}

methods! {
    Reduce {
        /// The sum over the axes `dim` (an integer, several, or all if None); 0 of nothing.
        ///
        /// >>> Tensor([[1.0, 2.0], [3.0, 6.0]]).sum().tolist()
        /// 12.0
        fn sum(x, dim: Option<Dims> = None, keepdim: bool = false) => Self::over(How::Sum, x, dim, keepdim);
        /// The mean over the axes `dim` (an integer, several, or all if None).
        ///
        /// >>> Tensor([[1.0, 2.0], [3.0, 6.0]]).mean(dim=0).tolist()
        /// [2.0, 4.0]
        fn mean(x, dim: Option<Dims> = None, keepdim: bool = false) => Self::over(How::Mean, x, dim, keepdim);
        /// The variance of the population, sum (x - mean)^2 / n, over the axes `dim`.
        ///
        /// >>> Tensor([[1.0, 2.0], [3.0, 6.0]]).var(dim=1).tolist()
        /// [0.25, 2.25]
        fn var(x, dim: Option<Dims> = None, keepdim: bool = false) => Self::over(How::Var, x, dim, keepdim);
        /// The largest element over the axes `dim`; NaN where one is.
        ///
        /// >>> Tensor([[1.0, 2.0], [3.0, 6.0]]).max(dim=0, keepdim=True).tolist()
        /// [[3.0, 6.0]]
        fn max(x, dim: Option<Dims> = None, keepdim: bool = false) => Self::over(How::Max, x, dim, keepdim);
        /// The smallest element over the axes `dim`; NaN where one is.
        ///
        /// >>> Tensor([[1.0, 2.0], [3.0, 6.0]]).min().tolist()
        /// 1.0
        fn min(x, dim: Option<Dims> = None, keepdim: bool = false) => Self::over(How::Min, x, dim, keepdim);
    }
}

impl Operation for Reduce {
    const NAME: &'static str = "reduce";

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        let name = match self.how {
            How::Sum => "sum",
            How::Mean => "mean",
            How::Var => "var",
            How::Max => "max",
            How::Min => "min",
        };
        expect_inputs(name, inputs, 1)?;
        let shape = inputs[0];
        let mut seen = vec![false; shape.rank()];
        for &axis in self.axes.iter().flatten() {
            shape.size_of_axis(name, axis)?;
            if std::mem::replace(&mut seen[axis], true) {
                return Err(Error::Value { op: name, expected: "each axis once".into(), got: format!("{axis} twice") });
            }
        }
        if self.how != How::Sum && self.count(shape) == 0 {
            return Err(Error::Shape { op: name, expected: "at least one element".into(), got: shape.to_string() });
        }
        let size = |(axis, &size): (usize, &usize)| match (self.takes(axis), self.keep) {
            (true, true) => Some(1),
            (true, false) => None,
            (false, _) => Some(size),
        };
        Ok(shape.dims().iter().enumerate().filter_map(size).collect::<Vec<_>>().into())
    }

    fn cost(&self, inputs: &[&Shape], _: &Shape) -> usize {
        4 * inputs[0].numel()
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        let how = match self.how {
            How::Sum => Reduction::Sum,
            How::Mean => Reduction::Mean,
            How::Var => Reduction::Var,
            How::Max => Reduction::Max,
            How::Min => Reduction::Min,
        };
        let x = inputs[0];
        let Some(axes) = &self.axes else { return x.reduce(how, None, false)?.reshape(shape.clone()) };
        // The axes that are taken come last and become one.
        let (dims, strides) = (x.shape().dims(), x.shape().strides());
        let kept = (0..dims.len()).filter(|axis| !axes.contains(axis));
        let order: Vec<usize> = kept.chain((0..dims.len()).filter(|axis| axes.contains(axis))).collect();
        let turned: Vec<usize> = order.iter().map(|&axis| strides[axis]).collect();
        let sizes: Vec<usize> = order.iter().map(|&axis| dims[axis]).collect();
        let x = if order.is_sorted() { x.clone() } else { x.gather(Self::NAME, &sizes.into(), &turned, 0)? };
        x.reshape([shape.numel(), self.count(inputs[0].shape())].into())?
            .reduce(how, Some(1), false)?
            .reshape(shape.clone())
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let axes = match &self.axes {
            Some(axes) => axes.iter().map(|axis| axis + 1).collect(),
            None => (1..=side.shape_of(0).len()).collect(),
        };
        Self { axes: Some(axes), ..self.clone() }.device(&[&side.whole(Self::NAME, 0)?], &[], &side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let shape = call.shapes[0];
        let count = self.count(shape);
        let Some(x) = call.inputs[0].lanes() else { return };
        if count == 0 || out.is_empty() {
            out.fill([T::ZERO; L]);
            return;
        }
        match (self.inner(shape), self.how) {
            (Some(1), _) => self.rows(simd, x, count, out),
            (Some(inner), How::Sum) => columns::<Add, T, L>(x, inner, chain::block(count), out),
            (Some(inner), How::Max) => columns::<Maximum, T, L>(x, inner, count, out),
            (Some(inner), How::Min) => columns::<Minimum, T, L>(x, inner, count, out),
            (Some(inner), How::Mean) => {
                columns::<Add, T, L>(x, inner, chain::block(count), out);
                let count = T::from_f64(count as f64);
                for o in out.as_flattened_mut() {
                    *o = *o / count;
                }
            }
            (_, _) => {
                let (taken, rest): (Vec<usize>, Vec<usize>) = (0..shape.rank()).partition(|&axis| self.takes(axis));
                let mut scratch = call.scratch.borrow_mut();
                reserve(&mut scratch, x.len());
                let lines = &mut scratch[..x.len()];
                gather(call.inputs[0], &Walk::permuted(shape, &[rest, taken].concat()), lines);
                self.rows(simd, lines, count, out);
            }
        }
        let adds = matches!(self.how, How::Sum | How::Mean | How::Var);
        if adds && !out.as_flattened().iter().all(is_finite) {
            self.rescue(shape, x, out);
        }
    }
}

impl Reduce {
    /// Computes again what left the format though no element is infinite or NaN.
    #[cold]
    #[inline(never)]
    fn rescue<T: Real, const L: usize>(&self, shape: &Shape, x: &[[T; L]], out: &mut [[T; L]]) {
        let (taken, rest): (Vec<usize>, Vec<usize>) = (0..shape.rank()).partition(|&axis| self.takes(axis));
        let places = |axes: &[usize]| -> Vec<usize> {
            let strides = shape.strides();
            axes.iter().fold(vec![0], |places, &axis| {
                let (size, stride) = (shape.dims()[axis], strides[axis]);
                let along = |&place: &usize| (0..size).map(move |i| place + i * stride);
                places.iter().flat_map(along).collect()
            })
        };
        let (within, starts) = (places(&taken), places(&rest));
        for (out, start) in out.iter_mut().zip(starts) {
            for (l, out) in out.iter_mut().enumerate().filter(|(_, x)| !is_finite::<T>(x)) {
                if let Some(found) = Scaled::of(within.iter().map(|place| x[start + place][l])) {
                    *out = T::from_f64(match self.how {
                        How::Sum => found.sum(),
                        How::Mean => found.mean(),
                        _ => found.variance(),
                    });
                }
            }
        }
    }

    /// Reduces rows of `count` elements.
    #[inline(always)]
    fn rows<S: Simd, T: Real, const L: usize>(&self, simd: S, x: &[[T; L]], count: usize, out: &mut [[T; L]]) {
        let size = [T::from_f64(count as f64); L];
        for (o, row) in out.iter_mut().zip(x.chunks_exact(count)) {
            *o = match self.how {
                How::Sum => sum(simd, row),
                How::Mean => div(simd, &sum(simd, row), &size),
                How::Var => variance(simd, row, &size),
                How::Max => extreme::<Maximum, S, T, L>(simd, row, -T::INFINITY),
                How::Min => extreme::<Minimum, S, T, L>(simd, row, T::INFINITY),
            };
        }
    }
}

#[inline(always)]
fn variance<S: Simd, T: Real, const L: usize>(simd: S, row: &[[T; L]], size: &[T; L]) -> [T; L] {
    let first = row[0];
    let mean = add(simd, &first, &div(simd, &distances(simd, row, &first), size));
    let [d, squares] = moments(simd, row, &mean);
    let rest = sub(simd, &squares, &div(simd, &mul(simd, &d, &d), size));
    div(simd, &maximum(simd, &rest, &[T::ZERO; L]), size)
}

#[inline(always)]
fn is_finite<T: Real>(x: &T) -> bool {
    x.abs() < T::INFINITY
}

/// Joins a row in the order of `sums`: eight partial results first.
#[inline(always)]
fn extreme<F: Binary, S: Simd, T: Real, const L: usize>(simd: S, row: &[[T; L]], start: T) -> [T; L] {
    let mut p = [[start; L]; PARTIALS];
    let (eights, rest) = row.as_chunks::<PARTIALS>();
    if L == 1 {
        let mut lanes = [start; PARTIALS];
        for x in row.as_flattened().as_chunks::<PARTIALS>().0 {
            lanes = F::lanes(simd, &lanes, x);
        }
        p = lanes.map(|x| [x; L]);
    } else {
        for x in eights {
            for j in 0..PARTIALS {
                p[j] = F::lanes(simd, &p[j], &x[j]);
            }
        }
    }
    for (p, x) in p.iter_mut().zip(rest) {
        *p = F::lanes(simd, p, x);
    }
    let mut joined = p[0];
    for p in &p[1..] {
        joined = F::lanes(simd, &joined, p);
    }
    joined
}

/// Joins the rows of blocks, each of `inner` elements: `terms` of them in rising order, and sums of so many as `chain` does.
#[inline(always)]
fn columns<F: Binary, T: Real, const L: usize>(x: &[[T; L]], inner: usize, terms: usize, out: &mut [[T; L]]) {
    let block = x.len() / (out.len() / inner).max(1);
    for (out, x) in out.chunks_exact_mut(inner).zip(x.chunks_exact(block)) {
        let rows = block / inner;
        chain::joined(0..rows, terms, out, &mut |range, out| {
            let (first, rest) = x[range.start * inner..range.end * inner].split_at(inner);
            out.copy_from_slice(first);
            for x in rest.chunks_exact(inner) {
                for (o, &x) in out.as_flattened_mut().iter_mut().zip(x.as_flattened()) {
                    *o = F::value(*o, x);
                }
            }
        });
    }
}
