//! The square root.

crate::loops::elementwise::unary! {
    /// The square root, elementwise, correctly rounded; NaN below 0.
    ///
    /// >>> Tensor([4.0, 0.0]).sqrt().tolist()
    /// [2.0, 0.0]
    sqrt Sqrt |x: T| x.sqrt(),
    cuda "sqrt(x)"
}
