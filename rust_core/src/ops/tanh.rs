//! The hyperbolic tangent.

super::elementwise::unary!(
    /// The hyperbolic tangent, element by element.
    Tanh, "tanh", |x: T| x.tanh()
);
