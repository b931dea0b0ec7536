//! New tensors that a plain kernel fills, a thread for each number, and the moves of numbers that are made so.

use super::kernel::{Grid, Kernel, Source};
use super::launch::{Arg, Axes};
use super::tensor::{DeviceTensor, packs};
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};

impl Arg {
    /// The address of a tensor that may be missing.
    pub(crate) fn maybe(tensor: Option<&DeviceTensor>) -> Self {
        Self::Pointer(tensor.map_or(0, DeviceTensor::address))
    }
}

impl DeviceTensor {
    /// Returns a tensor of this shape, of the format and on the device of this one, that kernel `entry` fills. Its arguments
    /// are the result, `args`, and the number of elements.
    pub(crate) fn fill(
        &self,
        op: &'static str,
        unit: impl Into<Source>,
        entry: &str,
        shape: Shape,
        args: &[Arg],
    ) -> Result<Self> {
        let out = self.like(op, shape)?;
        let args = [&[out.pointer()], args, &[Arg::size(out.numel())]].concat();
        out.start(op, unit, entry, out.numel(), &args)?;
        Ok(out)
    }

    /// Starts a kernel with a thread for each of `count` numbers; nothing for none.
    fn start(&self, op: &'static str, unit: impl Into<Source>, entry: &str, count: usize, args: &[Arg]) -> Result<()> {
        let dtype = self.format().real(op)?;
        if count == 0 {
            return Ok(());
        }
        self.device().launch(&Kernel::plain(op, unit, entry, dtype), Grid::flat(count), args)
    }

    /// Returns f(x) of each number, f being an expression of CUDA.
    pub(crate) fn map(&self, op: &'static str, formula: &'static str) -> Result<Self> {
        let out = self.like(op, self.shape().clone())?;
        let (n, packs) = (self.numel(), packs(&[self, &out]));
        let args = [out.pointer(), self.pointer(), Arg::size(packs), Arg::size(n)];
        out.start(op, Source::Formula(formula), op, if packs > 0 { packs } else { n }, &args)?;
        Ok(out)
    }

    /// Returns the square root of each number.
    pub(crate) fn square_root(&self) -> Result<Self> {
        self.map("sqrt", "sqrt(x)")
    }

    /// Returns these numbers as a tensor of the format and on the device of this one.
    pub(crate) fn beside_it(&self, shape: Shape, values: &[f64]) -> Result<Self> {
        let numbers = match self.format().real("to")? {
            DType::F32 => Tensor::new(shape, values.iter().map(|&x| x as f32).collect::<Vec<_>>()),
            DType::F64 => Tensor::new(shape, values.to_vec()),
        };
        Self::upload(self.device(), &numbers?)
    }

    /// Returns the numbers that the indices of `shape` lead to by these strides, from `start` on.
    pub(crate) fn gather(&self, op: &'static str, shape: &Shape, strides: &[usize], start: usize) -> Result<Self> {
        let mut axes = Axes::default();
        let walked: Vec<(usize, usize)> = shape.dims().iter().copied().zip(strides.iter().copied()).collect();
        for (size, step) in walked.into_iter().filter(|&(size, _)| size != 1) {
            let axis = usize::try_from(axes.rank).unwrap_or(0);
            if axis == axes.sizes.len() {
                let expected = "at most 8 axes that are larger than 1 on a GPU".into();
                return Err(Error::Shape { op, expected, got: shape.to_string() });
            }
            (axes.sizes[axis], axes.of_a[axis]) = (size.cast_signed() as i64, step.cast_signed() as i64);
            axes.rank += 1;
        }
        self.fill(op, "layout", "gather", shape.clone(), &[self.pointer(), Arg::Axes(axes), Arg::size(start)])
    }

    /// Returns this tensor under a larger shape, aligned at the end: axes of size 1 and missing ones repeat.
    pub(crate) fn expand(&self, op: &'static str, shape: &Shape) -> Result<Self> {
        if shape == self.shape() {
            return Ok(self.clone());
        }
        let missing = shape.rank() - self.shape().rank();
        let own = self.shape().dims().iter().zip(self.shape().strides());
        let steps = own.map(|(&size, step)| if size == 1 { 0 } else { step });
        let strides: Vec<usize> = std::iter::repeat_n(0, missing).chain(steps).collect();
        self.gather(op, shape, &strides, 0)
    }

    /// Writes this tensor, rows of `width` numbers, into rows of `whole` numbers of `out`, from `offset` of each on.
    pub(crate) fn place(
        &self,
        op: &'static str,
        out: &Self,
        (width, whole, offset): (usize, usize, usize),
    ) -> Result<()> {
        let sizes = [width, whole, offset, self.numel()].map(Arg::size);
        let args = [&[out.pointer(), self.pointer()][..], &sizes].concat();
        out.start(op, "layout", "place", self.numel(), &args)
    }

    /// Returns the given entries of one axis; they were checked to be there.
    pub(crate) fn select(&self, op: &'static str, axis: usize, indices: &[usize]) -> Result<Self> {
        let numbers: Vec<i64> = indices.iter().map(|&index| index.cast_signed() as i64).collect();
        let at = Self::from_integers(self.device(), [indices.len()].into(), &numbers)?;
        let dims = self.shape().dims();
        let sizes = [indices.len(), dims[axis], dims[axis + 1..].iter().product()].map(Arg::size);
        let args = [&[self.pointer(), at.pointer()][..], &sizes].concat();
        self.fill(op, "layout", "select", self.shape().with_axis(axis, indices.len()), &args)
    }
}
