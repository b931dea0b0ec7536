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

// From one row of staged weights to the next: an odd number of 16 bytes, so that different rows lie in different banks.
__device__ constexpr int stride_of(int inputs) { return (inputs + 3) / 4 % 2 ? (inputs + 3) / 4 * 4 : (inputs + 3) / 4 * 4 + 4; }

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

// Where weights are staged: those of the next product are on their way while one is computed.
struct Staging {
    int place, size, parity;

    __device__ int now() const { return place + (parity ? size : 0); }
    __device__ int later() const { return place + (parity ? 0 : size); }
};

// Rows of weights that come next.
struct Next {
    const real* weights;
    int inputs, rows;

    // Starts to copy them.
    __device__ void fetch_to(real* to) const {
        const int stride = stride_of(inputs);
        if (inputs % LANES == 0 && (unsigned long long)weights % 16 == 0) {
            const int packs = inputs / LANES;
            for (int i = threadIdx.x; i < rows * packs; i += THREADS) {
                fetch<16>(to + i / packs * stride + i % packs * LANES, weights + (size)i * LANES);
            }
        } else {
            for (int i = threadIdx.x; i < rows * inputs; i += THREADS) {
                fetch<sizeof(real)>(to + i / inputs * stride + i % inputs, weights + i);
            }
        }
        fetch_group();
    }
};

// A warp computes tiles of rows and outputs: 16 DOWN rows by 8 ACROSS outputs on tensor cores, fewer where that keeps more warps busy.
template <int ROWS, int OUT>
struct Tiles {
    static constexpr int SIXTEENS = (ROWS + 15) / 16, EIGHTS = (OUT + 7) / 8, WARPS = THREADS / 32;
    static constexpr int ACROSS = EIGHTS >= 4 ? 4 : EIGHTS, GROUPS = (EIGHTS + ACROSS - 1) / ACROSS;
    static constexpr int DOWN = SIXTEENS >= 2 && (SIXTEENS + 1) / 2 * GROUPS >= WARPS ? 2 : 1;
    static constexpr int COUNT = (SIXTEENS + DOWN - 1) / DOWN * GROUPS;
};

// Inputs up to which tensor cores do not pay.
constexpr int THIN = 12;

// As `each_sum` of few inputs: a thread takes a row.
template <int IN, int ROWS, int OUT, class X, class F>
__device__ inline void each_thin_sum(X x_of, const real* weights, F f) {
    constexpr int EACH = 16, PARTS = (OUT + EACH - 1) / EACH;
    for (int i = threadIdx.x; i < ROWS * PARTS; i += THREADS) {
        const int r = i % ROWS, first = i / ROWS * EACH;
        const auto own = x_of(r);
        real x[(IN + 3) / 4 * 4] = {};
#pragma unroll
        for (int k = 0; k < IN; k++) x[k] = own(k);
#pragma unroll 4
        for (int o = first; o < (OUT < first + EACH ? OUT : first + EACH); o++) {
            real sum = 0;
#pragma unroll
            for (int k = 0; k < IN; k += 4) {
                const Quad w = *(const Quad*)(weights + o * stride_of(IN) + k);
#pragma unroll
                for (int j = 0; j < 4; j++) sum = k + j < IN ? fma(x[k + j], w.v[j], sum) : sum;
            }
            f(r, o, sum);
        }
    }
}

