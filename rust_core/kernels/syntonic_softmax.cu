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
// What is on its way comes in slots: each thread has SLOTS of them for SLOT accesses each. The host counts on these numbers.
constexpr int SLOT = ROW_THREADS <= 512 && ROW_VECTORS > 8 ? 4 : (ROW_VECTORS > 1 ? 2 : 1);
constexpr int SLOTS = ROW_THREADS > 512 || ROW_VECTORS > 8 ? 3 : 4;
// Blocks of 1024 get rows that fill them: without a question at each access they have registers enough.
constexpr bool WHOLE = ROW_THREADS > 512;

// e^x for x <= 0; what is below 2^-126 (binary32) or e^-708 (binary64) becomes 0. CUDA's own takes more instructions, and in
// binary64 more registers, than a row that passes by has time and room for.
__device__ inline real share_of(real x) {
#if SYNTONIC_F64
    // The polynomial is the Chebyshev series of e^r for |r| <= ln(2)/2, to degree 11; the error is below 0.7 * 2^-52.
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
#elif SYNTONIC_ARCH >= 90
    float y;  // two places at most beside the rounding of the exponent
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x * 1.44269504f));
    return y;
#else
    return exp(x);
#endif
}

// The largest logit of some numbers of a row, and their sum of e^(z - largest).
struct alignas(2 * sizeof(real)) Part {
    real largest, sum;
};

// e^(part - whole), 1 for two equal infinities.
__device__ inline real part_weight(real part, real whole) { return part == whole ? (real)1 : share_of(part - whole); }

// Combines the parts of WIDTH neighbouring lanes.
template <int WIDTH>
__device__ inline Part combined(Part part) {
    const real largest = warp_reduce<WIDTH>(part.largest, Larger());
    return {largest, warp_reduce<WIDTH>(part.sum * part_weight(part.largest, largest), Sum())};
}

// Where the parts of a row meet. Two of them take turns, since a block may be one row ahead of another.
struct Meeting {
    Part warps[ROW_THREADS / 32], blocks[ROW_CLUSTER];
    unsigned long long arrived;
};

#if ROW_CLUSTER > 1
__device__ inline void prepare(Meeting& meeting) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(shared_address(&meeting.arrived)) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

// Sends a part to block `rank`, which counts the bytes that arrive.
__device__ inline void send(const Part& part, Meeting& meeting, unsigned int rank) {
    const unsigned int to = mapped_address(&meeting.blocks[cluster_rank()], rank), count = mapped_address(&meeting.arrived, rank);
#if SYNTONIC_F64
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v2.f64 [%0], {%1, %2}, [%3];" ::"r"(to), "d"(part.largest), "d"(part.sum), "r"(count) : "memory");
#else
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v2.f32 [%0], {%1, %2}, [%3];" ::"r"(to), "f"(part.largest), "f"(part.sum), "r"(count) : "memory");
#endif
}

__device__ inline void expect(Meeting& meeting) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(&meeting.arrived)), "r"((unsigned int)sizeof meeting.blocks) : "memory");
}

// Waits for the parts of all blocks; `use` counts the rows that met here before.
__device__ inline void wait_for_parts(Meeting& meeting, int use) {
    unsigned int done = 0;
    while (!done) {
        asm volatile(
            "{\n.reg .pred p;\nmbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
            : "=r"(done)
            : "r"(shared_address(&meeting.arrived)), "r"(use & 1)
            : "memory");
    }
}
#endif

// Returns the whole row's part, given that of each warp.
__device__ inline Part over_row(Part part, Meeting& meeting, int use) {
    constexpr int WARPS = ROW_THREADS / 32;
    if (threadIdx.x % 32 == 0) meeting.warps[threadIdx.x / 32] = part;
    __syncthreads();
#if ROW_CLUSTER > 1
    if (threadIdx.x < 32) {
        if (threadIdx.x == 0) expect(meeting);
        part = combined<WARPS>(meeting.warps[threadIdx.x % WARPS]);
        if (threadIdx.x < ROW_CLUSTER) send(part, meeting, threadIdx.x);
    }
    wait_for_parts(meeting, use);
    return combined<ROW_CLUSTER>(meeting.blocks[threadIdx.x % ROW_CLUSTER]);
#else
    return combined<WARPS>(meeting.warps[threadIdx.x % WARPS]);
#endif
}

