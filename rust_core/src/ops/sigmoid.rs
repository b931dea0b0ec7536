//! The logistic function.

crate::loops::elementwise::unary!(
    /// 1 / (1 + e^-x), element by element.
    Sigmoid, "sigmoid", |x: T| T::ONE / (T::ONE + (-x).exp())
);
