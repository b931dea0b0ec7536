//! The rectified linear unit.

crate::loops::elementwise::unary!(
    /// max(x, 0), element by element; NaN stays NaN.
    Relu, "relu", |x: T| if x < T::ZERO { T::ZERO } else { x }
);