// Computes the sums of a tile and gives each to f(r, o, sum). x_of(r) is what reads row r: x_of(r)(k), or x_of(r).eight(k)(i) for
// number k + i, where k is a multiple of 8 and i below 8.
#if SYNTONIC_F64 || SYNTONIC_ARCH < 80
template <int IN, int ROWS, int OUT, class X, class F>
__device__ inline void each_sum(X x_of, const real* weights, F f) {
    // A warp takes 8 pairs of rows and 4 groups of outputs.
    constexpr int EACH = OUT >= 16 ? 4 : (OUT + 3) / 4, GROUPS = (OUT + EACH - 1) / EACH, ACROSS = (GROUPS + 3) / 4, DOWN = (ROWS + 15) / 16;
    const int lane = threadIdx.x % 32;
#pragma unroll 1
    for (int i = threadIdx.x / 32; i < DOWN * ACROSS; i += THREADS / 32) {
        const int r = i % DOWN * 16 + lane % 8, group = i / DOWN * 4 + lane / 8;
        const auto one = x_of(r < ROWS ? r : ROWS - 1), other = x_of(r + 8 < ROWS ? r + 8 : ROWS - 1);
        real sums[2][EACH] = {};
#pragma unroll 4
        for (int k = 0; k < IN; k++) {
            const real x[2] = {one(k), other(k)};
#pragma unroll
            for (int e = 0; e < EACH; e++) {
                const real w = weights[(group < GROUPS ? group + e * GROUPS : 0) * stride_of(IN) + k];
                sums[0][e] = fma(x[0], w, sums[0][e]);
                sums[1][e] = fma(x[1], w, sums[1][e]);
            }
        }
#pragma unroll
        for (int e = 0; e < EACH; e++) {
            const int o = group + e * GROUPS;
            if (group < GROUPS && o < OUT && r < ROWS) f(r, o, sums[0][e]);
            if (group < GROUPS && o < OUT && r + 8 < ROWS) f(r + 8, o, sums[1][e]);
        }
    }
}
#else
template <int IN, int ROWS, int OUT, class X, class F>
__device__ inline void each_sum(X x_of, const real* weights, F f) {
    typedef Tiles<ROWS, OUT> T;
    using Row = decltype(x_of(0));
    const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
#pragma unroll 1
    for (int i = threadIdx.x / 32; i < T::COUNT; i += T::WARPS) {
        const int row = i / T::GROUPS * 16 * T::DOWN + g, column = i % T::GROUPS * 8 * T::ACROSS;
        float sums[T::DOWN][T::ACROSS][4] = {};
        const auto add = [&](const Row (&x)[2 * T::DOWN], int k) {
            float high[T::ACROSS][2], low[T::ACROSS][2];
            Quad of_high[T::DOWN], of_low[T::DOWN];
#pragma unroll
            for (int n = 0; n < T::ACROSS; n++) {
                const real* w = weights + (column + 8 * n + g) * stride_of(IN) + k + t;
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    const float whole = IN % 8 == 0 || k + t + 4 * j < IN ? (float)w[4 * j] : 0.0f;
                    high[n][j] = leading(whole);
                    low[n][j] = whole - high[n][j];
                }
            }
#pragma unroll
            for (int m = 0; m < T::DOWN; m++) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    const int at = k + t + j / 2 * 4;
                    const float whole = IN % 8 == 0 || at < IN ? (float)x[2 * m + j % 2].eight(k)(t + j / 2 * 4) : 0.0f;
                    of_high[m].v[j] = leading(whole);
                    of_low[m].v[j] = whole - of_high[m].v[j];
                }
            }
            // Products that wait for one another stand apart.
            const auto multiply = [&](const Quad (&a)[T::DOWN], const float (&b)[T::ACROSS][2]) {
#pragma unroll
                for (int m = 0; m < T::DOWN; m++) {
#pragma unroll
                    for (int n = 0; n < T::ACROSS; n++) multiply_tile(sums[m][n], a[m], b[n][0], b[n][1]);
                }
            };
            multiply(of_low, high);
            multiply(of_high, low);
            multiply(of_high, high);
        };
        // Behind the last row it is read again.
        const auto row_of = [&](int r) { return x_of(ROWS % (16 * T::DOWN) == 0 || r < ROWS ? r : ROWS - 1); };
        if constexpr (T::DOWN == 2) {
            const Row x[4] = {row_of(row), row_of(row + 8), row_of(row + 16), row_of(row + 24)};
#pragma unroll(IN <= 144 ? (IN + 7) / 8 : 2)
            for (int k = 0; k < IN; k += 8) add(x, k);
        } else {
            const Row x[2] = {row_of(row), row_of(row + 8)};
#pragma unroll(IN <= 144 ? (IN + 7) / 8 : 2)
            for (int k = 0; k < IN; k += 8) add(x, k);
        }
#pragma unroll
        for (int m = 0; m < T::DOWN; m++) {
#pragma unroll
            for (int n = 0; n < T::ACROSS; n++) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    const int r = row + 16 * m + j / 2 * 8, o = column + 8 * n + 2 * t + j % 2;
                    if ((ROWS % (16 * T::DOWN) == 0 || r < ROWS) && (OUT % (8 * T::ACROSS) == 0 || o < OUT)) f(r, o, (real)sums[m][n][j]);
                }
            }
        }
    }
}
#endif

// Computes outputs tile by tile and calls done(first, count) behind each: out(r, o) = value(r, o, sum + bias). The weights of the
// first tile are on their way when this begins; those that come next follow them. Where WHOLE is false a tile overwrites the
// one before.
template <int IN, int OUT, int ROWS, int TILE, bool WHOLE, class X, class F, class D>
__device__ inline void product(real* out, const real* weights, const real* bias, Staging& staging, Next next, X x_of, F value, D done) {
    POOL;
#pragma unroll 1
    for (int first = 0; first < OUT; first += TILE) {
        fetched<0>();
        __syncthreads();
        const int behind = first + TILE;
        const Next following = behind < OUT ? Next{weights + (size)behind * IN, IN, OUT - behind < TILE ? OUT - behind : TILE} : next;
        if (following.rows > 0) following.fetch_to(pool + staging.later());
        real* const to = WHOLE ? out + first * padded(ROWS) : out;
        const auto write = [&](int r, int o, real sum) {
            if (OUT % TILE == 0 || first + o < OUT) {
                to[o * padded(ROWS) + r] = value(r, first + o, bias ? sum + bias[first + o] : sum);
            }
        };
        if constexpr (IN <= THIN) each_thin_sum<IN, ROWS, TILE>(x_of, pool + staging.now(), write);
        else each_sum<IN, ROWS, TILE>(x_of, pool + staging.now(), write);
        staging.parity ^= 1;
        done(first, OUT - first < TILE ? OUT - first : TILE);
    }
}

