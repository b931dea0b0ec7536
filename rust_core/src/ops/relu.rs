//! The rectified linear unit.

crate::loops::elementwise::unary! {
    /// max(x, 0), elementwise; NaN stays NaN.
    ///
    /// >>> Tensor([-1.0, 0.0, 2.0]).relu().tolist()
    /// [0.0, 0.0, 2.0]
    relu Relu |x: T| if x < T::ZERO { T::ZERO } else { x },
    cuda "Larger()(x, real(0))"
}
