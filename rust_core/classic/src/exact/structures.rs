//! The structure numbers N that divide the deficit: correction factors 1 +- q / N.

use syntonic_core::exact::constants::Q_DEFICIT;
use syntonic_core::{Error, Result};

/// The number of nearest neighbours in the lattice D4.
pub const D4_KISSING: u32 = 24;

/// Names and numbers of the structures: dimensions, roots, positive roots, Coxeter numbers, ranks, and loop orders.
pub const STRUCTURES: [(&str, u32); 26] = [
    ("E8_dim", 248),
    ("E8_roots", 240),
    ("E8_positive", 120),
    ("E8_coxeter", 30),
    ("E8_rank", 8),
    ("E7_dim", 133),
    ("E7_roots", 126),
    ("E7_positive", 63),
    ("E7_fundamental", 56),
    ("E7_coxeter", 18),
    ("E7_rank", 7),
    ("E6_dim", 78),
    ("E6_roots", 72),
    ("E6_positive", 36),
    ("E6_fundamental", 27),
    ("E6_rank", 6),
    ("D4_dim", 28),
    ("D4_kissing", D4_KISSING),
    ("D4_rank", 4),
    ("G2_dim", 14),
    ("G2_roots", 12),
    ("G2_rank", 2),
    ("loop_9", 9),
    ("loop_13", 13),
    ("loop_16", 16),
    ("loop_19", 19),
];

/// Returns the number N of a structure.
///
/// # Errors
/// `Error::Value` for a name that is not in [`STRUCTURES`].
pub fn structure_number(name: &str) -> Result<u32> {
    let found = STRUCTURES.iter().find(|(known, _)| *known == name);
    found.map(|&(_, number)| number).ok_or_else(|| Error::Value {
        op: "structure",
        expected: STRUCTURES.map(|(known, _)| known).join(", "),
        got: format!("{name:?}"),
    })
}

/// Returns 1 + sign q / N for sign +1 or -1.
///
/// ```
/// use syntonic_classic::exact::structures::{correction_factor, structure_number};
/// let factor = correction_factor(structure_number("E8_rank")?.into(), -1)?;
/// assert!((factor - 0.996_575_606_635_037_9).abs() < 1e-15);
/// # Ok::<(), syntonic_core::Error>(())
/// ```
///
/// # Errors
/// `Error::Value` for another sign, or N that is not a finite number of at least 1.
pub fn correction_factor(number: f64, sign: i64) -> Result<f64> {
    let op = "correction_factor";
    if !(number.is_finite() && number >= 1.0) {
        let expected = "a finite structure number of at least 1".to_owned();
        return Err(Error::Value { op, expected, got: number.to_string() });
    }
    match sign {
        1 => Ok(1.0 + Q_DEFICIT / number),
        -1 => Ok(1.0 - Q_DEFICIT / number),
        _ => Err(Error::Value { op, expected: "sign +1 or -1".to_owned(), got: sign.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simple_lie_algebra_has_its_rank_more_dimensions_than_roots() {
        for family in ["E8", "E7", "E6"] {
            let number = |what: &str| structure_number(&format!("{family}_{what}")).unwrap();
            assert_eq!(number("dim"), number("roots") + number("rank"));
            assert_eq!(number("roots"), 2 * number("positive"));
        }
        assert_eq!(structure_number("G2_dim"), Ok(14));
        assert!(structure_number("E9_dim").is_err());
    }

    #[test]
    fn corrections_are_symmetric_about_one() {
        for (name, number) in STRUCTURES {
            let [up, down] = [1, -1].map(|sign| correction_factor(number.into(), sign).unwrap());
            assert!((up + down - 2.0).abs() < 1e-15 && up > 1.0, "{name}");
            assert!(((up - 1.0) * f64::from(number) / Q_DEFICIT - 1.0).abs() < 1e-11, "{name}");
        }
        assert!(correction_factor(8.0, 0).is_err() && correction_factor(8.0, 2).is_err());
        assert!([0.0, 0.5, -8.0, f64::NAN, f64::INFINITY].into_iter().all(|n| correction_factor(n, 1).is_err()));
    }
}
