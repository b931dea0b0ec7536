//! The absolute value.

crate::loops::elementwise::unary!(
    /// |x|, element by element; NaN stays NaN.
    Abs, "abs", |x: T| x.abs()
);
