//! The exponential function.

super::elementwise::unary!(
    /// e^x, element by element.
    Exp, "exp", |x: T| x.exp()
);
