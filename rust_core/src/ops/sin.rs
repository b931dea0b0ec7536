//! The sine.

crate::loops::elementwise::unary! {
    /// The sine of an angle in radians, elementwise; NaN where |x| exceeds 2^22 (float32) or 2^51 (float64).
    ///
    /// >>> Tensor([0.0]).sin().tolist()
    /// [0.0]
    sin Sin |x: T| x.sin(),
    cuda "sin(x)"
}
