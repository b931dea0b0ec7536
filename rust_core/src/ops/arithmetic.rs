//! Arithmetic of two inputs, element by element, with NumPy's broadcasting: x op y.

use pulp::Simd;

use crate::Result;
use crate::cuda::{self, DeviceTensor};
use crate::describe::{Broadcast, methods};
use crate::loops::elementwise::{Binary, combine, load};
use crate::loops::strided::{Walk, broadcast_shape, gather};
use crate::loops::{Call, Operation, Side, Split, expect_inputs, lanes};
use crate::tensor::{Real, Shape};

/// Element by element, x op y. Shapes are aligned at the end, and an axis of size 1 repeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arithmetic {
    /// x + y
    Add,
    /// x - y
    Sub,
    /// x * y
    Mul,
    /// x / y
    Div,
    /// The larger of x and y; NaN if either is.
    Maximum,
    /// The smaller of x and y; NaN if either is.
    Minimum,
}

methods! {
    Arithmetic {
        /// x + other, with NumPy's broadcasting.
        ///
        /// >>> Tensor([1.0, 2.0]).add(Tensor([3.0])).tolist()
        /// [4.0, 5.0]
        fn add(x, other: Broadcast) => Ok(Self::Add);
        /// x - other, with NumPy's broadcasting.
        ///
        /// >>> Tensor([1.0, 2.0]).sub(Tensor([3.0])).tolist()
        /// [-2.0, -1.0]
        fn sub(x, other: Broadcast) => Ok(Self::Sub);
        /// x * other, with NumPy's broadcasting.
        ///
        /// >>> Tensor([1.0, 2.0]).mul(Tensor([3.0])).tolist()
        /// [3.0, 6.0]
        fn mul(x, other: Broadcast) => Ok(Self::Mul);
        /// x / other, with NumPy's broadcasting.
        ///
        /// >>> Tensor([1.0, 2.0]).div(Tensor([4.0])).tolist()
        /// [0.25, 0.5]
        fn div(x, other: Broadcast) => Ok(Self::Div);
        /// The larger of x and other, NaN where either is, with NumPy's broadcasting.
        ///
        /// >>> Tensor([1.0, 2.0]).maximum(Tensor([1.5])).tolist()
        /// [1.5, 2.0]
        fn maximum(x, other: Broadcast) => Ok(Self::Maximum);
        /// The smaller of x and other, NaN where either is, with NumPy's broadcasting.
        ///
        /// >>> Tensor([1.0, 2.0]).minimum(Tensor([1.5])).tolist()
        /// [1.0, 1.5]
        fn minimum(x, other: Broadcast) => Ok(Self::Minimum);
    }
}

impl Arithmetic {
    /// Returns the function of a device.
    fn function(self) -> cuda::Binary {
        match self {
            Self::Add => cuda::Binary::Add,
            Self::Sub => cuda::Binary::Sub,
            Self::Mul => cuda::Binary::Mul,
            Self::Div => cuda::Binary::Div,
            Self::Maximum => cuda::Binary::Maximum,
            Self::Minimum => cuda::Binary::Minimum,
        }
    }
}

impl Operation for Arithmetic {
    const NAME: &'static str = "arithmetic";
    /// Where x does not repeat; `program` sees to that.
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 2)?;
        let name = match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Maximum => "maximum",
            Self::Minimum => "minimum",
        };
        broadcast_shape(name, inputs[0], inputs[1])
    }

    fn split(&self, inputs: &[&Shape]) -> Split {
        let [x, y] = [inputs[0].dims(), inputs[1].dims()];
        match (x == y, x.ends_with(y)) {
            (true, _) => Split::elements(inputs, 2),
            (_, true) => Split { axes: x.len() - y.len(), inputs: 1 },
            _ => Split::WHOLE,
        }
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], _: &Shape) -> Result<DeviceTensor> {
        inputs[0].binary(self.function(), inputs[1])
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let rank = side.shape.rank();
        side.padded(0, rank)?.binary(self.function(), &side.padded(1, rank)?)
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        match self {
            Self::Add => broadcast::<Add, S, T, L>(simd, call, out),
            Self::Sub => broadcast::<Sub, S, T, L>(simd, call, out),
            Self::Mul => broadcast::<Mul, S, T, L>(simd, call, out),
            Self::Div => broadcast::<Div, S, T, L>(simd, call, out),
            Self::Maximum => broadcast::<Maximum, S, T, L>(simd, call, out),
            Self::Minimum => broadcast::<Minimum, S, T, L>(simd, call, out),
        }
    }
}

#[inline(always)]
fn broadcast<F: Binary, S: Simd, T: Real, const L: usize>(simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
    let [x, y] = [call.shapes[0], call.shapes[1]];
    let whole = x.numel() == out.len();
    if whole {
        load(&call.inputs[0], 0, out);
    }
    if x.dims().ends_with(y.dims()) {
        combine::<F, S, T, L>(simd, call.inputs[1], &Walk::repeated(y.numel(), out.len()), out);
        return;
    }
    let Ok(shape) = broadcast_shape(Arithmetic::NAME, x, y) else { return };
    if !whole {
        gather(call.inputs[0], &Walk::broadcast(x, &shape), out);
    }
    combine::<F, S, T, L>(simd, call.inputs[1], &Walk::broadcast(y, &shape), out);
}

/// Writes a function of two numbers: its name, its formula, and its formula for lanes.
macro_rules! binary {
    ($name:ident, $value:expr, $lanes:path) => {
        pub(super) struct $name;

        impl Binary for $name {
            #[inline(always)]
            fn value<T: Real>(x: T, y: T) -> T {
                $value(x, y)
            }

            #[inline(always)]
            fn lanes<S: Simd, T: Real, const L: usize>(simd: S, x: &[T; L], y: &[T; L]) -> [T; L] {
                $lanes(simd, x, y)
            }
        }
    };
}

binary!(Add, |x, y| x + y, lanes::add);
binary!(Sub, |x, y| x - y, lanes::sub);
binary!(Mul, |x, y| x * y, lanes::mul);
binary!(Div, |x, y| x / y, lanes::div);
binary!(Maximum, lanes::maximum_of, lanes::maximum);
binary!(Minimum, lanes::minimum_of, lanes::minimum);

#[cfg(test)]
mod tests {
    use super::Arithmetic;
    use crate::ops::members::{agree, agree_for_threads};

    #[test]
    fn every_way_of_repeating() {
        let all = [
            Arithmetic::Add,
            Arithmetic::Sub,
            Arithmetic::Mul,
            Arithmetic::Div,
            Arithmetic::Maximum,
            Arithmetic::Minimum,
        ];
        for op in all {
            for (x, y) in [(&[3, 5][..], &[3, 5][..]), (&[3, 5], &[5]), (&[3, 5], &[3, 1]), (&[2, 3, 4], &[3, 1])] {
                agree(op, &[x, y]);
            }
            agree(op, &[&[3, 5], &[]]);
        }
    }

    #[test]
    fn threads_do_not_matter() {
        for y in [&[3001, 101][..], &[101], &[]] {
            agree_for_threads(Arithmetic::Div, &[&[3001, 101], y]);
        }
    }
}
