"""The golden field Q(phi) and the theory's constants; the numbers are written in `rust_core/src/exact/constants.rs`."""

from syntonic._core import D4_KISSING as D4_KISSING
from syntonic._core import E_STAR as E_STAR
from syntonic._core import MAX_PRECISION as MAX_PRECISION
from syntonic._core import PHI as PHI
from syntonic._core import PHI_INVERSE as PHI_INVERSE
from syntonic._core import PHI_INVERSE_SQUARED as PHI_INVERSE_SQUARED
from syntonic._core import Q_DEFICIT as Q_DEFICIT
from syntonic._core import S_STAR as S_STAR
from syntonic._core import STRUCTURES as STRUCTURES
from syntonic._core import GoldenExact as GoldenExact
from syntonic._core import correction_factor as correction_factor
from syntonic.classic.measure import GoldenMeasure as GoldenMeasure
from syntonic.classic.recursion import GoldenRecursionMap as GoldenRecursionMap
