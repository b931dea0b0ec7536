//! The hyperbolic tangent.

crate::loops::elementwise::unary!(
    /// The hyperbolic tangent, element by element.
    Tanh, "tanh", |x: T| x.tanh()
);
