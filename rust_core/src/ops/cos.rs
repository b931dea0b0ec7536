//! The cosine.

crate::loops::elementwise::unary!(
    /// cos(x) of an angle in radians, element by element; NaN where |x| exceeds 2^22 (binary32) or 2^51 (binary64).
    Cos, "cos", |x: T| x.cos()
);
