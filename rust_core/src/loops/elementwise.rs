//! The loops of operations that work element by element.
//!
//! A formula is a trait's method rather than a closure: a closure that is not inlined loses the vector instructions for
//! which the loop around it was compiled.

use pulp::Simd;

use super::strided::Walk;
use super::{Call, Operand};
use crate::tensor::Real;

/// A function of one number.
pub(crate) trait Unary<T> {
    /// Returns the function's value.
    fn value(&self, x: T) -> T;
}

/// A function of two numbers, for one member and for all lanes.
pub(crate) trait Binary {
    /// Returns the function's value.
    fn value<T: Real>(x: T, y: T) -> T;
    /// Returns the function's value in each lane.
    fn lanes<S: Simd, T: Real, const L: usize>(simd: S, x: &[T; L], y: &[T; L]) -> [T; L];
}

/// Writes an operation that maps each element x of its only input: documentation, the name of the method and of the type, the
/// formula, and the same formula as an expression of CUDA over `real x`.
macro_rules! unary {
    ($(#[doc = $doc:literal])+ $method:ident $name:ident |$x:ident: $t:ident| $value:expr, cuda $cuda:literal) => {
        #[doc = ::core::concat!("`", stringify!($method), "` of each element.")]
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name;

        $crate::describe::methods! {
            $name { $(#[doc = $doc])+ fn $method(x) => Ok(Self); }
        }

        impl<$t: $crate::tensor::Real> $crate::loops::elementwise::Unary<$t> for $name {
            #[inline(always)]
            fn value(&self, $x: $t) -> $t {
                $value
            }
        }

        impl $crate::loops::Operation for $name {
            const NAME: &'static str = stringify!($method);
            const IN_PLACE: bool = true;
            const FORMULA: Option<&'static str> = Some($cuda);
            const EACH: Option<Self> = Some(Self);

            fn shape(
                &self,
                inputs: &[&$crate::tensor::Shape],
                _: &[$crate::tensor::Shape],
            ) -> $crate::Result<$crate::tensor::Shape> {
                $crate::loops::expect_inputs(Self::NAME, inputs, 1)?;
                Ok(inputs[0].clone())
            }

            fn split(&self, inputs: &[&$crate::tensor::Shape]) -> $crate::loops::Split {
                $crate::loops::Split::elements(inputs, 1)
            }

            fn device(
                &self,
                inputs: &[&$crate::cuda::DeviceTensor],
                _: &[$crate::cuda::DeviceTensor],
                _: &$crate::tensor::Shape,
            ) -> $crate::Result<$crate::cuda::DeviceTensor> {
                inputs[0].map(Self::NAME, $cuda)
            }

            #[inline(always)]
            fn run<S: pulp::Simd, T: $crate::tensor::Real, const L: usize>(
                &self,
                _: S,
                call: &$crate::loops::Call<'_, T, L>,
                out: &mut [[T; L]],
            ) {
                $crate::loops::elementwise::map(self, call, out);
            }
        }
    };
}
pub(crate) use unary;

/// Writes f(x) for each element of the only input.
#[inline(always)]
pub(crate) fn map<F: Unary<T>, T: Real, const L: usize>(f: &F, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
    match call.inputs[0].lanes() {
        Some(x) => {
            for (o, &x) in out.as_flattened_mut().iter_mut().zip(x.as_flattened()) {
                *o = f.value(x);
            }
        }
        None => {
            for o in out.as_flattened_mut() {
                *o = f.value(*o);
            }
        }
    }
}

/// Writes f(x, y) over the x that `out` holds; `walk` leads through y, in steps of 0 or 1.
#[inline(always)]
pub(crate) fn combine<F: Binary, S: Simd, T: Real, const L: usize>(
    simd: S,
    y: Operand<'_, T, L>,
    walk: &Walk,
    out: &mut [[T; L]],
) {
    match y {
        Operand::Shared(y) if L == 1 => alone::<F, T>(y, walk, out.as_flattened_mut()),
        Operand::Members(y) if L == 1 => alone::<F, T>(y.as_flattened(), walk, out.as_flattened_mut()),
        Operand::Shared(y) => {
            for (out, start) in walk.runs_of(out) {
                let mut i = start;
                for o in out {
                    *o = F::lanes(simd, o, &[y[i]; L]);
                    i += walk.step;
                }
            }
        }
        Operand::Members(y) => {
            for (out, start) in walk.runs_of(out) {
                let mut i = start;
                for o in out {
                    *o = F::lanes(simd, o, &y[i]);
                    i += walk.step;
                }
            }
        }
        Operand::InPlace => {}
    }
}

#[inline(always)]
fn alone<F: Binary, T: Real>(y: &[T], walk: &Walk, out: &mut [T]) {
    for (out, start) in walk.runs_of(out) {
        if walk.step == 0 {
            let y = y[start];
            for o in out {
                *o = F::value(*o, y);
            }
        } else {
            for (o, &y) in out.iter_mut().zip(&y[start..]) {
                *o = F::value(*o, y);
            }
        }
    }
}

/// Writes the elements of an input from `start` on; what is computed in place lies there already.
#[inline(always)]
pub(crate) fn load<T: Real, const L: usize>(x: &Operand<'_, T, L>, start: usize, out: &mut [[T; L]]) {
    match x {
        Operand::Shared(x) => {
            for (o, &x) in out.iter_mut().zip(&x[start..]) {
                *o = [x; L];
            }
        }
        Operand::Members(x) => out.copy_from_slice(&x[start..start + out.len()]),
        Operand::InPlace => {}
    }
}
