//! The class `GoldenExact`; its methods are in the file above.

use pyo3::prelude::*;
use syntonic_classic::exact::GoldenExact as Golden;

/// An exact number a + b*phi of the golden field, phi = (1 + sqrt 5) / 2, with rational a and b.
///
/// Integers and `fractions.Fraction` may stand on either side of an operator. Floats are refused, since a float says
/// nothing about the number it was rounded from: convert it first with `nearest`, `nearest_rational` or `Fraction(x)`.
/// Results are exact at every size: up to 128 bits fast, and up to 65,536 bits (19,728 digits) of a numerator or denominator.
/// Beyond it `OverflowError` is raised.
///
/// Args:
///     a_num: Numerator of a.
///     a_den: Denominator of a, not zero.
///     b_num: Numerator of b.
///     b_den: Denominator of b, not zero.
///
/// Raises:
///     ZeroDivisionError: If a denominator is zero.
///     OverflowError: If a number has more than 65,536 bits.
///
/// Example:
///     >>> phi = GoldenExact.golden_ratio()
///     >>> phi * phi == phi + 1
///     True
///     >>> 1 / phi
///     GoldenExact(-1, 1, 1, 1)
///     >>> str(GoldenExact(3, 2, -5, 1))
///     '3/2 - 5*phi'
#[pyclass(frozen, module = "syntonic._core")]
#[derive(Clone)]
pub struct GoldenExact(pub(crate) Golden);
