//! Elementwise functions with broadcasting: kernels/unary.cu and kernels/binary.cu.

use super::super::kernel::{Grid, Kernel};
use super::super::launch::{Arg, Axes};
use super::super::tensor::{DeviceTensor, packs};
use super::size;
use crate::tensor::Shape;
use crate::{Error, Result};

macro_rules! names {
    ($(#[$doc:meta])* $kind:ident { $($variant:ident $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind {
            $(#[doc = concat!("The function `", $name, "`.")] $variant),+
        }

        impl $kind {
            /// Returns the name of the operation and of its kernel.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }
    };
}

names! {
    /// A function of two numbers.
    Binary { Add "add", Sub "sub", Mul "mul", Div "div", Maximum "maximum", Minimum "minimum" }
}

impl DeviceTensor {
    /// Returns x scale + shift.
    ///
    /// # Errors
    /// `Error::DType` for integers.
    pub fn scale_shift(&self, scale: f64, shift: f64) -> Result<Self> {
        self.each("scale_shift", &[Arg::Real(scale), Arg::Real(shift)])
    }

    /// Returns each number moved into [low, high]; NaN stays NaN.
    ///
    /// # Errors
    /// `Error::Value` unless low <= high.
    pub fn clamp(&self, low: f64, high: f64) -> Result<Self> {
        if low <= high {
            return self.each("clamp", &[Arg::Real(low), Arg::Real(high)]);
        }
        Err(Error::Value { op: "clamp", expected: "min <= max".into(), got: format!("{low} and {high}") })
    }

    fn each(&self, op: &'static str, scalars: &[Arg]) -> Result<Self> {
        let dtype = self.format().real(op)?;
        let out = self.like(op, self.shape().clone())?;
        let n = self.numel();
        if n > 0 {
            let packs = packs(&[self, &out]);
            let args = [&[out.pointer(), self.pointer()], scalars, &[size(packs), size(n)]].concat();
            let grid = Grid::flat(if packs > 0 { packs } else { n });
            self.device().launch(&Kernel::plain(op, "unary", op, dtype), grid, &args)?;
        }
        Ok(out)
    }

    /// Returns f(x, y) under NumPy's rule of broadcasting.
    ///
    /// # Errors
    /// `Error::Shape` for shapes that do not broadcast or have more than 8 axes that differ in kind.
    pub fn binary(&self, function: Binary, other: &Self) -> Result<Self> {
        let op = function.name();
        let dtype = self.format().real(op)?;
        self.beside(op, other)?;
        if self.shape() == other.shape() {
            let out = self.like(op, self.shape().clone())?;
            let n = self.numel();
            if n > 0 {
                let packs = packs(&[self, other, &out]);
                let args = [out.pointer(), self.pointer(), other.pointer(), size(packs), size(n)];
                let grid = Grid::flat(if packs > 0 { packs.div_ceil(2) } else { n });
                self.device().launch(&Kernel::plain(op, "binary", op, dtype), grid, &args)?;
            }
            return Ok(out);
        }
        let (shape, axes) = broadcast(op, self.shape(), other.shape())?;
        let out = self.like(op, shape)?;
        let n = out.numel();
        if n > 0 {
            let args = [out.pointer(), self.pointer(), other.pointer(), Arg::Axes(axes), size(n)];
            let entry = format!("{op}_broadcast");
            self.device().launch(&Kernel::plain(op, "binary", &entry, dtype), Grid::flat(n), &args)?;
        }
        Ok(out)
    }
}

/// Returns the shape of a broadcast result and where its axes lie in the operands; neighbours of one kind are merged.
fn broadcast(op: &'static str, a: &Shape, b: &Shape) -> Result<(Shape, Axes)> {
    let refuse = |expected: &str| Error::Shape { op, expected: expected.into(), got: format!("shapes {a} and {b}") };
    let rank = a.rank().max(b.rank());
    let padded = |shape: &Shape| -> Vec<usize> {
        std::iter::repeat_n(1, rank - shape.rank()).chain(shape.dims().iter().copied()).collect()
    };
    let (of_a, of_b) = (padded(a), padded(b));
    let mut dims = Vec::with_capacity(rank);
    for (&x, &y) in of_a.iter().zip(&of_b) {
        dims.push(match (x, y) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => return Err(refuse("sizes that are equal or 1 on each axis, counted from the last")),
        });
    }
    // Groups of neighbouring axes that each operand has in full or not at all: (size, in a, in b), outermost first.
    let mut groups: Vec<(usize, bool, bool)> = Vec::new();
    for ((&size, &x), &y) in dims.iter().zip(&of_a).zip(&of_b) {
        let kind = (x == size, y == size);
        match groups.last_mut() {
            _ if size == 1 => {}
            Some(last) if (last.1, last.2) == kind => last.0 *= size,
            _ => groups.push((size, kind.0, kind.1)),
        }
    }
    let mut axes = Axes { rank: groups.len().cast_signed() as i64, ..Axes::default() };
    if groups.len() > axes.sizes.len() {
        return Err(refuse("at most 8 changes between axes that are broadcast and axes that are not"));
    }
    let (mut step_a, mut step_b) = (1, 1);
    for (i, &(size, in_a, in_b)) in groups.iter().enumerate().rev() {
        let size = size.cast_signed() as i64;
        axes.sizes[i] = size;
        (axes.of_a[i], axes.of_b[i]) = (if in_a { step_a } else { 0 }, if in_b { step_b } else { 0 });
        (step_a, step_b) = (if in_a { step_a * size } else { step_a }, if in_b { step_b * size } else { step_b });
    }
    Ok((Shape::from(dims), axes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_of_one_kind_are_merged() {
        let (shape, axes) = broadcast("add", &[4, 2, 3, 5].into(), &[3, 5].into()).unwrap();
        assert_eq!(shape.dims(), [4, 2, 3, 5]);
        assert_eq!(
            (axes.rank, &axes.sizes[..2], &axes.of_a[..2], &axes.of_b[..2]),
            (2, &[8, 15][..], &[15, 1][..], &[0, 1][..])
        );
        let (shape, axes) = broadcast("add", &[2, 1, 3].into(), &[4, 1].into()).unwrap();
        assert_eq!(shape.dims(), [2, 4, 3]);
        assert_eq!((axes.rank, &axes.of_a[..3], &axes.of_b[..3]), (3, &[3, 0, 1][..], &[0, 1, 0][..]));
        let (shape, axes) = broadcast("add", &[].into(), &[1, 1].into()).unwrap();
        assert_eq!((shape.dims(), axes.rank), (&[1, 1][..], 0));
        assert_eq!(broadcast("add", &[0, 1].into(), &[7].into()).unwrap().0.dims(), [0, 7]);
        assert!(broadcast("add", &[2].into(), &[3].into()).is_err());
    }
}
