// Complex numbers as pairs (real, imaginary) side by side; products of matrices of them are cuBLAS's.

struct Number {
    real re, im;
};

__device__ inline Number number_at(const real* x, size i) { return {x[2 * i], x[2 * i + 1]}; }

__device__ inline void put(real* out, size i, const Number& x) {
    out[2 * i] = x.re;
    out[2 * i + 1] = x.im;
}

// a / b without the squares of b, which may leave the range of the format (Smith, CACM 5, 1962).
__device__ inline Number quotient_of(const Number& a, const Number& b) {
    const bool wide = fabs(b.re) >= fabs(b.im);
    const real larger = wide ? b.re : b.im, smaller = wide ? b.im : b.re;
    const real ratio = smaller / larger, divisor = larger + smaller * ratio;
    const real re = wide ? a.re + a.im * ratio : a.re * ratio + a.im;
    const real im = wide ? a.im - a.re * ratio : a.im * ratio - a.re;
    return {re / divisor, im / divisor};
}

KERNEL(complex_mul)(real* out, const real* a, const real* b, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        const Number x = number_at(a, i), y = number_at(b, i);
        put(out, i, {x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re});
    }
}

KERNEL(complex_div)(real* out, const real* a, const real* b, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) put(out, i, quotient_of(number_at(a, i), number_at(b, i)));
}

KERNEL(complex_reciprocal)(real* out, const real* b, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) put(out, i, quotient_of({1, 0}, number_at(b, i)));
}

// partial[block] = the block's shares of re and im of sum conj(a) b, of sum |a|^2 and of sum |b|^2; the host adds them in order.
KERNEL(overlap_part)(double* partial, const real* a, const real* b, size n) {
    __shared__ double shared[4][32];
    double sums[4] = {0, 0, 0, 0};
    for (size i = thread_number(); i < n; i += thread_count()) {
        const double re = a[2 * i], im = a[2 * i + 1], of_re = b[2 * i], of_im = b[2 * i + 1];
        sums[0] += re * of_re + im * of_im;
        sums[1] += re * of_im - im * of_re;
        sums[2] += re * re + im * im;
        sums[3] += of_re * of_re + of_im * of_im;
    }
#pragma unroll
    for (int k = 0; k < 4; k++) {
        const double whole = block_reduce(sums[k], 0.0, Sum(), shared[k]);
        if (threadIdx.x == 0) partial[4 * (size)blockIdx.x + k] = whole;
    }
}

// Each number twice in a row: what is one for a feature becomes one for each part of a complex feature.
KERNEL(twice)(real* out, const real* x, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) put(out, i, {x[i], x[i]});
}
