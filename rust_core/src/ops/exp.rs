//! The exponential function.

crate::loops::elementwise::unary! {
    /// e^x, elementwise.
    ///
    /// >>> Tensor([0.0]).exp().tolist()
    /// [1.0]
    exp Exp |x: T| x.exp(),
    cuda "exp(x)"
}
