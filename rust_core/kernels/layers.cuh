// Layers and maps of members' values.

// Wider values do not fit registers and lie in memory, where a loop is as fast and its code soon compiled.
constexpr int HELD = ROWS == 1 ? 96 : 64;

// Numbers that are read at once.
template <int COUNT>
struct alignas(COUNT * sizeof(real)) Numbers {
    real v[COUNT];
};

// y = x W^T + b, each sum over the inputs in rising order. `bias` is below 0 where there is none.
template <int IN, int OUT, class X>
__device__ inline void linear(Group& group, Values<OUT>& y, const X& x, int weight, int at, int bias, int bias_at) {
    constexpr int ABREAST = Reader<X>::ABREAST < OUT ? Reader<X>::ABREAST : OUT;
    constexpr int FIT = (Reader<X>::ROOM / 2 - 6) / (IN + 1);
    constexpr int TILE = FIT >= OUT ? OUT : (FIT >= ABREAST ? FIT / ABREAST * ABREAST : FIT);
    static_assert(TILE > 0, "one output's weights must fit the pool");
    constexpr int MATRIX = (TILE * IN + 3) / 4 * 4, HALF = MATRIX + (TILE + 3) / 4 * 4;
    constexpr int WHOLE = IN * OUT <= 4096, TILES = WHOLE ? (OUT + TILE - 1) / TILE : 1, STEPS = WHOLE && IN <= HELD ? IN : 4;
    constexpr int WIDE = IN % LANES == 0 ? LANES : 1;
    real* plus = group.pool;
    real* minus = plus + HALF;
#pragma unroll TILES
    for (int start = 0; start < OUT; start += TILE) {
        const int count = OUT - start < TILE ? OUT - start : TILE;
        group.sync();
        draw(group, {weight, at, start * IN, count * IN, plus, minus},
             {bias, bias_at, start, bias < 0 ? 0 : count, plus + MATRIX, minus + MATRIX});
        group.sync();
#pragma unroll (WHOLE ? TILE : 1)
        for (int o = 0; o < TILE; o += ABREAST) {
            real sum_plus[ABREAST][ROWS] = {}, sum_minus[ABREAST][ROWS] = {};
#pragma unroll STEPS
            for (int k = 0; k < IN; k += WIDE) {
                real x_plus[WIDE][ROWS], x_minus[WIDE][ROWS];
#pragma unroll
                for (int l = 0; l < WIDE; l++) {
#pragma unroll
                    for (int r = 0; r < ROWS; r++) {
                        x_plus[l][r] = plus_of<IN>(group, x, r, k + l);
                        x_minus[l][r] = minus_of<IN>(group, x, r, k + l);
                    }
                }
#pragma unroll
                for (int a = 0; a < ABREAST; a++) {
                    if (o + a < count) {
                        const Numbers<WIDE> of_plus = *(const Numbers<WIDE>*)(plus + (o + a) * IN + k);
                        const Numbers<WIDE> of_minus = *(const Numbers<WIDE>*)(minus + (o + a) * IN + k);
#pragma unroll
                        for (int l = 0; l < WIDE; l++) {
#pragma unroll
                            for (int r = 0; r < ROWS; r++) {
                                sum_plus[a][r] = fma(x_plus[l][r], of_plus.v[l], sum_plus[a][r]);
                                sum_minus[a][r] = fma(x_minus[l][r], of_minus.v[l], sum_minus[a][r]);
                            }
                        }
                    }
                }
            }
#pragma unroll
            for (int a = 0; a < ABREAST; a++) {
                if (o + a < count) {
                    const real of_plus = bias < 0 ? (real)0 : plus[MATRIX + o + a];
                    const real of_minus = bias < 0 ? (real)0 : minus[MATRIX + o + a];
#pragma unroll
                    for (int r = 0; r < ROWS; r++) {
                        y.plus[r][start + o + a] = sum_plus[a][r] + of_plus;
                        y.minus[r][start + o + a] = sum_minus[a][r] + of_minus;
                    }
                }
            }
        }
    }
}

