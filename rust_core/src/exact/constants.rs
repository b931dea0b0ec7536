//! The theory's constants: the only place where numbers are written.

/// The golden ratio phi = (1 + sqrt 5) / 2.
pub const PHI: f64 = 1.618_033_988_749_895;
/// What `PHI` misses of the real number phi: phi = `PHI` + `PHI_LOW` to 107 bits.
pub const PHI_LOW: f64 = -5.432_115_203_682_506e-17;
/// 1/phi = phi - 1.
pub const PHI_INVERSE: f64 = 0.618_033_988_749_894_9;
/// 1/phi^2 = 2 - phi.
pub const PHI_INVERSE_SQUARED: f64 = 0.381_966_011_250_105_15;
/// E* = e^pi - pi.
pub const E_STAR: f64 = 19.999_099_979_189_477;
/// The syntony deficit q = (2 phi + e / (2 phi^2)) / (phi^4 E*).
pub const Q_DEFICIT: f64 = 0.027_395_146_919_696_148;
/// S* = phi - q. It exceeds 1, so that it is no target for a syntony, which lies in [0, 1].
pub const S_STAR: f64 = 1.590_638_841_830_198_7;

/// 1/phi in units of 2^-128, rounded down: the step of the golden rotation in wrapping integers.
pub(crate) const GOLDEN_TURN: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834;

#[cfg(test)]
mod tests {
    use std::f64::consts::{E, PI};

    use super::*;

    #[test]
    fn literals_are_the_doubles_nearest_to_forty_digits() {
        for (literal, digits) in [
            (PHI, "1.618033988749894848204586834365638117720309"),
            (PHI_INVERSE, "0.618033988749894848204586834365638117720309"),
            (PHI_INVERSE_SQUARED, "0.381966011250105151795413165634361882279691"),
            (E_STAR, "19.9990999791894757672664429846690444960689"),
            (Q_DEFICIT, "0.0273951469196961467067968311279559084751"),
            (S_STAR, "1.5906388418301987014977900032376822092452"),
        ] {
            assert_eq!(digits.parse(), Ok(literal));
        }
    }

    #[test]
    fn literals_follow_from_their_formulas() {
        let phi = f64::midpoint(1.0, 5.0_f64.sqrt());
        let e_star = PI.exp() - PI;
        let q = (2.0 * phi + E / (2.0 * phi * phi)) / (phi.powi(4) * e_star);
        for (literal, formula) in [
            (PHI, phi),
            (PHI_INVERSE, 1.0 / phi),
            (PHI_INVERSE_SQUARED, 1.0 / (phi * phi)),
            (E_STAR, e_star),
            (Q_DEFICIT, q),
            (S_STAR, phi - q),
        ] {
            assert!((literal / formula - 1.0).abs() < 1e-15, "{literal} {formula}");
        }
    }

    #[test]
    fn the_parts_of_phi_solve_its_equation() {
        // phi^2 - phi - 1 = (PHI^2 - PHI - 1) + PHI_LOW sqrt 5, the first bracket exactly: PHI = n 2^-52
        let n = (PHI * 2.0_f64.powi(52)) as i128;
        let residue = n * n - (n << 52) - (1 << 104);
        let residue = residue as f64 * 2.0_f64.powi(-104) + PHI_LOW * 5.0_f64.sqrt();
        assert!(residue.abs() < 1e-31, "{residue}");
    }
}
