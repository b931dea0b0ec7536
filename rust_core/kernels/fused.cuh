// The parts of a fused kernel (program/fused.rs): a block evaluates one member, so many samples of the batch at a time that their
// values fit shared memory.
//
// A value of ROWS rows and any width lies there feature by feature: feature f of row r at [f * padded(ROWS) + r]. Neighbouring
// threads take neighbouring rows, so that they read different banks. The generator defines THREADS and BLOCKS.

// From one feature to the next: an odd number of 8 rows, so that the rows of four features lie in different banks.
__device__ constexpr int padded(int rows) { return (rows + 7) / 8 % 2 ? (rows + 7) / 8 * 8 : (rows + 7) / 8 * 8 + 8; }

// Four numbers that are read at once.
struct alignas(16) Quad {
    real v[4];
};

// The shared memory of the block: each function names it, so that the compiler knows what its addresses are.
#define POOL                         \
    extern __shared__ Quad memory[]; \
    real* const pool = (real*)memory

// Writes out(r, f) = value(r, f).
template <int ROWS, int WIDTH, class F>
__device__ inline void each(real* out, F value) {
    if (ROWS >= THREADS) {
        for (int r = threadIdx.x; r < ROWS; r += THREADS) {
#pragma unroll 4
            for (int f = 0; f < WIDTH; f++) out[f * padded(ROWS) + r] = value(r, f);
        }
    } else {
#pragma unroll 2
        for (int i = threadIdx.x; i < ROWS * WIDTH; i += THREADS) out[i / ROWS * padded(ROWS) + i % ROWS] = value(i % ROWS, i / ROWS);
    }
}

// Copies samples of what all members share, (.., ROWS / SAMPLES, WIDTH) from `from` on; behind the last one of `left` it is repeated.
template <int SAMPLES, int ROWS, int WIDTH>
__device__ inline void load(real* out, const real* from, int left) {
    constexpr int EACH = ROWS / SAMPLES * WIDTH;
    for (int i = threadIdx.x; i < ROWS * WIDTH; i += THREADS) {
        const int sample = i / EACH, r = i / WIDTH, f = i % WIDTH;
        out[f * padded(ROWS) + r] = from[(sample < left ? sample : left - 1) * EACH + i % EACH];
    }
}

// Calls f(r, x) with the numbers of each row, which it may change, and writes them.
template <int ROWS, int WIDTH, class X, class F>
__device__ inline void each_row(real* out, X x, F f) {
    for (int r = threadIdx.x; r < ROWS; r += THREADS) {
        real own[WIDTH];
#pragma unroll
        for (int i = 0; i < WIDTH; i++) own[i] = x(r, i);
        f(own);
#pragma unroll
        for (int i = 0; i < WIDTH; i++) out[i * padded(ROWS) + r] = own[i];
    }
}

template <int WIDTH>
__device__ inline void normalise(real (&x)[WIDTH], double variance, double eps) {
    real mean = 0, rest = 0, squares = 0;
#pragma unroll
    for (int i = 0; i < WIDTH; i++) mean += x[i];
    mean /= WIDTH;
#pragma unroll
    for (int i = 0; i < WIDTH; i++) {
        x[i] -= mean;
        rest += x[i];
        squares = fma(x[i], x[i], squares);
    }
    const real found = (squares - rest * rest / WIDTH) / WIDTH, scale = (real)sqrt(variance) / sqrt(found + (real)eps);
#pragma unroll
    for (int i = 0; i < WIDTH; i++) x[i] = (x[i] - rest / WIDTH) * scale;
}

template <int WIDTH>
__device__ inline void softmax(real (&x)[WIDTH]) {
    real largest = -INFINITE, sum = 0;
#pragma unroll
    for (int i = 0; i < WIDTH; i++) largest = Larger()(largest, x[i]);
#pragma unroll
    for (int i = 0; i < WIDTH; i++) sum += x[i] = largest == -INFINITE ? (real)1 : exp(x[i] - largest);
#pragma unroll
    for (int i = 0; i < WIDTH; i++) x[i] /= sum;
}


template <int COUNT>
struct alignas(COUNT * sizeof(real)) Run {
    real v[COUNT];
};

