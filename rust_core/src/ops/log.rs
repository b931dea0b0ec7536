//! The natural logarithm.

crate::loops::elementwise::unary! {
    /// The natural logarithm, elementwise: -inf at 0, NaN below.
    ///
    /// >>> Tensor([1.0, 0.0]).log().tolist()
    /// [0.0, -inf]
    log Log |x: T| x.ln(),
    cuda "log(x)"
}
