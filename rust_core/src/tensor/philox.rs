//! Counter-based random numbers: Philox4x32-10 and a near-Gaussian made of integer operations and IEEE add, multiply, fma.
//!
//! A draw is a pure function of (seed, stream, generation, pair, parameter, element): the same bits on any thread, process or device.
//! One block of four 32-bit words yields eight 16-bit halves, each of them one normal.
//! Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

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

/// Returns Philox4x32-10 of `counter` under `key`, `L` counters at a time.
///
/// ```
/// use syntonic_core::tensor::philox::{philox, Key};
/// // Known answer of the Random123 distribution for an all-zero counter and key.
/// let words = philox([[0; 1]; 4], Key([0, 0]));
/// assert_eq!(words.map(|w| w[0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
/// ```
#[inline(always)]
pub fn philox<const L: usize>(counter: [[u32; L]; 4], key: Key) -> [[u32; L]; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key.0;
    for _ in 0..10 {
        for l in 0..L {
            let p0 = u64::from(MULTIPLIERS[0]) * u64::from(c0[l]);
            let p1 = u64::from(MULTIPLIERS[1]) * u64::from(c2[l]);
            c0[l] = (p1 >> 32) as u32 ^ c1[l] ^ k0;
            c1[l] = p1 as u32;
            c2[l] = (p0 >> 32) as u32 ^ c3[l] ^ k1;
            c3[l] = p0 as u32;
        }
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    [c0, c1, c2, c3]
}

/// Returns four words for one counter.
#[inline]
pub fn words(key: Key, counter: [u32; 4]) -> [u32; 4] {
    philox(counter.map(|c| [c; 1]), key).map(|w| w[0])
}
