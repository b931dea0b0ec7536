//! Sine and cosine as fixed sequences of IEEE operations without branches, so that compilers vectorise them.
//!
//! x = n pi/2 + r with |r| about pi/4 at most: pi/2 is subtracted in three parts, of which the first product is exact.
//! sin r and cos r are Taylor sums; the quarter n mod 4 chooses between them, and the sign. The error is below 2 units in
//! the last place for |x| <= REACH. There neighbouring floats are half a radian apart; beyond it the result is NaN.

/// Writes `sine(x, quarters)` = sin(x + quarters pi/2) for one format. `magic` is 1.5 * 2^mantissa: adding it rounds to the
/// nearest integer and leaves that integer in the low bits. `half_pi` holds what the format's
/// pi/2 lacks, `sin` and `cos` +-1/k! in falling order of k.
macro_rules! sine {
    (
        $module:ident, $t:ident, $int:ident, magic: $magic:expr, reach: $reach:expr,
        half_pi: [$second:expr, $third:expr], sin: [$sin:expr $(, $sins:expr)*], cos: [$cos:expr $(, $coss:expr)*]
    ) => {
        #[allow(clippy::cast_possible_truncation, clippy::excessive_precision, reason = "one macro writes both formats")]
        pub(super) mod $module {
            #[inline(always)]
            pub fn sine(x: $t, quarters: $int) -> $t {
                let shifted = x.mul_add(std::$t::consts::FRAC_2_PI, $magic);
                let n = shifted - $magic;
                let quarter = (shifted.to_bits() as $int).wrapping_sub($magic.to_bits() as $int).wrapping_add(quarters);
                let r = n.mul_add(-$third, n.mul_add(-$second, n.mul_add(-std::$t::consts::FRAC_PI_2, x)));
                let square = r * r;
                let p: $t = $sin;
                $(let p = p.mul_add(square, $sins);)*
                let sin = (square * p).mul_add(r, r);
                let p: $t = $cos;
                $(let p = p.mul_add(square, $coss);)*
                let cos = p.mul_add(square, 1.0);
                let y = if quarter & 1 == 0 { sin } else { cos };
                let y = if quarter & 2 == 0 { y } else { -y };
                // The sum above loses the sign of -0.
                let y = if x == 0.0 && quarters == 0 { x } else { y };
                if x.abs() <= $reach { y } else { $t::NAN }
            }
        }
    };
}

sine!(
    single, f32, i32, magic: 12_582_912.0_f32, reach: 4_194_304.0,
    half_pi: [-4.371_138_828_673_793e-8, -1.715_124_510_005_881_9e-15],
    sin: [2.755_731_922_398_589_3e-6, -1.984_126_984_126_984e-4, 8.333_333_333_333_333e-3, -0.166_666_666_666_666_66],
    cos: [
        -2.755_731_922_398_589e-7, 2.480_158_730_158_73e-5, -1.388_888_888_888_889e-3, 4.166_666_666_666_666_4e-2, -0.5
    ]
);
sine!(
    double, f64, i64, magic: 6_755_399_441_055_744.0_f64, reach: 2_251_799_813_685_248.0,
    half_pi: [6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33],
    sin: [
        2.811_457_254_345_520_6e-15, -7.647_163_731_819_816e-13, 1.605_904_383_682_161_3e-10, -2.505_210_838_544_172e-8,
        2.755_731_922_398_589_3e-6, -1.984_126_984_126_984e-4, 8.333_333_333_333_333e-3, -0.166_666_666_666_666_66
    ],
    cos: [
        -1.561_920_696_858_622_6e-16, 4.779_477_332_387_385e-14, -1.147_074_559_772_972_5e-11, 2.087_675_698_786_81e-9,
        -2.755_731_922_398_589e-7, 2.480_158_730_158_73e-5, -1.388_888_888_888_889e-3, 4.166_666_666_666_666_4e-2, -0.5
    ]
);

#[cfg(test)]
mod tests {
    use crate::tensor::Real;

    /// Returns the largest error in units in the last place of the result, over `count` numbers spread in +-reach.
    fn worst<T: Real>(ours: fn(T) -> T, exact: fn(f64) -> f64, reach: f64, epsilon: f64) -> f64 {
        let mut worst: f64 = 0.0;
        for i in -100_000..=100_000 {
            let x = T::from_f64(reach * f64::from(i) / 100_000.0);
            let want = exact(x.to_f64());
            worst = worst.max((ours(x).to_f64() - want).abs() / (want.abs().max(1e-30) * epsilon));
        }
        worst
    }

    #[test]
    fn right_to_two_ulp_within_reach() {
        let (single, double) = (f64::from(f32::EPSILON), f64::EPSILON);
        for reach in [0.9, 7.0, 100.0, 1e4, 4.19e6] {
            assert!(worst::<f32>(Real::sin, f64::sin, reach, single) < 2.0, "{reach}");
            assert!(worst::<f32>(Real::cos, f64::cos, reach, single) < 2.0, "{reach}");
        }
        for reach in [0.9, 7.0, 100.0, 1e4, 1e9, 2.25e15] {
            assert!(worst::<f64>(Real::sin, f64::sin, reach, double) < 2.0, "{reach}");
            assert!(worst::<f64>(Real::cos, f64::cos, reach, double) < 2.0, "{reach}");
        }
    }

    #[test]
    fn edges() {
        assert_eq!(Real::sin(-0.0_f32).to_bits(), (-0.0_f32).to_bits());
        assert_eq!(Real::sin(0.0_f64).to_bits(), 0);
        assert!(Real::cos(0.0_f32) == 1.0 && Real::cos(-0.0_f64) == 1.0);
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e16] {
            assert!(Real::sin(x).is_nan() && Real::cos(x).is_nan());
            assert!(Real::sin(x as f32).is_nan() && Real::cos(x as f32).is_nan());
        }
    }
}
