//! Float formats in vector registers, of whatever width `pulp` found on this processor.

use pulp::Simd;

/// A float format with vectors.
pub trait Packed: Copy {
    /// One vector register's worth of numbers.
    type Vector<S: Simd>: Copy;

    /// Returns a slice as vectors; what does not fill a vector is left out.
    fn vectors<S: Simd>(values: &[Self]) -> &[Self::Vector<S>]
    where
        Self: Sized;
    /// Returns a slice as vectors to be written; what does not fill a vector is left out.
    fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [Self::Vector<S>]
    where
        Self: Sized;
    /// Returns a vector that begins with these numbers, which do not fill it; what follows them is not determined.
    fn load_some<S: Simd>(simd: S, values: &[Self]) -> Self::Vector<S>
    where
        Self: Sized;
    /// Writes the first numbers of a vector.
    fn store_some<S: Simd>(simd: S, values: &mut [Self], vector: Self::Vector<S>)
    where
        Self: Sized;
    /// Returns a vector of one number.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// Returns a + b.
    fn add_vectors<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Returns a - b.
    fn sub_vectors<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Returns a * b.
    fn mul_vectors<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Returns a / b.
    fn div_vectors<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Returns the larger of a and b; NaN where either is.
    fn maximum_vectors<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Returns the smaller of a and b; NaN where either is.
    fn minimum_vectors<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Returns the larger of a and b; b where either is NaN.
    fn max_vectors<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Returns a * b + c with one rounding.
    fn mul_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
}

macro_rules! packed {
    (
        $t:ident, $vector:ident, $as:ident, $as_mut:ident, $load:ident, $store:ident, $splat:ident,
        $add:ident, $sub:ident, $mul:ident, $div:ident, $less:ident, $equal:ident, $select:ident, $mul_add:ident
    ) => {
        impl Packed for $t {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn vectors<S: Simd>(values: &[Self]) -> &[S::$vector] {
                S::$as(values).0
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [S::$vector] {
                S::$as_mut(values).0
            }

            #[inline(always)]
            fn load_some<S: Simd>(simd: S, values: &[Self]) -> S::$vector {
                simd.$load(values)
            }

            #[inline(always)]
            fn store_some<S: Simd>(simd: S, values: &mut [Self], vector: S::$vector) {
                simd.$store(values, vector);
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }

            #[inline(always)]
            fn add_vectors<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn sub_vectors<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn mul_vectors<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn div_vectors<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$div(a, b)
            }

            #[inline(always)]
            fn maximum_vectors<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                // Only NaN differs from itself.
                simd.$select(simd.$equal(a, a), simd.$select(simd.$less(b, a), a, b), a)
            }

            #[inline(always)]
            fn minimum_vectors<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$select(simd.$equal(a, a), simd.$select(simd.$less(a, b), a, b), a)
            }

            #[inline(always)]
            fn max_vectors<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$select(simd.$less(b, a), a, b)
            }

            #[inline(always)]
            fn mul_add<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
        }
    };
}

packed!(
    f32,
    f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    partial_load_f32s,
    partial_store_f32s,
    splat_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    div_f32s,
    less_than_f32s,
    equal_f32s,
    select_f32s,
    mul_add_f32s
);
packed!(
    f64,
    f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    partial_load_f64s,
    partial_store_f64s,
    splat_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    div_f64s,
    less_than_f64s,
    equal_f64s,
    select_f64s,
    mul_add_f64s
);
