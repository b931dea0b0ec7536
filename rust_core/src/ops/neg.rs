//! The opposite number.

crate::loops::elementwise::unary! {
    /// -x, elementwise.
    ///
    /// >>> Tensor([1.0, -2.0]).neg().tolist()
    /// [-1.0, 2.0]
    neg Neg |x: T| -x,
    cuda "-x"
}
