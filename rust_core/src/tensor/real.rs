//! The two float formats, with elementary functions that give the same bits on every machine.
//!
//! Each function is a fixed sequence of IEEE operations without branches, so that compilers vectorise it and
//! no library's version decides the last bit. Errors are stated in units in the last place (ulp) over all inputs.

use super::{DType, Packed, Shelf, trigonometry};

/// A float format that tensors compute in.
pub trait Real:
    Packed
    + Default
    + PartialOrd
    + Send
    + Sync
    + std::fmt::Debug
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Neg<Output = Self>
    + 'static
{
    /// The format's name.
    const DTYPE: DType;
    /// Positive infinity.
    const INFINITY: Self;
    /// Not a number.
    const NAN: Self;
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// About the least x whose e^x is a normal number; some processors are slow with smaller ones.
    const LEAST_EXPONENT: Self;

    /// Returns where memory of dropped tensors of this format waits.
    fn shelf() -> &'static Shelf<Self>;
    /// Rounds a binary64 number to this format.
    fn from_f64(x: f64) -> Self;
    /// Converts from binary32 (exact).
    fn from_f32(x: f32) -> Self;
    /// Widens to binary64.
    fn to_f64(self) -> f64;
    /// Returns self * b + c with one rounding.
    fn fma(self, b: Self, c: Self) -> Self;
    /// Returns the square root (correctly rounded).
    fn sqrt(self) -> Self;
    /// Returns |self|.
    fn abs(self) -> Self;
    /// Returns e^self.
    fn exp(self) -> Self;
    /// Returns the natural logarithm; -inf at 0, NaN below.
    fn ln(self) -> Self;
    /// Returns the hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Returns ln(1 + e^self).
    fn softplus(self) -> Self;
    /// Returns the sine; NaN where |self| exceeds 2^22 (binary32) or 2^51 (binary64).
    fn sin(self) -> Self;
    /// Returns the cosine; NaN where |self| exceeds 2^22 (binary32) or 2^51 (binary64).
    fn cos(self) -> Self;
}

/// Evaluates a polynomial, highest coefficient first, by Horner's rule with fused steps.
macro_rules! horner {
    ($t:ident, $x:expr, $first:expr $(, $rest:expr)*) => {{
        let p: $t = $first;
        $(let p = p.mul_add($x, $rest);)*
        p
    }};
}

/// Writes `Real` for one format. `magic` is 1.5 * 2^mantissa: adding it rounds to the nearest integer and leaves that
/// integer in the low bits. `exp` holds 1/k! for k = 2, 3, .. in falling order, `atanh` 1/(2k+1) likewise.
macro_rules! real {
    (
        $module:ident, $t:ident, $bits:ident, $int:ident, $dtype:expr, mantissa: $mantissa:expr, bias: $bias:expr, magic: $magic:expr,
        ln2: [$ln2_high:expr, $ln2_low:expr], exp_range: [$exp_low:expr, $exp_high:expr], exp: [$($exp:expr),*],
        sqrt_half: $sqrt_half:expr, atanh: [$($atanh:expr),*], atanh_wide: [$($wide:expr),*], tanh_end: $tanh_end:expr
    ) => {
        impl Real for $t {
            const DTYPE: DType = $dtype;
            const INFINITY: Self = $t::INFINITY;
            const NAN: Self = $t::NAN;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LEAST_EXPONENT: Self = $t::MIN_EXP as $t * std::$t::consts::LN_2;

            fn shelf() -> &'static Shelf<Self> {
                static SHELF: Shelf<$t> = Shelf::new();
                &SHELF
            }

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }

            #[inline(always)]
            fn from_f32(x: f32) -> Self {
                $t::from(x)
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn fma(self, b: Self, c: Self) -> Self {
                self.mul_add(b, c)
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }

            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }

            #[inline(always)]
            fn exp(self) -> Self {
                let x = if self < $exp_low { $exp_low } else { self };
                let x = if x > $exp_high { $exp_high } else { x };
                let (n, m) = split(x);
                // Two factors, since 2^n alone leaves the format at both ends.
                let half = n >> 1;
                (1.0 + m) * power_of_two(half) * power_of_two(n - half)
            }

            #[inline(always)]
            fn ln(self) -> Self {
                let tiny = self < $t::MIN_POSITIVE;
                let x = if tiny { self * power_of_two($mantissa + 1) } else { self };
                let bits = x.to_bits() as $int;
                // x = 2^n m with m in [sqrt(1/2), sqrt(2)); below zero and for NaN, whose bits may wrap around, some number
                let n = bits.wrapping_sub($sqrt_half) >> $mantissa;
                let m = $t::from_bits(bits.wrapping_sub(n << $mantissa) as $bits);
                let n = (if tiny { n - ($mantissa + 1) } else { n }) as $t;
                let s = (m - 1.0) / (m + 1.0);
                let p = horner!($t, s * s, $($atanh),*);
                let y = n.mul_add($ln2_high, (2.0 * s).mul_add((s * s) * p, n.mul_add($ln2_low, 2.0 * s)));
                let y = if self == $t::INFINITY { self } else { y };
                let y = if self == 0.0 { $t::NEG_INFINITY } else { y };
                if self < 0.0 || self.is_nan() { $t::NAN } else { y }
            }

            #[inline(always)]
            fn tanh(self) -> Self {
                let x = self.abs();
                let x = if x > $tanh_end { $tanh_end } else { x };
                // e^(2x) - 1 without cancellation: 2^n m + (2^n - 1)
                let (n, m) = split(2.0 * x);
                let scale = power_of_two(n);
                let e = scale.mul_add(m, scale - 1.0);
                (e / (e + 2.0)).copysign(self)
            }

            #[inline(always)]
            fn softplus(self) -> Self {
                // ln(1 + u) = 2 atanh(u / (2 + u)) with u = e^-|x| in [0, 1]
                let u = Real::exp(-self.abs()); // the format's own `exp` is the library's
                let s = u / (2.0 + u);
                let p = horner!($t, s * s, $($wide),*);
                let positive = if self < 0.0 { 0.0 } else { self };
                positive + (2.0 * s).mul_add((s * s) * p, 2.0 * s)
            }

            #[inline(always)]
            fn sin(self) -> Self {
                trigonometry::$module::sine(self, 0)
            }

            #[inline(always)]
            fn cos(self) -> Self {
                trigonometry::$module::sine(self, 1)
            }
        }

        /// Returns (n, m) with e^x = 2^n (1 + m), |m| small.
        #[inline(always)]
        fn split(x: $t) -> ($int, $t) {
            let shifted = x.mul_add(std::$t::consts::LOG2_E, $magic);
            let n = shifted - $magic;
            let r = n.mul_add(-$ln2_low, n.mul_add(-$ln2_high, x));
            let p = horner!($t, r, $($exp),*);
            let k = (shifted.to_bits() as $int).wrapping_sub($magic.to_bits() as $int);
            (k, (r * r).mul_add(p, r))
        }

        /// Returns 2^n for exponents of normal numbers; other n (they come from NaN alone) give some number.
        #[inline(always)]
        fn power_of_two(n: $int) -> $t {
            $t::from_bits((n.wrapping_add($bias) as $bits).wrapping_shl($mantissa))
        }
    };
}

