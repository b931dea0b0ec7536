// Syntonic softmax: p_i = e^(z_i) / sum_j e^(z_j), z = x (identity), x - scale n_i^2/phi (learned), x + scale ln max(s, 1e-10) (provided).
//
// `..._row` holds a row in registers: one read, one write. `..._loop` reads a row of any length three times, `..._strided`
// walks axis `dim` of (outer, dim, inner). A row of -inf alone gives NaN, as on the CPU.

enum Mode { IDENTITY = 0, LEARNED = 1, PROVIDED = 2 };

// What is added to x: from `extra` at feature i (learned) or at the element (provided).
template <int MODE>
__device__ inline real shift_of(real extra, real scale) {
    if (MODE == LEARNED) return -scale * (real)PHI_INVERSE * extra;
    if (MODE == PROVIDED) return scale * log(extra > (real)1e-10 ? extra : (extra != extra ? extra : (real)1e-10));
    return 0;
}

template <int MODE>
__device__ inline void softmax_row(real* out, const real* x, const real* extra, size rows, size dim, double scale) {
    __shared__ RowShared largest_shared, sum_shared;
    const bool live = row_number() < rows;
    const size start = (live ? row_number() : 0) * dim;
    real z[ITEMS];
    load_row(z, x + start, live ? dim : 0, -INFINITE);
    if (MODE != IDENTITY && live) {
        const real* source = MODE == LEARNED ? extra : extra + start;
        each_access(dim, [&](size at, int item) {
            const Access access = *(const Access*)(source + at);
#pragma unroll
            for (int l = 0; l < ROW_LANES; l++) z[item + l] += shift_of<MODE>(access.v[l], (real)scale);
        });
    }
    real largest = -INFINITE;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) largest = z[i] > largest ? z[i] : largest;
    largest = row_reduce(largest, -INFINITE, Larger(), largest_shared);
    real sum = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
        z[i] = exp(z[i] - largest);
    }
    // Places beyond the row hold e^(-inf - largest) = 0, unless the whole row is -inf, which is NaN anyway.
#pragma unroll
    for (int i = 0; i < ITEMS; i++) sum += z[i];
    sum = row_reduce(sum, (real)0, Sum(), sum_shared);
    const real share = 1 / sum;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) z[i] *= share;
    store_row(out + start, z, live ? dim : 0);
    cluster_barrier();  // a block must not end while another reads its shared memory
}

// A block for each row; `extra` of LEARNED is one number for each of `dim` features.
template <int MODE>
__device__ inline void softmax_loop(real* out, const real* x, const real* extra, size rows, size dim, double scale) {
    __shared__ real largest_partial[32], sum_partial[32];
    for (size row = blockIdx.x; row < rows; row += gridDim.x) {
        const size start = row * dim;
        auto logit = [&](size i) {
            if (MODE == IDENTITY) return x[start + i];
            return x[start + i] + shift_of<MODE>(extra[MODE == LEARNED ? i : start + i], (real)scale);
        };
        real largest = -INFINITE;
        for (size i = threadIdx.x; i < dim; i += blockDim.x) largest = Larger()(largest, logit(i));
        largest = block_reduce(largest, -INFINITE, Larger(), largest_partial);
        real sum = 0;
        for (size i = threadIdx.x; i < dim; i += blockDim.x) sum += exp(logit(i) - largest);
        sum = block_reduce(sum, (real)0, Sum(), sum_partial);
        const real share = 1 / sum;
        for (size i = threadIdx.x; i < dim; i += blockDim.x) out[start + i] = exp(logit(i) - largest) * share;
        __syncthreads();
    }
}

// A thread for each (outer, inner); neighbouring threads read neighbouring numbers.
template <int MODE>
__device__ inline void softmax_strided(
    real* out, const real* x, const real* extra, size outer, size dim, size inner, double scale) {
    for (size column = thread_number(); column < outer * inner; column += thread_count()) {
        const size start = column / inner * dim * inner + column % inner;
        auto logit = [&](size i) {
            if (MODE == IDENTITY) return x[start + i * inner];
            return x[start + i * inner] + shift_of<MODE>(extra[MODE == LEARNED ? i : start + i * inner], (real)scale);
        };
        real largest = -INFINITE;
        for (size i = 0; i < dim; i++) largest = Larger()(largest, logit(i));
        real sum = 0;
        for (size i = 0; i < dim; i++) sum += exp(logit(i) - largest);
        const real share = 1 / sum;
        for (size i = 0; i < dim; i++) out[start + i * inner] = exp(logit(i) - largest) * share;
    }
}

#define SOFTMAX(name, MODE)                                                                                           \
    ROW_KERNEL(name##_row)(real* out, const real* x, const real* extra, size rows, size dim, double scale) {          \
        softmax_row<MODE>(out, x, extra, rows, dim, scale);                                                           \
    }                                                                                                                 \
    KERNEL(name##_loop)(real* out, const real* x, const real* extra, size rows, size dim, double scale) {             \
        softmax_loop<MODE>(out, x, extra, rows, dim, scale);                                                          \
    }                                                                                                                 \
    KERNEL(name##_strided)(                                                                                           \
        real* out, const real* x, const real* extra, size outer, size dim, size inner, double scale) {                \
        softmax_strided<MODE>(out, x, extra, outer, dim, inner, scale);                                               \
    }

SOFTMAX(softmax_identity, IDENTITY)
SOFTMAX(syntonic_softmax_learned, LEARNED)
SOFTMAX(syntonic_softmax_provided, PROVIDED)
