//! The phi-residual: y = x + r/phi, with an activation in the same pass over memory.
//!
//! Independent x and r of variance 1 give variance 1 + phi^-2 = 1.382; (x + r)/phi gives .764 and x + r gives 2.

use pulp::Simd;

use super::gelu::Gelu;
use super::layer_norm::{LayerNorm, check_line};
use super::relu::Relu;
use crate::cuda::{self, DeviceTensor, Residual};
use crate::describe::{Given, methods};
use crate::exact::constants::PHI_INVERSE;
use crate::loops::elementwise::Unary;
use crate::loops::lanes::{Call, Operand, add, fma, mul};
use crate::loops::lines::{Kernel, Lines};
use crate::loops::{Operation, Split, elementwise, expect_inputs};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Numbers that one pass works on while they are in the first cache.
const GROUP: usize = 2048;

/// How x and r are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResidualMode {
    /// x + r/phi
    Phi,
    /// (x + r)/phi
    Symmetric,
    /// x + r
    Standard,
}

impl ResidualMode {
    /// Returns the mode called `name`.
    ///
    /// # Errors
    /// `Error::Value` for any name but `phi`, `phi_symmetric` and `standard`.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "phi" => Ok(Self::Phi),
            "phi_symmetric" => Ok(Self::Symmetric),
            "standard" => Ok(Self::Standard),
            _ => Err(Error::Value {
                op: "phi_residual",
                expected: "a mode of phi, phi_symmetric, standard".into(),
                got: format!("{name:?}"),
            }),
        }
    }

    /// Returns the mode's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Phi => "phi",
            Self::Symmetric => "phi_symmetric",
            Self::Standard => "standard",
        }
    }
}

/// What follows the sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// Nothing.
    None,
    /// max(y, 0)
    Relu,
    /// The Gaussian error linear unit in its tanh form.
    Gelu,
    /// The norm of the last axis.
    LayerNorm(LayerNorm),
}

impl Activation {
    /// Returns the activation called `name`; the layer norm has eps 1e-5 and variance 1.
    ///
    /// # Errors
    /// `Error::Value` for any name but `none`, `relu`, `gelu` and `layer_norm`.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "none" => Ok(Self::None),
            "relu" => Ok(Self::Relu),
            "gelu" => Ok(Self::Gelu),
            "layer_norm" => Ok(Self::LayerNorm(LayerNorm { eps: 1e-5, variance: 1.0 })),
            _ => Err(Error::Value {
                op: "phi_residual",
                expected: "an activation of none, relu, gelu, layer_norm".into(),
                got: format!("{name:?}"),
            }),
        }
    }
}

/// The phi-residual of two inputs of one shape: the first is x, the second is r.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhiResidual {
    /// How they are joined.
    pub mode: ResidualMode,
    /// What follows.
    pub activation: Activation,
}

methods! {
    PhiResidual {
        /// x + residual/phi ("phi"), (x + residual)/phi ("phi_symmetric") or x + residual ("standard"), then an
        /// activation: "none", "relu", "gelu", or "layer_norm" over the last axis with eps 1e-5.
        ///
        /// >>> Tensor([1.0, -3.0]).phi_residual(Tensor([1.0, 1.0]), "standard", "relu").tolist()
        /// [2.0, 0.0]
        fn phi_residual(
            x, residual: Given, mode: String = (String::from("phi")), activation: String = (String::from("none"))
        ) as "($self, residual, mode='phi', activation='none')" => {
            Ok(Self { mode: ResidualMode::from_name(&mode)?, activation: Activation::from_name(&activation)? })
        };
    }
}

impl Operation for PhiResidual {
    const NAME: &'static str = "phi_residual";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 2)?;
        if inputs[0] != inputs[1] {
            return Err(Error::Shape {
                op: Self::NAME,
                expected: format!("a residual of the shape of the identity, {}", inputs[0]),
                got: inputs[1].to_string(),
            });
        }
        if let Activation::LayerNorm(_) = self.activation {
            check_line(Self::NAME, inputs[0])?;
        }
        Ok(inputs[0].clone())
    }

    fn split(&self, inputs: &[&Shape]) -> Split {
        match self.activation {
            Activation::LayerNorm(_) => Split { axes: inputs[0].rank() - 1, inputs: 2 },
            _ => Split::elements(inputs, 2),
        }
    }

    fn device(&self, inputs: &[&DeviceTensor], parameters: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        let mode = match self.mode {
            ResidualMode::Phi => Residual::Phi,
            ResidualMode::Symmetric => Residual::Symmetric,
            ResidualMode::Standard => Residual::Standard,
        };
        let after = match self.activation {
            Activation::Relu => cuda::Activation::Relu,
            Activation::Gelu => cuda::Activation::Gelu,
            Activation::None | Activation::LayerNorm(_) => cuda::Activation::None,
        };
        let y = inputs[0].phi_residual(inputs[1], mode, after)?;
        match self.activation {
            Activation::LayerNorm(norm) => norm.device(&[&y], parameters, shape),
            _ => Ok(y),
        }
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        if let Activation::LayerNorm(norm) = &self.activation {
            let kernel = JoinedNorm { mode: self.mode, norm };
            return Lines::of(call.shapes[0], 1).run(simd, &kernel, call, out);
        }
        match self.activation {
            Activation::Relu => self.mode.run(simd, &Relu, call, out),
            Activation::Gelu => self.mode.run(simd, &Gelu, call, out),
            Activation::None | Activation::LayerNorm(_) => self.mode.run(simd, &Plain, call, out),
        }
    }
}

