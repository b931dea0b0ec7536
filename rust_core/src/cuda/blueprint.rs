//! What a generator made of a model: the text of the kernel that evaluates its members, and what this reads and writes.

use super::compile::{Target, compile_text};
use super::units::{MODEL_PARTS, SHARED_PARTS, lines};
use crate::tensor::{DType, Real};
use crate::{Error, Result};

const OP: &str = "population";

/// A kernel that evaluates members, and the places of all that it reads. Places count numbers, not bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// Definitions that the parts of the kernel are compiled with.
    pub head: String,
    /// The statements that compute the rows of the batch.
    pub body: String,
    /// The float format of the members.
    pub dtype: DType,
    /// Members, in mirrored pairs.
    pub population: usize,
    /// Whether each member's syntony is wanted.
    pub syntony: bool,
    /// Threads of a block, and the pairs that it evaluates.
    pub threads: usize,
    /// Mirrored pairs that a block evaluates.
    pub pairs_of_block: usize,
    /// Numbers of each parameter.
    pub lengths: Vec<usize>,
    /// Where each parameter begins, a multiple of 8, and where the last one ends.
    pub offsets: Vec<usize>,
    /// Numbers of each value that all members share.
    pub shared: Vec<usize>,
    /// Where each of them begins behind the centre, and where the last one ends.
    pub places: Vec<usize>,
    /// What is computed from them once for all members.
    pub products: Vec<SharedProduct>,
    /// Numbers that the products take.
    pub derived: usize,
}

/// x W^T of a layer whose input all members share, and x turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedProduct {
    /// Where x, (rows, inputs), begins among what is given.
    pub x: usize,
    /// Where x turned, (inputs, rows), begins among what is derived.
    pub turned: usize,
    /// Where x in the order of the tensor cores begins among what is derived.
    pub parts: usize,
    /// Tiles of 16 rows that x has then; none where tensor cores do not pay.
    pub tiles: usize,
    /// Where the product, (outputs, rows), begins among what is derived.
    pub base: usize,
    /// Rows of the batch.
    pub rows: usize,
    /// Inputs of the layer.
    pub inputs: usize,
    /// Outputs of the layer.
    pub outputs: usize,
    /// Where W begins in the centre.
    pub weight: usize,
}

impl Blueprint {
    /// Returns the kernel's source, whole.
    pub fn text(&self) -> String {
        let before: String = SHARED_PARTS.iter().map(lines).collect();
        let parts: String = MODEL_PARTS.iter().map(lines).collect();
        format!(
            "{before}#line 1 \"model\"\n{}{parts}#line 1 \"model\"\n\
             extern \"C\" __global__ void __launch_bounds__(THREADS, WAVE) ENTRY(members)(\n    \
             double* losses, double* syntonies, const Step* step, const real* given, const real* weights,\n    \
             const real* derived, size pairs) {{\n    \
             __shared__ alignas(16) real pools[THREADS / GROUP * POOL];\n    \
             __shared__ double partial[32];\n    \
             Group group = start(step, given, weights, pools);\n    \
             Loss loss{{}};\n{}    finish(group, loss, losses, syntonies, (unsigned int)pairs, partial);\n}}\n",
            self.head, self.body
        )
    }

    /// Returns how many numbers the centre takes, with what lies between the parameters.
    pub(super) fn numbers(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Returns numbers of the centre with each parameter at its place and zeros between.
    pub(super) fn spread(&self, values: &[f64]) -> Result<Vec<f64>> {
        let length: usize = self.lengths.iter().sum();
        if values.len() != length {
            return Err(Error::Shape { op: OP, expected: format!("{length} weights"), got: values.len().to_string() });
        }
        let (mut spread, mut rest) = (vec![0.0; self.numbers()], values);
        for (&offset, &length) in self.offsets.iter().zip(&self.lengths) {
            let (these, others) = rest.split_at(length);
            spread[offset..offset + length].copy_from_slice(these);
            rest = others;
        }
        Ok(spread)
    }

    /// Returns numbers that lie at their places one behind the other.
    pub(super) fn gathered(&self, spread: &[f64]) -> Vec<f64> {
        let mut values = Vec::with_capacity(spread.len());
        for (&offset, &length) in self.offsets.iter().zip(&self.lengths) {
            values.extend_from_slice(&spread[offset..offset + length]);
        }
        values
    }

    /// Checks the centre that a generation is about to be given.
    pub(super) fn check_centre(&self, dtype: DType, count: usize) -> Result<()> {
        if dtype != self.dtype {
            let expected = self.dtype.name().to_owned();
            return Err(Error::DType { op: OP, expected, got: dtype.name().into() });
        }
        let length: usize = self.lengths.iter().sum();
        if count == length {
            return Ok(());
        }
        Err(Error::Shape { op: OP, expected: format!("a centre of {length} numbers"), got: count.to_string() })
    }

    /// Checks the values that all members are about to share.
    pub(super) fn check_shared<T: Real>(&self, shared: &[&[T]]) -> Result<()> {
        let given: Vec<usize> = shared.iter().map(|values| values.len()).collect();
        if T::DTYPE == self.dtype && given == self.shared {
            return Ok(());
        }
        let expected = format!("{} values of {:?}", self.dtype.name(), self.shared);
        Err(Error::Shape { op: OP, expected, got: format!("{} values of {given:?}", T::DTYPE.name()) })
    }

    /// Returns the kernel's image for a card: a cubin, or PTX where the compiler does not know the card yet.
    ///
    /// # Errors
    /// `Error::DeviceUnavailable` without NVRTC.
    pub fn compile(&self, arch: u32) -> Result<Vec<u8>> {
        compile_text("members", &self.text(), &Target { arch, dtype: self.dtype, defines: Vec::new(), ptx: false })
    }
}