// The same where all members share x and IN is a multiple of 8: y = base +- sigma x Z^T + b, one product for both members.
// `turned` is x as (IN, BATCH), `base` is x W^T of the centre as (OUT, BATCH): generation.cu.
template <int IN, int OUT>
__device__ inline void linear_of_shared(Group& group, Values<OUT>& y, const real* turned, const real* base, int weight, int at,
                                        int bias, int bias_at) {
    constexpr int TILE = OUT < 32 ? OUT : 32, APART = (TILE + 3) / 4 * 4, FIT = (POOL - 2 * APART) / TILE / 8 * 8, CHUNK = FIT < IN ? FIT : IN;
    static_assert(CHUNK > 0, "eight inputs of a tile must fit the pool");
    constexpr int WHOLE = IN * OUT <= 4096, TILES = WHOLE ? (OUT + TILE - 1) / TILE : 1, LONG = IN > 65536;
    real* noise = group.pool;
    real* plus = noise + TILE * CHUNK;
    real* minus = plus + APART;
#pragma unroll TILES
    for (int start = 0; start < OUT; start += TILE) {
        const int count = OUT - start < TILE ? OUT - start : TILE;
        real sum[ROWS][TILE] = {};
        // Of long rows, each chunk's sums wait in memory; short ones need none.
        real whole[LONG ? ROWS : 1][LONG ? TILE : 1] = {};
#pragma unroll 1
        for (int begin = 0; begin < IN; begin += CHUNK) {
#pragma unroll
            for (int i = 0; i < (LONG ? ROWS * TILE : 0); i++) {
                whole[LONG * (i / TILE)][LONG * (i % TILE)] += sum[i / TILE][i % TILE];
                sum[i / TILE][i % TILE] = 0;
            }
            const int length = IN - begin < CHUNK ? IN - begin : CHUNK;
            group.sync();
            for (int i = group.lane; i < count * (length / 8); i += GROUP) {
                const int o = i / (length / 8), k = i % (length / 8) * 8;
                const int element = (start + o) * IN + begin + k;
                const Words words = noise_words(group.step, weight, group.pair, element / 8);
#pragma unroll
                for (int n = 0; n < NORMALS_PER_BLOCK; n++) {
                    const real z = normal_of(words, n);
                    noise[o * CHUNK + k + n] = z;
                    if (SYNTONY && group.first == 0) {
                        const real c = group.centre[at + element + n];
                        group.energies.add(group.weights[at + element + n], fma(group.sigma, z, c), fma(-group.sigma, z, c));
                    }
                }
            }
            if (bias >= 0 && begin == 0) draw(group, {bias, bias_at, start, count, plus, minus}, {});
            group.sync();
#pragma unroll 1
            for (int k = 0; k < length; k += LANES) {
                real of_x[ROWS][LANES];
#pragma unroll
                for (int l = 0; l < LANES; l++) {
#pragma unroll
                    for (int r = 0; r < ROWS; r++) of_x[r][l] = turned[(begin + k + l) * BATCH + group.read(r)];
                }
#pragma unroll
                for (int o = 0; o < TILE; o++) {
                    const Pack z = *(const Pack*)(noise + o * CHUNK + k);
#pragma unroll
                    for (int l = 0; l < LANES; l++) {
#pragma unroll
                        for (int r = 0; r < ROWS; r++) sum[r][o] = fma(of_x[r][l], z.v[l], sum[r][o]);
                    }
                }
            }
        }
#pragma unroll
        for (int o = 0; o < TILE; o++) {
            if (o < count) {
                const real of_plus = bias < 0 ? (real)0 : plus[o], of_minus = bias < 0 ? (real)0 : minus[o];
#pragma unroll
                for (int r = 0; r < ROWS; r++) {
                    const real centre = base[(start + o) * BATCH + group.read(r)];
                    if (LONG) sum[r][o] += whole[LONG * r][LONG * o];
                    y.plus[r][start + o] = fma(group.sigma, sum[r][o], centre) + of_plus;
                    y.minus[r][start + o] = fma(-group.sigma, sum[r][o], centre) + of_minus;
                }
            }
        }
    }
}