struct Nothing {
    __device__ void operator()(int, int) const {}
};

// One row of a value.
template <int STEP>
struct Row {
    const real* x;
    __device__ real operator()(int k) const { return x[k * STEP]; }
    __device__ Row eight(int k) const { return {x + k * STEP}; }
};

// y = x W^T + b.
template <int IN, int OUT, int ROWS, int TILE, bool WHOLE = true, class F, class D = Nothing>
__device__ inline void linear(
    real* out, const real* x, const real* weights, const real* bias, Staging& staging, Next next, F value, D done = {}) {
    const auto x_of = [=](int r) { return Row<padded(ROWS)>{x + r}; };
    product<IN, OUT, ROWS, TILE, WHOLE>(out, weights, bias, staging, next, x_of, value, done);
}

// The sizes of windows over (samples, height, width, channels).
template <int HEIGHT, int WIDTH, int CHANNELS, int KH, int KW, int SH, int SW, int PH, int PW>
struct Window {
    static constexpr int IN = KH * KW * CHANNELS, DOWN = (HEIGHT + 2 * PH - KH) / SH + 1, ACROSS = (WIDTH + 2 * PW - KW) / SW + 1;

    // What the window of an output sees of x, whose features lie STEP numbers apart: number k of (line, column, channel).
    template <int STEP>
    struct Place {
        const real* x;
        int first, top, left;

        __device__ Place(const real* x, int row)
            : x(x), top(row / ACROSS % DOWN * SH - PH), left(row % ACROSS * SW - PW) {
            first = (row / (DOWN * ACROSS) * HEIGHT + top) * WIDTH + left;
        }
        __device__ bool sees(int u, int v) const {
            return (PH == 0 || (unsigned int)(top + u) < HEIGHT) && (PW == 0 || (unsigned int)(left + v) < WIDTH);
        }
        __device__ real operator()(int k) const {
            const int c = k % CHANNELS, u = k / CHANNELS / KW, v = k / CHANNELS % KW;
            const bool inside = sees(u, v);
            const real found = x[inside ? c * STEP + first + u * WIDTH + v : 0];
            return inside ? found : (real)0;
        }

        // Eight numbers from the k-th on: of one place where channels come in eights.
        struct Eight {
            const Place* place;
            int k;
            bool inside;
            const real* from;
            __device__ real operator()(int i) const {
                if (CHANNELS % 8 != 0) return (*place)(k + i);
                const real found = from[i * STEP];
                return inside ? found : (real)0;
            }
        };
        __device__ Eight eight(int k) const {
            const int c = k % CHANNELS, u = k / CHANNELS / KW, v = k / CHANNELS % KW;
            const bool inside = sees(u, v);
            return {this, k, inside, x + (inside ? c * STEP + first + u * WIDTH + v : 0)};
        }
    };
};

// Convolution, channel last.
template <class W, int OUT, int SAMPLES, int X_ROWS, int TILE, class F>
__device__ inline void convolution(real* out, const real* x, const real* weights, const real* bias, Staging& staging, Next next, F value) {
    using Place = typename W::template Place<padded(X_ROWS)>;
    constexpr int ROWS = SAMPLES * W::DOWN * W::ACROSS;
    const auto x_of = [=](int r) { return Place(x, r); };
    product<W::IN, OUT, ROWS, TILE, true>(out, weights, bias, staging, next, x_of, value, Nothing());
}

// Writes out(window, c) = end(x folded by f over the window) for each channel.
template <class W, int KH, int KW, int CHANNELS, int SAMPLES, int X_ROWS, class F, class E>
__device__ inline void pool_windows(real* out, const real* x, F f, E end) {
    each<SAMPLES * W::DOWN * W::ACROSS, CHANNELS>(out, [&](int row, int c) {
        const typename W::template Place<padded(X_ROWS)> window(x + c * padded(X_ROWS), row);
        real found = window(0);
#pragma unroll
        for (int i = 1; i < KH * KW; i++) found = f(found, window(i * CHANNELS));
        return end(found);
    });
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
