//! Rows of a table of parameters, chosen by token numbers.

use pulp::Simd;

use crate::cuda::{Arg, DeviceTensor, Unit, unit};
use crate::describe::{Param, methods};
use crate::loops::lanes::reserve;
use crate::loops::{Call, Operand, Operation, Parameter, Side, expect_inputs};
use crate::tensor::{Real, Shape, Tensor};
use crate::{Error, Result};

/// Tokens (..), which are row numbers written as floats, to rows (.., width) of the table (tokens, width).
/// A number that names no row gives NaN in a program and is refused when it is computed with at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Embedding {
    /// Number of the parameter that is the table.
    pub table: usize,
}

/// Returns the row that a token names, if it names one.
fn row_of(token: f64, rows: usize) -> Option<usize> {
    (token.fract() == 0.0 && token >= 0.0 && token < rows as f64).then_some(token as usize)
}

static KERNELS: Unit = unit!("embedding");

methods! {
    Embedding {
        /// Rows of `table` (tokens, width) for token numbers (...) that are written as floats: (..., width).
        ///
        /// A token that names no row raises ValueError; in a recorded program it gives NaN.
        ///
        /// >>> Tensor([1.0, 0.0]).embedding(ResonantTensor([[1.0], [2.0]])).tolist()
        /// [[2.0], [1.0]]
        fn embedding(tokens, table: Param) => Ok(Self { table: table.0 });
    }
}

impl Operation for Embedding {
    const UNIT: Option<&'static Unit> = Some(&KERNELS);
    const NAME: &'static str = "embedding";

    fn shape(&self, inputs: &[&Shape], parameters: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        let &[_, width] = parameters[self.table].dims() else {
            return Err(Error::Shape {
                op: Self::NAME,
                expected: "a table of shape (tokens, width)".into(),
                got: parameters[self.table].to_string(),
            });
        };
        let shape = Shape::from([inputs[0].dims(), &[width]].concat());
        shape.check(Self::NAME)?;
        Ok(shape)
    }

    fn check(&self, inputs: &[&Tensor], parameters: &[Tensor]) -> Result<()> {
        let rows = parameters[self.table].shape().dims()[0];
        match inputs[0].to_f64().into_iter().find(|&token| row_of(token, rows).is_none()) {
            None => Ok(()),
            Some(token) => Err(Error::Value {
                op: Self::NAME,
                expected: format!("tokens that are whole numbers from 0 to {}", rows.saturating_sub(1)),
                got: token.to_string(),
            }),
        }
    }

    fn cost(&self, _: &[&Shape], output: &Shape) -> usize {
        2 * output.numel()
    }

    fn device(&self, inputs: &[&DeviceTensor], parameters: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        let table = &parameters[self.table];
        let [rows, width] = [table.shape().dims()[0], table.shape().last()].map(Arg::size);
        let places = Arg::size(inputs[0].numel());
        let args = [inputs[0].pointer(), table.pointer(), rows, width, places, Arg::size(0)];
        table.fill(Self::NAME, &KERNELS, "embedding", shape.clone(), &args)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        let ((tokens, each), table) = (side.input(0), side.weights(self.table)?);
        let [rows, width] = [table.shape().dims()[1], table.shape().last()].map(Arg::size);
        let [places, shared] = [side.shape.rows(), usize::from(!each)].map(Arg::size);
        let args = [tokens.pointer(), table.pointer(), rows, width, places, shared];
        table.fill(Self::NAME, &KERNELS, "embedding", side.lifted(), &args)
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        let table = &call.parameters[self.table];
        let width = table.shape.last();
        if width == 0 {
            return;
        }
        for (token, out) in out.chunks_exact_mut(width).enumerate() {
            match call.inputs[0] {
                Operand::Shared(tokens) => read_row(simd, table, tokens[token].to_f64(), out),
                Operand::Members(tokens) => {
                    let mut scratch = call.scratch.borrow_mut();
                    reserve(&mut scratch, width);
                    for l in 0..L {
                        read_row(simd, table, tokens[token][l].to_f64(), &mut scratch[..width]);
                        for (o, x) in out.iter_mut().zip(scratch.iter()) {
                            o[l] = x[l];
                        }
                    }
                }
                Operand::InPlace => {}
            }
        }
    }

    fn parameters(&self) -> Vec<usize> {
        vec![self.table]
    }
}

/// Writes the row that a token names, NaN if it names none.
#[inline(always)]
fn read_row<S: Simd, T: Real, const L: usize>(simd: S, table: &Parameter<'_, T, L>, token: f64, out: &mut [[T; L]]) {
    match row_of(token, table.shape.dims()[0]) {
        Some(row) => table.read(simd, row * out.len(), out),
        None => out.fill([T::NAN; L]),
    }
}