// y = x * scale + shift, each feature with parameters of its own.
template <int WIDTH>
__device__ inline void affine(Group& group, Values<WIDTH>& y, const Values<WIDTH>& x, int scale, int scale_at, int shift, int shift_at) {
    constexpr int APART = (WIDTH + 3) / 4 * 4;
    static_assert(4 * APART <= POOL, "scale and shift of both members must fit the pool");
    real* pool = group.pool;
    group.sync();
    draw(group, {scale, scale_at, 0, WIDTH, pool, pool + APART}, {shift, shift_at, 0, WIDTH, pool + 2 * APART, pool + 3 * APART});
    group.sync();
#pragma unroll (WIDTH <= HELD ? WIDTH : 4)
    for (int i = 0; i < WIDTH; i++) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            y.plus[r][i] = fma(x.plus[r][i], pool[i], pool[2 * APART + i]);
            y.minus[r][i] = fma(x.minus[r][i], pool[APART + i], pool[3 * APART + i]);
        }
    }
}

// f(x), element by element.
template <int WIDTH, class F>
__device__ inline Values<WIDTH> map(const Values<WIDTH>& x, F f) {
    Values<WIDTH> y;
#pragma unroll (WIDTH <= HELD ? WIDTH : 4)
    for (int i = 0; i < WIDTH; i++) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            y.plus[r][i] = f(x.plus[r][i]);
            y.minus[r][i] = f(x.minus[r][i]);
        }
    }
    return y;
}
template <int WIDTH, int ROOM, class G, class F>
__device__ inline auto map(const Lazy<WIDTH, ROOM, G>& x, F f) {
    const auto both = [g = x.f, f](real value) { return f(g(value)); };
    return Lazy<WIDTH, ROOM, decltype(both)>{x.product, x.base, x.plus, x.minus, both};
}

// y = f(a, b), element by element; either may be shared.
template <int WIDTH, class A, class B, class F>
__device__ inline void combine(const Group& group, Values<WIDTH>& y, const A& a, const B& b, F f) {
#pragma unroll (WIDTH <= HELD ? WIDTH : 4)
    for (int i = 0; i < WIDTH; i++) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            y.plus[r][i] = f(plus_of<WIDTH>(group, a, r, i), plus_of<WIDTH>(group, b, r, i));
            y.minus[r][i] = f(minus_of<WIDTH>(group, a, r, i), minus_of<WIDTH>(group, b, r, i));
        }
    }
}

template <int WIDTH>
__device__ inline void row_softmax(real (&y)[WIDTH], const real (&x)[WIDTH]) {
    real largest = -INFINITE, sum = 0;
#pragma unroll (WIDTH <= HELD ? WIDTH : 4)
    for (int i = 0; i < WIDTH; i++) largest = Larger()(largest, x[i]);
#pragma unroll (WIDTH <= HELD ? WIDTH : 4)
    for (int i = 0; i < WIDTH; i++) sum += y[i] = largest == -INFINITE ? (real)1 : exp(x[i] - largest);
#pragma unroll (WIDTH <= HELD ? WIDTH : 4)
    for (int i = 0; i < WIDTH; i++) y[i] = y[i] / sum;
}

// y_i = e^(x_i) / sum_j e^(x_j) over each row.
template <int WIDTH>
__device__ inline void softmax(Values<WIDTH>& y, const Values<WIDTH>& x) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        row_softmax(y.plus[r], x.plus[r]);
        row_softmax(y.minus[r], x.minus[r]);
    }
}

__device__ inline real sigmoid(real x) { return 1 / (1 + exp(-x)); }
__device__ inline real softplus(real x) { return (x > 0 ? x : (x != x ? x : (real)0)) + log1p(exp(-fabs(x))); }
