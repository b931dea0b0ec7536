//! Counter-based random numbers: Philox4x32-10 and a near-Gaussian made of integer operations and IEEE add, multiply, fma.
//!
//! A draw is a pure function of (seed, stream, generation, pair, parameter, element): the same bits on any thread, process or device.
//! One block of four 32-bit words yields eight 16-bit halves, each of them one normal.
//! Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

use pulp::{Arch, NullaryFnOnce};

/// What a stream of random numbers is for; part of the key, so that no two uses share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// Initial values of parameters.
    Init = 1,
    /// Perturbations of the population.
    Noise = 2,
    /// Samples of a minibatch.
    Batch = 3,
    /// Synthetic data of a benchmark.
    Data = 4,
    /// Dropout masks.
    Dropout = 5,
    /// The D phase of a resonant tensor.
    Differentiation = 6,
    /// Displacements that lead out of a dead end.
    Escape = 7,
    /// Perturbations of activations.
    Activity = 8,
    /// What training does to inputs.
    Augment = 9,
}

/// The key of one stream: (seed, stream).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub [u32; 2]);

impl Key {
    /// Returns the key of `stream` under `seed`.
    pub fn new(seed: u32, stream: Stream) -> Self {
        Self([seed, stream as u32])
    }
}

/// Normals in one Philox block.
pub const NORMALS_PER_BLOCK: usize = 8;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Returns Philox4x32-10 of `counter` under `key`.
///
/// A loop over counters around this function is what compilers turn into vector code.
///
/// ```
/// use syntonic_core::tensor::philox::{philox, Key};
/// // Known answer of the Random123 distribution for an all-zero counter and key.
/// assert_eq!(philox([0; 4], Key([0, 0])), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
/// ```
#[inline(always)]
pub fn philox(counter: [u32; 4], key: Key) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key.0;
    for _ in 0..10 {
        let p0 = u64::from(MULTIPLIERS[0]) * u64::from(c0);
        let p1 = u64::from(MULTIPLIERS[1]) * u64::from(c2);
        (c0, c1) = ((p1 >> 32) as u32 ^ c1 ^ k0, p1 as u32);
        (c2, c3) = ((p0 >> 32) as u32 ^ c3 ^ k1, p0 as u32);
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    [c0, c1, c2, c3]
}

/// Coefficients of ln(m) / (m - 1) about m = 1, for m in [sqrt(1/2), sqrt(2)), highest first.
const LN: [f32; 5] = [0.177_214_77, -0.271_105_92, 0.336_324_76, -0.499_441_1, 0.999_967_1];
/// Coefficients of P about w = 5.2, highest first.
const QUANTILE: [f32; 7] =
    [4.833_699_6e-7, -1.179_246_2e-5, 7.579_717e-5, 2.124_347_8e-4, -1.023_282_3e-2, 2.982_239e-1, 3.001_415];
const SQRT_HALF_BITS: i32 = 0x3F35_04F3;

/// Returns a near-normal: the inverse normal distribution function of one 16-bit half.
///
/// With k the half's low 15 bits, x = (k + 1/2) / 2^15 and w = -ln(1 - x^2), the value is +-x P(w); its sign is the top bit.
/// The polynomials were fitted for this file; the largest error over all 65,536 values is 1.1e-4, the variance .99998,
/// the kurtosis 2.9992, the range +-4.325. Only integer operations and IEEE add, multiply and fma appear, in this
/// order, so every device yields the same bits.
///
/// ```
/// use syntonic_core::tensor::philox::normal;
/// assert_eq!(normal(0), -normal(0x8000));
/// ```
#[inline(always)]
pub fn normal(half: u32) -> f32 {
    const STEP: f32 = 1.0 / 32_768.0;
    let k = (half & 0x7FFF) as i32;
    let x = (k as f32 + 0.5) * STEP;
    let p = ((32_767 - k) as f32 + 0.5) * STEP * (1.0 + x); // (1 - x)(1 + x), each factor exact
    let bits = p.to_bits() as i32;
    let n = (bits - SQRT_HALF_BITS) >> 23;
    let f = f32::from_bits((bits - (n << 23)) as u32) - 1.0;
    let ln = (n as f32).mul_add(std::f32::consts::LN_2, f * polynomial(f, LN));
    let z = x * polynomial(-ln - 5.2, QUANTILE);
    f32::from_bits(z.to_bits() | (half & 0x8000) << 16)
}

