//! The opposite number.

crate::loops::elementwise::unary!(
    /// -x, element by element.
    Neg, "neg", |x: T| -x
);
