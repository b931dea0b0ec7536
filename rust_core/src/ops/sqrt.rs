//! The square root.

crate::loops::elementwise::unary!(
    /// The square root, element by element, correctly rounded; NaN below 0.
    Sqrt, "sqrt", |x: T| x.sqrt()
);
