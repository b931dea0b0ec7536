//! The sine.

crate::loops::elementwise::unary!(
    /// sin(x) of an angle in radians, element by element; NaN where |x| exceeds 2^22 (binary32) or 2^51 (binary64).
    Sin, "sin", |x: T| x.sin()
);
