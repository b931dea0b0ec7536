//! The natural logarithm.

crate::loops::elementwise::unary!(
    /// ln(x), element by element: -infinity at 0, NaN below.
    Log, "log", |x: T| x.ln()
);
