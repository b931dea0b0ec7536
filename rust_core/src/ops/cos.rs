//! The cosine.

crate::loops::elementwise::unary! {
    /// The cosine of an angle in radians, elementwise; NaN where |x| exceeds 2^22 (float32) or 2^51 (float64).
    ///
    /// >>> Tensor([0.0]).cos().tolist()
    /// [1.0]
    cos Cos |x: T| x.cos(),
    cuda "cos(x)"
}
