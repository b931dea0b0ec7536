//! The loops of operations that work element by element.

use super::lanes::{Call, Operand};
use crate::tensor::Real;

/// Writes an operation that maps each element of its only input: its documentation, its type and name, its formula.
macro_rules! unary {
    ($(#[$doc:meta])* $name:ident, $text:literal, |$x:ident: $t:ident| $value:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name;

        impl $crate::ops::Operation for $name {
            const NAME: &'static str = $text;
            const IN_PLACE: bool = true;

            fn shape(
                &self,
                inputs: &[&$crate::tensor::Shape],
                _: &[$crate::tensor::Shape],
            ) -> $crate::Result<$crate::tensor::Shape> {
                $crate::ops::expect_inputs(Self::NAME, inputs, 1)?;
                Ok(inputs[0].clone())
            }

            fn split(&self, inputs: &[&$crate::tensor::Shape]) -> $crate::ops::Split {
                $crate::ops::Split::elements(inputs, 1)
            }

            #[inline(always)]
            fn run<S: pulp::Simd, $t: $crate::tensor::Real, const L: usize>(
                &self,
                _: S,
                call: &$crate::ops::Call<'_, $t, L>,
                out: &mut [[$t; L]],
            ) {
                $crate::ops::elementwise::map(call, out, |$x: $t| $value);
            }
        }
    };
}
pub(super) use unary;

/// Writes f(x) for each element of the only input.
#[inline(always)]
pub(super) fn map<T: Real, const L: usize>(call: &Call<'_, T, L>, out: &mut [[T; L]], f: impl Fn(T) -> T) {
    match call.inputs[0] {
        Operand::Shared(x) => {
            for (o, &x) in out.iter_mut().zip(x) {
                *o = [f(x); L];
            }
        }
        Operand::Members(x) => {
            for (o, &x) in out.as_flattened_mut().iter_mut().zip(x.as_flattened()) {
                *o = f(x);
            }
        }
        Operand::InPlace => {
            for o in out.as_flattened_mut() {
                *o = f(*o);
            }
        }
    }
}

/// Writes f(x, y) for each element of the first input; the second repeats along the leading axes.
#[inline(always)]
pub(super) fn binary<T: Real, const L: usize>(call: &Call<'_, T, L>, out: &mut [[T; L]], f: impl Fn(T, T) -> T) {
    match call.inputs[0] {
        Operand::Shared(x) => {
            for (o, &x) in out.iter_mut().zip(x) {
                *o = [x; L];
            }
        }
        Operand::Members(x) => out.copy_from_slice(x),
        Operand::InPlace => {}
    }
    match call.inputs[1] {
        Operand::Shared(y) => {
            for row in out.chunks_mut(y.len().max(1)) {
                for (o, &y) in row.iter_mut().zip(y) {
                    for o in o {
                        *o = f(*o, y);
                    }
                }
            }
        }
        Operand::Members(y) => {
            for row in out.chunks_mut(y.len().max(1)) {
                for (o, &y) in row.as_flattened_mut().iter_mut().zip(y.as_flattened()) {
                    *o = f(*o, y);
                }
            }
        }
        Operand::InPlace => {}
    }
}

/// Writes the elements of an input from `start` on; what is computed in place lies there already.
#[inline(always)]
pub(super) fn load<T: Real, const L: usize>(x: &Operand<'_, T, L>, start: usize, out: &mut [[T; L]]) {
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
