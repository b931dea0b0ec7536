//! The square.

crate::loops::elementwise::unary!(
    /// x^2, element by element.
    Square, "square", |x: T| x * x
);
