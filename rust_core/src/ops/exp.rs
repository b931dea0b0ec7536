//! The exponential function.

crate::loops::elementwise::unary!(
    /// e^x, element by element.
    Exp, "exp", |x: T| x.exp()
);