template <int MODE>
__device__ inline void softmax_stream(real* out, const real* x, const real* extra, size rows, size dim, double scale) {
    // The slots, and what LEARNED adds, which is the same for every row: each thread has its own places.
    extern __shared__ Pack memory[];
    Access* const slots = (Access*)memory + threadIdx.x;
    Access* const kept = slots + SLOTS * SLOT * ROW_THREADS;
    __shared__ Meeting meetings[2];
    if (WHOLE) dim = (size)ITEMS * ROW_THREADS * ROW_CLUSTER;
    // A row that a cluster holds is short: its places fit an int.
    const int length = (int)dim, own = (int)row_offset(0);
    const size step = gridDim.x / ROW_CLUSTER;
    auto place = [&](int k) { return own + k * (ROW_THREADS * ROW_LANES); };
    size row_ahead = row_number();
    int part_ahead = 0, slot = 0;
    // Has the next part of a row brought into the slot.
    auto fetch_next = [&]() {
#pragma unroll
        for (int k = 0; k < SLOT; k++) {
            const int at = place(part_ahead * SLOT + k);
            if (row_ahead < rows && (WHOLE || at < length)) fetch<sizeof(Access)>(&slots[(slot * SLOT + k) * ROW_THREADS], x + row_ahead * dim + at);
        }
        fetch_group();
        slot = slot + 1 < SLOTS ? slot + 1 : 0;
        part_ahead = part_ahead + 1 < ROW_VECTORS / SLOT ? part_ahead + 1 : 0;
        if (part_ahead == 0) row_ahead += step;
    };
#pragma unroll 1
    for (int i = 0; i < SLOTS; i++) fetch_next();
    if (MODE == LEARNED) {
        each_access(dim, [&](size at, int item) {
            Access access = *(const Access*)(extra + at);
#pragma unroll
            for (int l = 0; l < ROW_LANES; l++) access.v[l] = shift_of<MODE>(access.v[l], (real)scale);
            kept[item / ROW_LANES * ROW_THREADS] = access;
        });
    }
#if ROW_CLUSTER > 1
    if (threadIdx.x < 2) prepare(meetings[threadIdx.x]);
#endif
    cluster_barrier();  // nobody sends to a block that has not started
    int turn = 0;
    for (size row = row_number(); row < rows; row += step, turn++) {
        real z[ITEMS];
#pragma unroll
        for (int k = 0; k < ROW_VECTORS; k++) {
            if (k % SLOT == 0) fetched<SLOTS - 1>();
            const int at = place(k);
            const bool there = WHOLE || at < length;
            Access access, more;
            if (there) access = slots[(slot * SLOT + k % SLOT) * ROW_THREADS];
            if (MODE == LEARNED && there) more = kept[k * ROW_THREADS];
            if (MODE == PROVIDED && there) more = *(const Access*)(extra + row * dim + at);
#pragma unroll
            for (int l = 0; l < ROW_LANES; l++) {
                real value = there ? access.v[l] : -INFINITE;
                if (MODE == LEARNED && there) value += more.v[l];
                if (MODE == PROVIDED && there) value += shift_of<MODE>(more.v[l], (real)scale);
                z[k * ROW_LANES + l] = value;
            }
            if (k % SLOT == SLOT - 1) fetch_next();
        }
        // A NaN is left to the sum, which it makes NaN.
        real largest = -INFINITE;
#pragma unroll
        for (int i = 0; i < ITEMS; i++) largest = SYNTONIC_F64 ? (z[i] > largest ? z[i] : largest) : fmax(z[i], largest);
        largest = warp_reduce(largest, Larger());
        // A warp whose numbers are all -inf adds nothing to the sum.
        const real base = largest == -INFINITE ? (real)0 : largest;
        real sum = 0;
#pragma unroll
        for (int i = 0; i < ITEMS; i++) {
            z[i] = share_of(z[i] - base);
            sum += z[i];
        }
        const Part whole = over_row({largest, warp_reduce(sum, Sum())}, meetings[turn % 2], turn / 2);
        const real share = part_weight(largest, whole.largest) / whole.sum;
#pragma unroll
        for (int i = 0; i < ITEMS; i++) z[i] *= share;
        store_row(out + row * dim, z, dim);
    }
    cluster_barrier();  // a block must not end while another sends to it
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
        LongSum sum(dim);
        for (size i = 0; i < dim; i++) sum.add(exp(logit(i) - largest));
        const real share = 1 / sum.total();
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
