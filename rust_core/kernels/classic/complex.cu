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

// e^(2 pi i k j / n); the phase is reduced in integers, which k and j below 2^31 allow.
__device__ inline double2 wave(size k, size j, size n) {
    double sine, cosine;
    sincospi(2 * (double)(k * j % n) / (double)n, &sine, &cosine);
    return make_double2(cosine, sine);
}

// out[row][m] = the share of frequency m of the row: sum_j x_j e^(-2 pi i k_m j / n) / n; a block for each. Numbers of x have
// `parts` parts.
KERNEL(fourier_shares)(double2* out, const real* x, const size* frequencies, size rows, size count, size n, size parts) {
    __shared__ double shared[2][32];
    for (size task = blockIdx.x; task < rows * count; task += gridDim.x) {
        const size row = quotient(task, count), k = frequencies[task - row * count];
        const real* own = x + row * n * parts;
        double re = 0, im = 0;
        for (size j = threadIdx.x; j < n; j += blockDim.x) {
            const double2 turn = wave(k, j, n);
            const double a = own[j * parts], b = parts > 1 ? (double)own[j * parts + 1] : 0;
            re += a * turn.x + b * turn.y;
            im += b * turn.x - a * turn.y;
        }
        re = block_reduce(re, 0.0, Sum(), shared[0]);
        im = block_reduce(im, 0.0, Sum(), shared[1]);
        if (threadIdx.x == 0) out[task] = make_double2(re / (double)n, im / (double)n);
        __syncthreads();
    }
}

// out[row][j] = sum_m share_m e^(2 pi i k_m j / n): what of a field lies in these frequencies.
KERNEL(fourier_field)(real* out, const double2* shares, const size* frequencies, size rows, size count, size n) {
    for (size i = thread_number(); i < rows * n; i += thread_count()) {
        const size row = quotient(i, n), j = i - row * n;
        double re = 0, im = 0;
        for (size m = 0; m < count; m++) {
            const double2 turn = wave(frequencies[m], j, n), share = shares[row * count + m];
            re += share.x * turn.x - share.y * turn.y;
            im += share.x * turn.y + share.y * turn.x;
        }
        put(out, i, {(real)re, (real)im});
    }
}
