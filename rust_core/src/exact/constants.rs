//! The theory's constants: the only place where numbers are written.

/// The golden ratio (1 + sqrt 5) / 2.
pub const PHI: f64 = 1.618_033_988_749_895;
/// What `PHI` misses of the real number phi: phi = `PHI` + `PHI_LOW` to 107 bits.
pub const PHI_LOW: f64 = -5.432_115_203_682_506e-17;
