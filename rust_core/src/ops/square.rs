//! The square.

crate::loops::elementwise::unary! {
    /// x^2, elementwise.
    ///
    /// >>> Tensor([-3.0, 0.5]).square().tolist()
    /// [9.0, 0.25]
    square Square |x: T| x * x,
    cuda "x * x"
}
