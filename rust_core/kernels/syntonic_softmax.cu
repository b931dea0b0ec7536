// Syntonic softmax: p_i = e^(z_i) / sum_j e^(z_j), z = x (identity), x - scale n_i^2/phi (learned), x + scale ln max(s, 1e-10) (provided).
//
// `..._row` holds a row in registers: one read, one write. `..._stream` does so with clusters that stay and take one row after
// another, the next rows' numbers on their way while one is computed. `..._loop` reads a row of any length three times,
// `..._strided` walks axis `dim` of (outer, dim, inner). A row of -inf alone gives NaN, as on the CPU.

enum Mode { IDENTITY = 0, LEARNED = 1, PROVIDED = 2 };

// Long code that is inlined for each number of a row otherwise: one copy is enough.
__device__ __noinline__ real log_at_least(real x, real least) { return log(x > least ? x : (x != x ? x : least)); }

// What is added to x: from `extra` at feature i (learned) or at the element (provided).
template <int MODE>
__device__ inline real shift_of(real extra, real scale) {
    if (MODE == LEARNED) return -scale * (real)PHI_INVERSE * extra;
    if (MODE == PROVIDED) return scale * log_at_least(extra, (real)1e-10);
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

#ifdef ROW_STREAM
// Rows that are on their way while one is computed.
#ifndef ROW_STAGES
#define ROW_STAGES 1
#endif

#if ROW_TIGHT
// e^x for x <= 0, 0 below -708: CUDA's own takes more registers than a row leaves. The polynomial is the Chebyshev series of
// e^r for |r| <= ln(2)/2, to degree 11; the error is below 0.7 * 2^-52.
__device__ inline real share_of(real x) {
    const double turns = fma(x, 1.4426950408889634, 6755399441055744.0), n = turns - 6755399441055744.0;
    const double r = fma(n, -2.3190468138462996e-17, fma(n, -0.6931471805599453, x));
    double p = 2.5114879796112015e-08;
    p = fma(p, r, 2.763265216957956e-07);
    p = fma(p, r, 2.7557224927351573e-06);
    p = fma(p, r, 2.480148544815057e-05);
    p = fma(p, r, 0.00019841269909250933);
    p = fma(p, r, 0.001388888895234707);
    p = fma(p, r, 0.00833333333330951);
    p = fma(p, r, 0.041666666666487974);
    p = fma(p, r, 0.16666666666666702);
    p = fma(p, r, 0.5000000000000019);
    p = fma(p, r, 1.0);
    p = fma(p, r, 1.0);
    // The low half of `turns` is n as an integer; 2^n has it in its exponent.
    return x < -708 ? 0 : p * __longlong_as_double(((__double_as_longlong(turns) & 0xFFF) + 1023 & 0x7FF) << 52);
}
#else
__device__ inline real share_of(real x) { return exp(x); }
#endif

// The largest logit of some numbers of a row, and their sum of e^(z - largest).
struct alignas(2 * sizeof(real)) Part {
    real largest, sum;
};

// e^(part - whole), 1 for two equal infinities.
__device__ inline real part_weight(real part, real whole) { return part == whole ? (real)1 : exp(part - whole); }

// Combines the parts of WIDTH neighbouring lanes.
template <int WIDTH>
__device__ inline Part combined(Part part) {
    const real largest = warp_reduce<WIDTH>(part.largest, Larger());
    return {largest, warp_reduce<WIDTH>(part.sum * part_weight(part.largest, largest), Sum())};
}

// Returns the block's part combined with those of the whole cluster. `inbox` belongs to this row and the one after next:
// a block that is one row ahead writes to the other one.
__device__ inline Part over_cluster(Part part, Part (&inbox)[ROW_CLUSTER]) {
#if ROW_CLUSTER > 1
    if (threadIdx.x < ROW_CLUSTER) {
        unsigned int address = (unsigned int)__cvta_generic_to_shared(&inbox[cluster_rank()]), mapped;
        asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(mapped) : "r"(address), "r"(threadIdx.x));
#if SYNTONIC_F64
        asm volatile("st.shared::cluster.v2.f64 [%0], {%1, %2};" ::"r"(mapped), "d"(part.largest), "d"(part.sum) : "memory");
#else
        asm volatile("st.shared::cluster.v2.f32 [%0], {%1, %2};" ::"r"(mapped), "f"(part.largest), "f"(part.sum) : "memory");
#endif
    }
    cluster_barrier();
    return combined<ROW_CLUSTER>(inbox[threadIdx.x % ROW_CLUSTER]);
#else
    __syncthreads();  // nobody writes the parts of the next row before all have read these
    return part;
#endif
}

