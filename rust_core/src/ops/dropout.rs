//! Dropout: each element is zeroed with probability p, the others are divided by 1 - p.
//!
//! The mask is a pure function of (seed, generation, pair, layer, element): both members of a mirrored pair see the same one.

use pulp::Simd;

use crate::cuda::{Arg, DeviceTensor, Unit, unit};
use crate::describe::methods;
use crate::loops::elementwise::load;
use crate::loops::{Call, Draw, Operation, Side, expect_inputs};
use crate::tensor::philox::{Key, Stream, philox};
use crate::tensor::{Real, Shape};
use crate::{Error, Result};

/// Zeroes elements with probability `p` and divides the others by 1 - p.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The probability, 0 <= p < 1.
    pub p: f64,
    /// Which dropout of the model this is, so that no two share a mask.
    pub layer: u32,
}

static KERNELS: Unit = unit!("dropout", "philox.cuh");

methods! {
    Dropout {
        /// x with elements zeroed with probability p and the others divided by 1 - p.
        ///
        /// The mask is a pure function of (seed, generation, pair of members, layer, element); outside of training the first
        /// three are 0.
        ///
        /// >>> Tensor([1.0, 2.0]).dropout(0.0, 1).tolist()
        /// [1.0, 2.0]
        fn dropout(x, p: f64, layer: u32) => Ok(Self { p, layer });
    }
}

impl Operation for Dropout {
    const UNIT: Option<&'static Unit> = Some(&KERNELS);
    const NAME: &'static str = "dropout";
    const IN_PLACE: bool = true;

    fn shape(&self, inputs: &[&Shape], _: &[Shape]) -> Result<Shape> {
        expect_inputs(Self::NAME, inputs, 1)?;
        if (0.0..1.0).contains(&self.p) {
            return Ok(inputs[0].clone());
        }
        Err(Error::Value { op: Self::NAME, expected: "0 <= p < 1".into(), got: self.p.to_string() })
    }

    fn device(&self, inputs: &[&DeviceTensor], _: &[DeviceTensor], shape: &Shape) -> Result<DeviceTensor> {
        self.masked(inputs[0], Draw::default(), shape.numel(), shape)
    }

    fn on_members(&self, side: &Side<'_>) -> Result<DeviceTensor> {
        self.masked(&side.whole(Self::NAME, 0)?, side.draw, side.shape.numel(), &side.lifted())
    }

    #[inline(always)]
    fn run<S: Simd, T: Real, const L: usize>(&self, _: S, call: &Call<'_, T, L>, out: &mut [[T; L]]) {
        load(&call.inputs[0], 0, out);
        let key = Key::new(call.draw.seed, Stream::Dropout);
        let dropped = (self.p * f64::from(u32::MAX)) as u32;
        let scale = T::from_f64(1.0 / (1.0 - self.p));
        for (block, chunk) in out.chunks_mut(4).enumerate() {
            for l in 0..L {
                let pair = call.draw.pair.wrapping_add(l as u32);
                let words = philox([block as u32, self.layer, pair, call.draw.generation], key);
                for (o, word) in chunk.iter_mut().zip(words) {
                    o[l] = if word < dropped { T::ZERO } else { o[l] * scale };
                }
            }
        }
    }
}

impl Dropout {
    /// Drops numbers of members of `length` numbers each, of which two are a pair.
    fn masked(&self, x: &DeviceTensor, draw: Draw, length: usize, shape: &Shape) -> Result<DeviceTensor> {
        let dropped = (self.p * f64::from(u32::MAX)) as u32;
        let scale = Arg::Real(1.0 / (1.0 - self.p));
        let counters = [Stream::Dropout as usize, self.layer as usize, dropped as usize].map(Arg::size);
        let draws = [draw.seed as usize, draw.generation as usize, draw.pair as usize, length].map(Arg::size);
        let args = [&[x.pointer()][..], &counters, &[scale], &draws].concat();
        x.fill(Self::NAME, &KERNELS, "dropout", shape.clone(), &args)
    }
}