#[allow(clippy::cast_possible_truncation, clippy::excessive_precision, reason = "one macro writes both formats")]
mod single {
    use super::{DType, Real, Shelf, trigonometry};
    real!(
        single, f32, u32, i32, DType::F32, mantissa: 23, bias: 127, magic: 12_582_912.0_f32,
        ln2: [0.693_359_375, -2.121_944_4e-4], exp_range: [-104.0, 89.0], exp: [0.0001984126984126984, 0.001388888888888889, 0.008333333333333333, 0.041666666666666664, 0.16666666666666666, 0.5],
        sqrt_half: 0x3F35_04F3, atanh: [0.09090909090909091, 0.1111111111111111, 0.14285714285714285, 0.2, 0.3333333333333333], atanh_wide: [0.058823529411764705, 0.06666666666666667, 0.07692307692307693, 0.09090909090909091, 0.1111111111111111, 0.14285714285714285, 0.2, 0.3333333333333333], tanh_end: 10.0
    );
}

#[allow(clippy::cast_possible_truncation, reason = "one macro writes both formats")]
mod double {
    use super::{DType, Real, Shelf, trigonometry};
    real!(
        double, f64, u64, i64, DType::F64, mantissa: 52, bias: 1023, magic: 6_755_399_441_055_744.0_f64,
        ln2: [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10], exp_range: [-746.0, 710.0], exp: [1.6059043836821613e-10, 2.08767569878681e-09, 2.505210838544172e-08, 2.755731922398589e-07, 2.7557319223985893e-06, 2.48015873015873e-05, 0.0001984126984126984, 0.001388888888888889, 0.008333333333333333, 0.041666666666666664, 0.16666666666666666, 0.5],
        sqrt_half: 0x3FE6_A09E_667F_3BCD, atanh: [0.043478260869565216, 0.047619047619047616, 0.05263157894736842, 0.058823529411764705, 0.06666666666666667, 0.07692307692307693, 0.09090909090909091, 0.1111111111111111, 0.14285714285714285, 0.2, 0.3333333333333333], atanh_wide: [0.02857142857142857, 0.030303030303030304, 0.03225806451612903, 0.034482758620689655, 0.037037037037037035, 0.04, 0.043478260869565216, 0.047619047619047616, 0.05263157894736842, 0.058823529411764705, 0.06666666666666667, 0.07692307692307693, 0.09090909090909091, 0.1111111111111111, 0.14285714285714285, 0.2, 0.3333333333333333], tanh_end: 22.0
    );
}

#[cfg(test)]
mod tests {
    use super::Real;

