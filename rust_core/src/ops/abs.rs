//! The absolute value.

crate::loops::elementwise::unary! {
    /// |x|, elementwise.
    ///
    /// >>> Tensor([-1.5, 2.0]).abs().tolist()
    /// [1.5, 2.0]
    abs Abs |x: T| x.abs(),
    cuda "fabs(x)"
}