/// No activation.
struct Plain;

impl<T: Real> Unary<T> for Plain {
    #[inline(always)]
    fn value(&self, x: T) -> T {
        x
    }
}

/// The layer norm of the joined inputs.
struct JoinedNorm<'a> {
    mode: ResidualMode,
    norm: &'a LayerNorm,
}

impl<T: Real> Kernel<T> for JoinedNorm<'_> {
    #[inline(always)]
    fn load<S: Simd, const L: usize>(&self, simd: S, call: &Call<'_, T, L>, start: usize, out: &mut [[T; L]]) {
        self.mode.load(simd, call, start, out);
    }

    #[inline(always)]
    fn lines<S: Simd, const L: usize>(&self, simd: S, length: usize, x: &mut [[T; L]]) {
        self.norm.lines(simd, length, x);
    }
}

impl ResidualMode {
    /// Writes f of both inputs, joined.
    #[inline(always)]
    fn run<S: Simd, F: Unary<T>, T: Real, const L: usize>(
        self,
        simd: S,
        f: &F,
        call: &Call<'_, T, L>,
        out: &mut [[T; L]],
    ) {
        if let (1, Operand::Shared(x), Operand::Shared(r)) = (L, call.inputs[0], call.inputs[1]) {
            return self.write(f, x, r, out.as_flattened_mut());
        }
        let size = (GROUP / L).max(1);
        for (i, out) in out.chunks_mut(size).enumerate() {
            self.load(simd, call, i * size, out);
            out.as_flattened_mut().iter_mut().for_each(|y| *y = f.value(*y));
        }
    }

    /// Writes both inputs, joined, from element `start` on.
    #[inline(always)]
    fn load<S: Simd, T: Real, const L: usize>(self, simd: S, call: &Call<'_, T, L>, start: usize, out: &mut [[T; L]]) {
        if let (1, Operand::Shared(x), Operand::Shared(r)) = (L, call.inputs[0], call.inputs[1]) {
            return self.write(&Plain, &x[start..], &r[start..], out.as_flattened_mut());
        }
        elementwise::load(&call.inputs[0], start, out);
        match call.inputs[1] {
            Operand::Members(r) => self.join(out.as_flattened_mut(), r[start..].as_flattened()),
            Operand::Shared(r) => {
                for (x, &r) in out.iter_mut().zip(&r[start..]) {
                    *x = self.join_lanes(simd, x, &[r; L]);
                }
            }
            Operand::InPlace => {}
        }
    }

    /// Writes f of both, joined, in one pass: the processor computes while it waits for memory.
    #[inline(always)]
    fn write<F: Unary<T>, T: Real>(self, f: &F, x: &[T], r: &[T], out: &mut [T]) {
        let inverse = T::from_f64(PHI_INVERSE);
        let pairs = out.iter_mut().zip(x).zip(r);
        match self {
            Self::Phi => pairs.for_each(|((y, &x), &r)| *y = f.value(r.fma(inverse, x))),
            Self::Symmetric => pairs.for_each(|((y, &x), &r)| *y = f.value((x + r) * inverse)),
            Self::Standard => pairs.for_each(|((y, &x), &r)| *y = f.value(x + r)),
        }
    }

    #[inline(always)]
    fn join<T: Real>(self, x: &mut [T], r: &[T]) {
        let inverse = T::from_f64(PHI_INVERSE);
        let pairs = x.iter_mut().zip(r);
        match self {
            Self::Phi => pairs.for_each(|(x, &r)| *x = r.fma(inverse, *x)),
            Self::Symmetric => pairs.for_each(|(x, &r)| *x = (*x + r) * inverse),
            Self::Standard => pairs.for_each(|(x, &r)| *x = *x + r),
        }
    }

    #[inline(always)]
    fn join_lanes<S: Simd, T: Real, const L: usize>(self, simd: S, x: &[T; L], r: &[T; L]) -> [T; L] {
        let inverse = [T::from_f64(PHI_INVERSE); L];
        match self {
            Self::Phi => fma(simd, r, &inverse, x),
            Self::Symmetric => mul(simd, &add(simd, x, r), &inverse),
            Self::Standard => add(simd, x, r),
        }
    }
}