// Attention of each query to the keys of its sample, RUN keys at a time; `out` may be `query`. seen(sample, key) is false for keys
// that are ignored. The sums are made as if the largest score so far were the largest, and made smaller when a larger one comes.
template <int SAMPLES, int QUERIES, int KEYS, int HEADS, int D, int DV, bool CAUSAL, bool MASKED, int RUN, class M>
__device__ inline void attention(real* out, const real* query, const real* key, const real* of_keys, double scale, M seen) {
    constexpr int ROWS = SAMPLES * QUERIES, STEP = padded(ROWS), KEY_STEP = padded(SAMPLES * KEYS);
    for (int i = threadIdx.x; i < ROWS * HEADS; i += THREADS) {
        const int row = i % ROWS, head = i / ROWS, sample = row / QUERIES, q = row % QUERIES;
        real own[D], sums[DV] = {}, whole = 0, largest = -INFINITE;
#pragma unroll
        for (int c = 0; c < D; c++) own[c] = query[(head * D + c) * STEP + row] * (real)scale;
        const int end = CAUSAL && q + 1 < KEYS ? q + 1 : KEYS;
        const real* keys = key + head * D * KEY_STEP + sample * KEYS;
        const real* values = of_keys + head * DV * KEY_STEP + sample * KEYS;
        // Keys k .. k + RUN - 1; of those that are not `sure`, each is asked whether it counts.
        const auto add_keys = [&](int k, bool sure) {
            real weight[RUN] = {};
#pragma unroll
            for (int c = 0; c < D; c++) {
                const Run<RUN> of_k = *(const Run<RUN>*)(keys + c * KEY_STEP + k);
#pragma unroll
                for (int j = 0; j < RUN; j++) weight[j] = fma(own[c], of_k.v[j], weight[j]);
            }
            real top = largest;
            bool counts[RUN];
#pragma unroll
            for (int j = 0; j < RUN; j++) {
                counts[j] = sure || (k + j < end && seen(sample, k + j));
                if (counts[j]) top = Larger()(top, weight[j]);
            }
            const real shrink = top == largest ? (real)1 : exp(largest - top);
            whole *= shrink;
#pragma unroll
            for (int j = 0; j < RUN; j++) {
                weight[j] = counts[j] ? (top == -INFINITE ? (real)1 : exp(weight[j] - top)) : (real)0;
                whole += weight[j];
            }
#pragma unroll
            for (int c = 0; c < DV; c++) {
                const Run<RUN> of_v = *(const Run<RUN>*)(values + c * KEY_STEP + k);
                real sum = sums[c] * shrink;
#pragma unroll
                for (int j = 0; j < RUN; j++) sum = counts[j] ? fma(weight[j], of_v.v[j], sum) : sum;
                sums[c] = sum;
            }
            largest = top;
        };
        int k = 0;
#pragma unroll 1
        for (; k + RUN <= end; k += RUN) add_keys(k, !MASKED);
        if (CAUSAL && k < end) add_keys(k, false);
#pragma unroll
        for (int c = 0; c < DV; c++) out[(head * DV + c) * STEP + row] = whole == 0 ? (real)0 : sums[c] / whole;
    }
}

// A weighted mean, of the rows of this thread and then of all.
struct Mean {
    double total = 0, weight = 0;

    // What weighs 0 may be anything.
    __device__ void add(real value, real of_value) {
        if (of_value != 0) total += (double)(of_value * value), weight += (double)of_value;
    }
    __device__ real over_threads(double* partial) const {
        const double sum = block_reduce(total, 0.0, Sum(), partial);
        __syncthreads();
        const double by = block_reduce(weight, 0.0, Sum(), partial);
        __syncthreads();
        return (real)(sum / by);
    }
};

// The cross-entropy of one row, whose logits come COUNT at a time: ln sum e^x - x_label, and what smoothed labels add.
template <bool SMOOTH>
struct Entropy {
    real top = -INFINITE, sum = 0, total = 0, picked = (real)__longlong_as_double(0x7FF8000000000000LL);

    template <int COUNT>
    __device__ void see(const real* x, int step, int first, int count, real label) {
        real own[COUNT], largest = top;
#pragma unroll
        for (int c = 0; c < COUNT; c++) {
            own[c] = c < count ? x[c * step] : -INFINITE;
            largest = own[c] > largest ? own[c] : largest;
            if (SMOOTH && c < count) total += own[c];
        }
        const int at = label >= first && label < first + count ? (int)label : -1;
        if (at >= 0 && (real)at == label) picked = x[(at - first) * step];
        sum = largest == top ? sum : sum * exp(top - largest);
#pragma unroll
        for (int c = 0; c < COUNT; c++) sum += c < count ? exp(own[c] - largest) : (real)0;
        top = largest;
    }
    __device__ real value(double smoothing, int classes) const {
        const real spread = SMOOTH ? (real)smoothing * picked - (real)(smoothing / classes) * total : (real)0;
        return log(sum) + ((top - picked) + spread);
    }
};

// Where the first largest logit of one row is; NaN never is the largest.
struct Best {
    real top = -INFINITE;
    int at = -1;

    template <int COUNT>
    __device__ void see(const real* x, int step, int first, int count, real) {
        for (int c = 0; c < count; c++) {
            if (x[c * step] > top) top = x[c * step], at = first + c;
        }
    }
    __device__ real value(real label) const { return at >= 0 && (real)at == label ? (real)1 : (real)0; }
};

// Calls f(r, number) for each row of this thread, which is its number-th.
template <int ROWS, class F>
__device__ inline void own_rows(F f) {
#pragma unroll
    for (int n = 0; n < (ROWS + THREADS - 1) / THREADS; n++) {
        if (n * THREADS + (int)threadIdx.x < ROWS) f(n * THREADS + (int)threadIdx.x, n);
    }
}

__device__ inline real softplus_of(real x) { return x != x ? x : (x > 0 ? x : (real)0) + log1p(exp(-fabs(x))); }

// Numbers made of x(0) .. x(COUNT - 1).
template <int COUNT, class X>
__device__ inline real sum_of(X x) {
    real sum = 0;
    for (int j = 0; j < COUNT; j++) sum += x(j);
    return sum;
}
template <int COUNT, class X>
__device__ inline real mean_of(X x) { return sum_of<COUNT>(x) / COUNT; }
template <int COUNT, class X>
__device__ inline real variance_of(X x) {
    const real mean = mean_of<COUNT>(x);
    real rest = 0, squares = 0;
    for (int j = 0; j < COUNT; j++) {
        const real d = x(j) - mean;
        rest += d;
        squares = fma(d, d, squares);
    }
    return (squares - rest * rest / COUNT) / COUNT;
}
template <int COUNT, class X>
__device__ inline real largest_of(X x) {
    real found = x(0);
    for (int j = 1; j < COUNT; j++) found = Larger()(found, x(j));
    return found;
}
template <int COUNT, class X>
__device__ inline real smallest_of(X x) {
    real found = x(0);
    for (int j = 1; j < COUNT; j++) found = Smaller()(found, x(j));
    return found;
}
