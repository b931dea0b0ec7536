//! The square root.

super::elementwise::unary!(
    /// The square root, element by element, correctly rounded; NaN below 0.
    Sqrt, "sqrt", |x: T| x.sqrt()
);
