// Products of a fused kernel with weights, and windows: linear layers, convolutions, pooling. Values lie as fused.cuh says.

// From one row of staged weights to the next: an odd number of 16 bytes, so that different rows lie in different banks.
__device__ constexpr int stride_of(int inputs) { return (inputs + 3) / 4 % 2 ? (inputs + 3) / 4 * 4 : (inputs + 3) / 4 * 4 + 4; }

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
