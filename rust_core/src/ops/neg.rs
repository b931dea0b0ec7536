//! The opposite number.

super::elementwise::unary!(
    /// -x, element by element.
    Neg, "neg", |x: T| -x
);