#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut p = coefficients[0];
    for c in &coefficients[1..] {
        p = p.mul_add(x, *c);
    }
    p
}

/// Fills `out` with standard near-normals; element i is number `i` of (key, parameter, pair, generation).
pub fn fill_normals(key: Key, parameter: u32, pair: u32, generation: u32, out: &mut [f32]) {
    Arch::new().dispatch(Fill { key, counter: [parameter, pair, generation], out });
}

/// `fill_normals` by the processor's vectors, without whose fused multiply-add each product is a call.
struct Fill<'a> {
    key: Key,
    counter: [u32; 3],
    out: &'a mut [f32],
}

impl NullaryFnOnce for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (i, out) in self.out.chunks_mut(TOGETHER * NORMALS_PER_BLOCK).enumerate() {
            out.copy_from_slice(&normals_of_blocks(i * TOGETHER, self.counter, self.key)[..out.len()]);
        }
    }
}

/// Blocks that are made together, one in each lane.
pub const TOGETHER: usize = 16;

/// Returns the normals of so many blocks, the first of which is `block`; `counter` is the rest of their counters.
#[inline(always)]
pub fn normals_of_blocks(block: usize, counter: [u32; 3], key: Key) -> [f32; TOGETHER * NORMALS_PER_BLOCK] {
    let mut words = [[0; TOGETHER]; 4];
    for l in 0..TOGETHER {
        let [a, b, c, d] = philox([(block + l) as u32, counter[0], counter[1], counter[2]], key);
        (words[0][l], words[1][l], words[2][l], words[3][l]) = (a, b, c, d);
    }
    let mut values = [0.0; TOGETHER * NORMALS_PER_BLOCK];
    for (w, words) in words.iter().enumerate() {
        let mut halves = [[0.0_f32; TOGETHER]; 2];
        for l in 0..TOGETHER {
            halves[0][l] = normal(words[l] & 0xFFFF);
        }
        for l in 0..TOGETHER {
            halves[1][l] = normal(words[l] >> 16);
        }
        for l in 0..TOGETHER {
            values[l * NORMALS_PER_BLOCK + 2 * w] = halves[0][l];
            values[l * NORMALS_PER_BLOCK + 2 * w + 1] = halves[1][l];
        }
    }
    values
}

/// Returns `count` row numbers below `rows`, drawn with replacement for one generation.
pub fn sample_rows(seed: u32, generation: u32, rows: u32, count: usize) -> Vec<usize> {
    let key = Key::new(seed, Stream::Batch);
    let blocks = (0..count.div_ceil(4) as u32).flat_map(|block| philox([block, 0, 0, generation], key));
    blocks.take(count).map(|w| ((u64::from(w) * u64::from(rows)) >> 32) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_of_the_reference_generator() {
        let ones = philox([u32::MAX; 4], Key([u32::MAX; 2]));
        assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let pi = philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], Key([0xa409_3822, 0x299f_31d0]));
        assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn the_65536_normals_are_standard() {
        let values: Vec<f64> = (0..65_536).map(|half| f64::from(normal(half))).collect();
        let mean: f64 = values.iter().sum::<f64>() / 65_536.0;
        let variance: f64 = values.iter().map(|z| z * z).sum::<f64>() / 65_536.0;
        let fourth: f64 = values.iter().map(|z| z.powi(4)).sum::<f64>() / 65_536.0;
        assert!(mean.abs() < 1e-12, "mean {mean}");
        assert!((variance - 1.0).abs() < 5e-5, "variance {variance}");
        assert!((fourth / variance.powi(2) - 3.0).abs() < 2e-3, "kurtosis {fourth}");
        assert!(values[..32_768].is_sorted(), "the quantile function rises");
    }

    #[test]
    fn rows_are_in_range_and_even() {
        let rows = sample_rows(3, 5, 10, 20_000);
        let mut counts = [0; 10];
        rows.iter().for_each(|&r| counts[r] += 1);
        assert!(counts.iter().all(|&c| (1_800..2_200).contains(&c)), "{counts:?}");
        assert_ne!(rows, sample_rows(3, 6, 10, 20_000));
    }
}