template <int MODE>
__device__ inline void softmax_stream(real* out, const real* x, const real* extra, size rows, size dim, double scale) {
    // [ROW_STAGES] rows to come, and what LEARNED adds, which is the same for every row: each thread has its own places. Where
    // room is tight, what it adds comes from the caches again.
    constexpr bool KEEP = MODE == LEARNED && !ROW_TIGHT;
    extern __shared__ Pack memory[];
    Access* const stages = (Access*)memory + threadIdx.x;
    Access* const kept = stages + ROW_STAGES * ROW_VECTORS * ROW_THREADS;
    __shared__ Part warps[ROW_THREADS / 32], inbox[2][ROW_CLUSTER];
    const size step = gridDim.x / ROW_CLUSTER;
    auto fetch_row = [&](size row, int stage) {
        if (row < rows) {
            each_access(dim, [&](size at, int item) {
                fetch<sizeof(Access)>(&stages[(stage * ROW_VECTORS + item / ROW_LANES) * ROW_THREADS], x + row * dim + at);
            });
        }
        fetch_group();
    };
    for (int stage = 0; stage < ROW_STAGES; stage++) fetch_row(row_number() + stage * step, stage);
    if (KEEP) {
        each_access(dim, [&](size at, int item) {
            Access access = *(const Access*)(extra + at);
#pragma unroll
            for (int l = 0; l < ROW_LANES; l++) access.v[l] = shift_of<MODE>(access.v[l], (real)scale);
            kept[item / ROW_LANES * ROW_THREADS] = access;
        });
    }
    cluster_barrier();  // nobody writes into a block that has not started
    int stage = 0, turn = 0;
    for (size row = row_number(); row < rows; row += step) {
        real z[ITEMS];
#pragma unroll
        for (int i = 0; i < ITEMS; i++) z[i] = -INFINITE;
        fetched<ROW_STAGES - 1>();
        each_access(dim, [&](size at, int item) {
            const Access access = stages[(stage * ROW_VECTORS + item / ROW_LANES) * ROW_THREADS];
            Access more;
            if (MODE != IDENTITY) more = KEEP ? kept[item / ROW_LANES * ROW_THREADS] : *(const Access*)(extra + (MODE == LEARNED ? 0 : row * dim) + at);
#pragma unroll
            for (int l = 0; l < ROW_LANES; l++) {
                z[item + l] = access.v[l];
                if (MODE != IDENTITY) z[item + l] += KEEP ? more.v[l] : shift_of<MODE>(more.v[l], (real)scale);
            }
        });
        fetch_row(row + ROW_STAGES * step, stage);
        stage = stage + 1 < ROW_STAGES ? stage + 1 : 0;
        turn ^= 1;
        real largest = -INFINITE;
#pragma unroll
        for (int i = 0; i < ITEMS; i++) largest = z[i] > largest ? z[i] : largest;
        largest = warp_reduce(largest, Larger());
        // A warp whose numbers are all -inf adds nothing to the sum.
        const real base = largest == -INFINITE ? (real)0 : largest;
        real sum = 0;
#pragma unroll
        for (int i = 0; i < ITEMS; i++) {
            z[i] = share_of(z[i] - base);
            sum += z[i];
        }
        sum = warp_reduce(sum, Sum());
        if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = {largest, sum};
        __syncthreads();
        const Part whole = over_cluster(combined<ROW_THREADS / 32>(warps[threadIdx.x % (ROW_THREADS / 32)]), inbox[turn]);
        const real share = part_weight(largest, whole.largest) / whole.sum;
#pragma unroll
        for (int i = 0; i < ITEMS; i++) z[i] *= share;
        store_row(out + row * dim, z, dim);
    }
    cluster_barrier();
}
#endif

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

#ifdef ROW_STREAM
#define SOFTMAX(name, MODE)                                                                                           \
    ROW_KERNEL(name##_stream)(real* out, const real* x, const real* extra, size rows, size dim, double scale) {       \
        softmax_stream<MODE>(out, x, extra, rows, dim, scale);                                                        \
    }
#else
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
#endif

SOFTMAX(softmax_identity, IDENTITY)
SOFTMAX(syntonic_softmax_learned, LEARNED)
SOFTMAX(syntonic_softmax_provided, PROVIDED)
