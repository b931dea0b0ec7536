//! The hyperbolic tangent.

crate::loops::elementwise::unary! {
    /// The hyperbolic tangent, elementwise.
    ///
    /// >>> Tensor([0.0, 40.0]).tanh().tolist()
    /// [0.0, 1.0]
    tanh Tanh |x: T| x.tanh(),
    cuda "tanh(x)"
}
