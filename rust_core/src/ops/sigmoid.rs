//! The logistic function.

crate::loops::elementwise::unary! {
    /// 1 / (1 + e^-x), elementwise.
    ///
    /// >>> Tensor([0.0, -200.0]).sigmoid().tolist()
    /// [0.5, 0.0]
    sigmoid Sigmoid |x: T| T::ONE / (T::ONE + (-x).exp()),
    cuda "1 / (1 + exp(-x))"
}