    fn worst<T: Real>(ours: fn(T) -> T, exact: fn(f64) -> f64, from: f64, to: f64, epsilon: f64) -> f64 {
        let mut worst: f64 = 0.0;
        for i in 0..=200_000 {
            let x = T::from_f64(from + (to - from) * f64::from(i) / 200_000.0);
            let want = exact(x.to_f64());
            let error = (ours(x).to_f64() - want).abs() / (want.abs().max(1e-30) * epsilon);
            worst = worst.max(error);
        }
        worst
    }

    #[test]
    fn elementary_functions_are_right_to_a_few_ulp() {
        let (single, double) = (f64::from(f32::EPSILON), f64::EPSILON);
        assert!(worst::<f32>(Real::exp, f64::exp, -80.0, 80.0, single) < 1.5);
        assert!(worst::<f32>(Real::ln, f64::ln, 1e-6, 50.0, single) < 2.5);
        assert!(worst::<f32>(Real::tanh, f64::tanh, -12.0, 12.0, single) < 3.0);
        assert!(worst::<f32>(Real::softplus, |x| x.exp().ln_1p(), -30.0, 30.0, single) < 4.0);
        assert!(worst::<f64>(Real::exp, f64::exp, -700.0, 700.0, double) < 2.5);
        assert!(worst::<f64>(Real::ln, f64::ln, 1e-6, 50.0, double) < 4.0);
        assert!(worst::<f64>(Real::tanh, f64::tanh, -25.0, 25.0, double) < 4.0);
        assert!(worst::<f64>(Real::softplus, |x| x.exp().ln_1p(), -30.0, 30.0, double) < 4.0);
    }

    /// A function, the same in binary64, and how large its argument may be.
    type Both<T> = (fn(T) -> T, fn(f64) -> f64, f64);

    /// Numbers with every exponent and sign, from the least of it to the largest: subnormal ones, infinities and NaN too.
    macro_rules! every_exponent {
        ($t:ident, $bits:ident, $mantissa:literal) => {
            (0..=$bits::MAX >> ($mantissa - 1)).flat_map(|exponent: $bits| {
                let first = exponent << ($mantissa - 1);
                [first, first + 1, first + ((1 << ($mantissa - 1)) - 1)].map($t::from_bits)
            })
        };
    }

    #[test]
    fn every_exponent_has_its_value() {
        fn check<T: Real>(all: impl Iterator<Item = T>, epsilon: f64, least: f64, reach: f64) {
            let softplus = |x: f64| if x > 40.0 { x } else { x.exp().ln_1p() };
            let functions: [Both<T>; 6] = [
                (T::exp, f64::exp, f64::INFINITY),
                (T::ln, f64::ln, f64::INFINITY),
                (T::tanh, f64::tanh, f64::INFINITY),
                (T::softplus, softplus, f64::INFINITY),
                (T::sin, f64::sin, reach),
                (T::cos, f64::cos, reach),
            ];
            for x in all {
                for (i, &(ours, exact, reach)) in functions.iter().enumerate() {
                    let (found, x) = (ours(x).to_f64(), x.to_f64());
                    if x.abs() > reach {
                        assert!(found.is_nan(), "function {i} of {x:e}: {found:e}");
                        continue;
                    }
                    // Rounded to the format, so that what leaves it is infinite.
                    let want = T::from_f64(exact(x)).to_f64();
                    let close = (found - want).abs() <= 5.0 * epsilon * want.abs() + 2.0 * least;
                    assert!(
                        found == want || found.is_nan() && want.is_nan() || close,
                        "function {i} of {x:e}: {found:e}"
                    );
                }
            }
        }
        check(every_exponent!(f32, u32, 23), f64::from(f32::EPSILON), f64::from(f32::MIN_POSITIVE), 4_194_304.0);
        check(every_exponent!(f64, u64, 52), f64::EPSILON, f64::MIN_POSITIVE, 2_251_799_813_685_248.0);
    }

    #[test]
    fn edges_follow_ieee() {
        fn check<T: Real>() {
            let (infinity, nan) = (T::from_f64(f64::INFINITY), T::from_f64(f64::NAN));
            assert_eq!(infinity.exp(), infinity);
            assert_eq!((-infinity).exp(), T::ZERO);
            assert_eq!(T::ZERO.exp(), T::ONE);
            assert_eq!(T::ONE.ln(), T::ZERO);
            assert_eq!(T::ZERO.ln(), -infinity);
            assert_eq!(infinity.ln(), infinity);
            assert_eq!(infinity.tanh(), T::ONE);
            assert_eq!((-infinity).tanh(), -T::ONE);
            assert_eq!(infinity.softplus(), infinity);
            assert_eq!((-infinity).softplus(), T::ZERO);
            for f in [T::exp, T::ln, T::tanh, T::softplus, T::sqrt] {
                assert!(f(nan) != f(nan), "NaN must stay NaN");
            }
            let below = (-T::ONE).ln();
            assert!(below != below);
        }
        check::<f32>();
        check::<f64>();
    }
}
