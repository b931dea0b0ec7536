// The theory's constants, as in exact/constants.rs; a test of the Rust side compares the two.

constexpr double PHI = 1.618033988749895;
constexpr double PHI_LOW = -5.432115203682506e-17;
constexpr double PHI_INVERSE = 0.6180339887498949;
constexpr double PHI_INVERSE_SQUARED = 0.38196601125010515;
constexpr double E_STAR = 19.999099979189477;
constexpr double Q_DEFICIT = 0.027395146919696148;
constexpr double S_STAR = 1.5906388418301987;
