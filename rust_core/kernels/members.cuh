// The parts that the kernel of a model is generated from (program/kernel.rs): a group of GROUP threads evaluates both members
// of a mirrored pair, each thread ROWS rows of the batch at a time, with all values of its rows in registers.
//
// A layer's weights are perturbed into the group's POOL of shared memory, used, and overwritten by the next: the members'
// weights never exist as a whole. The generator defines GROUP, ROWS, THREADS, POOL, BATCH and SYNTONY.

static_assert(GROUP <= 32 || GROUP == THREADS, "a group larger than a warp is a block of its own");

// Blocks that a multiprocessor should hold at once: registers are shared out so. Measured on an H100; with numbers of 64 bits
// there are not enough registers to choose.
constexpr int WAVE = sizeof(real) == 8 ? 1 : (GROUP <= 32 ? 512 : 384) / THREADS;

// A value of the program for the rows of this thread: both members.
template <int WIDTH>
struct Values {
    real plus[ROWS][WIDTH], minus[ROWS][WIDTH];
};

// A value that all members share, (BATCH, width).
struct Shared {
    const real* x;
};

// A number that all members share.
struct Number {
    real x;
};

// Sums of x^2 w and of x^2 of both members.
struct Energies {
    real low_plus, low_minus, total_plus, total_minus;

    __device__ void add(real w, real plus, real minus) {
        const real square_plus = plus * plus, square_minus = minus * minus;
        low_plus = fma(square_plus, w, low_plus);
        low_minus = fma(square_minus, w, low_minus);
        total_plus += square_plus;
        total_minus += square_minus;
    }
};

struct Group {
    Step step;
    real sigma;
    const real* centre;   // each parameter begins at a multiple of 8
    const real* weights;  // w(n) of each element, laid out like the centre; nothing if nobody asks for syntony
    real* pool;
    unsigned int pair;
    int lane, first;
    Energies energies;

    __device__ void sync() const {
        if (GROUP > 32) __syncthreads();
        else __syncwarp();
    }
    __device__ int row(int r) const { return first + r * GROUP + lane; }
    // The row to read: one of the batch also where this thread has none.
    __device__ int read(int r) const { return row(r) < BATCH ? row(r) : BATCH - 1; }

    // Adds energies to the members' syntony; once, though the noise is drawn again for each tile of rows.
    __device__ void add(const Energies& more) {
        if (SYNTONY && first == 0) {
            energies.low_plus += more.low_plus;
            energies.low_minus += more.low_minus;
            energies.total_plus += more.total_plus;
            energies.total_minus += more.total_minus;
        }
    }
};

// Numbers first .. first + count of a parameter that begins at `at`, and where they go, perturbed.
struct Span {
    int parameter, at, first, count;
    real *plus, *minus;

    __device__ int blocks() const { return count > 0 ? (first + count + NORMALS_PER_BLOCK - 1) / NORMALS_PER_BLOCK - first / NORMALS_PER_BLOCK : 0; }
};

// Writes two spans for both members of a pair. Long code that every layer needs: one copy of it is enough.
__device__ __noinline__ Energies perturb(unsigned int seed, unsigned int generation, real sigma, const real* centre,
                                         const real* weights, unsigned int pair, int lane, Span one, Span two) {
    Energies energies{};
    const int of_one = one.blocks(), all = of_one + two.blocks();
#pragma unroll 1
    for (int i = lane; i < all; i += GROUP) {
        const bool is_one = i < of_one;
        const Span span{is_one ? one.parameter : two.parameter, is_one ? one.at : two.at, is_one ? one.first : two.first,
                        is_one ? one.count : two.count, is_one ? one.plus : two.plus, is_one ? one.minus : two.minus};
        const int block = span.first / NORMALS_PER_BLOCK + (is_one ? i : i - of_one);
        const Words words = philox(block, span.parameter, pair, generation, seed, NOISE);
        const int element = NORMALS_PER_BLOCK * block, start = element - span.first;
        const bool whole = start >= 0 && start + NORMALS_PER_BLOCK <= span.count;
        const Pack* from = (const Pack*)(centre + span.at + element);
        const Pack* weighted = (const Pack*)(weights + span.at + element);
#pragma unroll
        for (int n = 0; n < NORMALS_PER_BLOCK; n += LANES) {
            const Pack c = from[n / LANES];
            Pack plus, minus;
#pragma unroll
            for (int l = 0; l < LANES; l++) {
                const real z = normal_of(words, n + l);
                const bool inside = whole || (start + n + l >= 0 && start + n + l < span.count);
                plus.v[l] = inside ? fma(sigma, z, c.v[l]) : (real)0;
                minus.v[l] = inside ? fma(-sigma, z, c.v[l]) : (real)0;
            }
            if (SYNTONY) {
                const Pack w = weighted[n / LANES];
#pragma unroll
                for (int l = 0; l < LANES; l++) energies.add(w.v[l], plus.v[l], minus.v[l]);
            }
            if (whole && start % LANES == 0) {
                *(Pack*)(span.plus + start + n) = plus;
                *(Pack*)(span.minus + start + n) = minus;
            } else {
#pragma unroll
                for (int l = 0; l < LANES; l++) {
                    if (start + n + l >= 0 && start + n + l < span.count) {
                        span.plus[start + n + l] = plus.v[l];
                        span.minus[start + n + l] = minus.v[l];
                    }
                }
            }
        }
    }
    return energies;
}

// As `perturb`, with the group's threads and counters. Addresses of spans are multiples of 16 bytes.
__device__ inline void draw(Group& group, const Span& one, const Span& two) {
    group.add(perturb(group.step.seed, group.step.generation, group.sigma, group.centre, group.weights, group.pair, group.lane,
                      one, two));
}

template <int IN>
__device__ inline real plus_of(const Group&, const Values<IN>& x, int r, int k) { return x.plus[r][k]; }
template <int IN>
__device__ inline real minus_of(const Group&, const Values<IN>& x, int r, int k) { return x.minus[r][k]; }
template <int IN>
__device__ inline real plus_of(const Group& group, const Shared& x, int r, int k) { return x.x[group.read(r) * IN + k]; }
template <int IN>
__device__ inline real minus_of(const Group& group, const Shared& x, int r, int k) { return x.x[group.read(r) * IN + k]; }

template <int IN>
__device__ inline real plus_of(const Group&, const Number& x, int, int) { return x.x; }
template <int IN>
__device__ inline real minus_of(const Group&, const Number& x, int, int) { return x.x; }

// A layer's result that is computed when it is read: its product with the noise lies in the pool, behind the first ROOM numbers.
template <int WIDTH, int ROOM_, class F>
struct Lazy {
    static constexpr int ROOM = ROOM_, APART = ROWS * GROUP + 4;
    const real *product, *base, *plus, *minus;
    F f;
};
template <int IN, int ROOM, class F>
__device__ inline real plus_of(const Group& group, const Lazy<IN, ROOM, F>& x, int r, int k) {
    const real centre = x.base[k * BATCH + group.read(r)], z = x.product[k * x.APART + r * GROUP + group.lane];
    return x.f(fma(group.sigma, z, centre) + x.plus[k]);
}
template <int IN, int ROOM, class F>
__device__ inline real minus_of(const Group& group, const Lazy<IN, ROOM, F>& x, int r, int k) {
    const real centre = x.base[k * BATCH + group.read(r)], z = x.product[k * x.APART + r * GROUP + group.lane];
    return x.f(fma(-group.sigma, z, centre) + x.minus[k]);
}

// What a layer that reads x may use of the pool, and how many outputs it should compute at a time.
template <class X>
struct Reader {
    static constexpr int ROOM = POOL, ABREAST = 4;
};
template <int WIDTH, int ROOM_, class F>
struct Reader<Lazy<WIDTH, ROOM_, F>> {
    static constexpr int ROOM = ROOM_, ABREAST = 16;
};

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
    constexpr int WHOLE = IN * OUT <= 4096, TILES = WHOLE ? (OUT + TILE - 1) / TILE : 1, STEPS = WHOLE ? IN : 4;
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
    constexpr int WHOLE = IN * OUT <= 4096, TILES = WHOLE ? (OUT + TILE - 1) / TILE : 1;
    real* noise = group.pool;
    real* plus = noise + TILE * CHUNK;
    real* minus = plus + APART;
#pragma unroll TILES
    for (int start = 0; start < OUT; start += TILE) {
        const int count = OUT - start < TILE ? OUT - start : TILE;
        real sum[ROWS][TILE] = {};
#pragma unroll 1
        for (int begin = 0; begin < IN; begin += CHUNK) {
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
                    y.plus[r][start + o] = fma(group.sigma, sum[r][o], centre) + of_plus;
                    y.minus[r][start + o] = fma(-group.sigma, sum[r][o], centre) + of_minus;
                }
            }
        }
    }
}

// c += A B with A (16, 8) and B (8, 8) in binary32 of 11 significant bits, sums in binary32: thread 4 g + t of the warp has
// A[g][t], A[g + 8][t], A[g][t + 4], A[g + 8][t + 4], B[t][g], B[t + 4][g] and C[g][2 t], C[g][2 t + 1], C[g + 8][..].
#ifndef EMULATED
__device__ inline void multiply_tile(float (&c)[4], const Pack& a, float b0, float b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(__float_as_int((float)a.v[0])), "r"(__float_as_int((float)a.v[1])), "r"(__float_as_int((float)a.v[2])),
          "r"(__float_as_int((float)a.v[3])), "r"(__float_as_int(b0)), "r"(__float_as_int(b1)));
}
#endif

// x Z^T of a tile of rows by tensor cores, with numbers split in two of 11 bits each: x z = xh zh + xh zl + xl zh to 2^-21 or so.
// `parts` is x in the order in which the threads want it, high parts and low parts: generation.cu. The product goes to `out`,
// (OUT, rows of the tile) with rows APART numbers apart.
template <int IN, int OUT, int CHUNK, int APART>
__device__ inline void multiply_by_tensor_cores(const Group& group, const real* parts, const real* noise, real* out) {
    constexpr int TILES = ROWS * GROUP / 16 / (GROUP / 32), STEPS = IN / 8, COLUMNS = OUT / 8;
    const int warp = group.lane / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
    float sum[TILES][COLUMNS][4] = {};
    const Pack* own = (const Pack*)parts + (size)(group.first / 16 + warp * TILES) * STEPS * 64 + lane;
#pragma unroll 1
    for (int k = 0; k < STEPS; k++) {
        float high[COLUMNS][2], low[COLUMNS][2];
#pragma unroll
        for (int n = 0; n < COLUMNS; n++) {
            const float2 z = *(const float2*)(noise + (8 * n + g) * CHUNK + 8 * k + 2 * t);
            high[n][0] = __int_as_float(__float_as_int(z.x) & 0xFFFFE000);
            high[n][1] = __int_as_float(__float_as_int(z.y) & 0xFFFFE000);
            low[n][0] = z.x - high[n][0];
            low[n][1] = z.y - high[n][1];
        }
#pragma unroll
        for (int m = 0; m < TILES; m++) {
            const Pack x_high = own[(m * STEPS + k) * 64], x_low = own[(m * STEPS + k) * 64 + 32];
#pragma unroll
            for (int n = 0; n < COLUMNS; n++) {
                multiply_tile(sum[m][n], x_low, high[n][0], high[n][1]);
                multiply_tile(sum[m][n], x_high, low[n][0], low[n][1]);
                multiply_tile(sum[m][n], x_high, high[n][0], high[n][1]);
            }
        }
    }
#pragma unroll
    for (int m = 0; m < TILES; m++) {
        const int row = (warp * TILES + m) * 16 + g;
#pragma unroll
        for (int n = 0; n < COLUMNS; n++) {
            real* column = out + (8 * n + 2 * t) * APART + row;
            column[0] = sum[m][n][0];
            column[APART] = sum[m][n][1];
            column[8] = sum[m][n][2];
            column[APART + 8] = sum[m][n][3];
        }
    }
}

struct Same {
    __device__ real operator()(real x) const { return x; }
};

// As `linear_of_shared`, by tensor cores, for all outputs at once. The result may be read by one layer, or copied at once.
template <int IN, int OUT>
__device__ inline auto linear_by_tensor_cores(Group& group, const real* parts, const real* base, int weight, int at, int bias,
                                              int bias_at) {
    constexpr int CHUNK = IN + 8, APART = ROWS * GROUP + 4, ROOM = OUT * CHUNK;
    static_assert(ROOM + 2 * OUT + OUT * APART <= POOL, "noise and product must fit the pool");
    real* noise = group.pool;
    real* plus = noise + ROOM;
    real* minus = plus + OUT;
    real* product = minus + OUT;
    group.sync();
    for (int i = group.lane; i < OUT * (IN / 8); i += GROUP) {
        const int o = i / (IN / 8), k = i % (IN / 8) * 8, element = o * IN + k;
        const Words words = noise_words(group.step, weight, group.pair, i);
#pragma unroll
        for (int n = 0; n < NORMALS_PER_BLOCK; n += LANES) {
            Pack z;
#pragma unroll
            for (int l = 0; l < LANES; l++) z.v[l] = normal_of(words, n + l);
            *(Pack*)(noise + o * CHUNK + k + n) = z;
            if (SYNTONY && group.first == 0) {
                const Pack c = *(const Pack*)(group.centre + at + element + n), w = *(const Pack*)(group.weights + at + element + n);
#pragma unroll
                for (int l = 0; l < LANES; l++) {
                    group.energies.add(w.v[l], fma(group.sigma, z.v[l], c.v[l]), fma(-group.sigma, z.v[l], c.v[l]));
                }
            }
        }
    }
    if (bias >= 0) {
        draw(group, {bias, bias_at, 0, OUT, plus, minus}, {});
    } else {
        for (int o = group.lane; o < 2 * OUT; o += GROUP) plus[o] = 0;
    }
    group.sync();
    multiply_by_tensor_cores<IN, OUT, CHUNK, APART>(group, parts, noise, product);
    group.sync();
    return Lazy<OUT, ROOM, Same>{product, base, plus, minus, Same()};
}

// The numbers of a lazy value, for those who read it more than once.
template <int WIDTH, int ROOM, class F>
__device__ inline void copy(const Group& group, Values<WIDTH>& y, const Lazy<WIDTH, ROOM, F>& x) {
#pragma unroll
    for (int i = 0; i < WIDTH; i++) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            y.plus[r][i] = plus_of(group, x, r, i);
            y.minus[r][i] = minus_of(group, x, r, i);
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
#pragma unroll (WIDTH <= 128 ? WIDTH : 4)
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
#pragma unroll (WIDTH <= 128 ? WIDTH : 4)
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
#pragma unroll (WIDTH <= 128 ? WIDTH : 4)
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
#pragma unroll (WIDTH <= 128 ? WIDTH : 4)
    for (int i = 0; i < WIDTH; i++) largest = Larger()(largest, x[i]);
#pragma unroll (WIDTH <= 128 ? WIDTH : 4)
    for (int i = 0; i < WIDTH; i++) sum += y[i] = largest == -INFINITE ? (real)1 : exp(x[i] - largest);
#pragma unroll (WIDTH <= 128 ? WIDTH : 4)
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

// Returns the group of this thread, at the first row.
__device__ inline Group start(const Step* step, const real* given, const real* weights, real* pools) {
    const int groups = THREADS / GROUP, own = threadIdx.x / GROUP;
    Group group{};
    group.step = *step;
    group.sigma = (real)group.step.sigma;
    group.centre = given;
    group.weights = weights;
    group.pool = pools + own * POOL;
    group.pair = blockIdx.x * groups + own;
    group.lane = threadIdx.x % GROUP;
    return group;
}

// Sums of what each row loses, and of the rows' weights.
struct Loss {
    real plus, minus, weight;
};

// Adds f(x, y) for each element of the rows of this thread; y is shared.
template <int WIDTH, class F>
__device__ inline void mean_of_pairs(const Group& group, Loss& loss, const Values<WIDTH>& x, const Shared& y, F f) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        if (group.row(r) < BATCH) {
#pragma unroll (WIDTH <= 128 ? WIDTH : 4)
            for (int i = 0; i < WIDTH; i++) {
                const real target = y.x[group.row(r) * WIDTH + i];
                loss.plus += f(x.plus[r][i], target);
                loss.minus += f(x.minus[r][i], target);
                loss.weight += 1;
            }
        }
    }
}

// ln sum_j e^(x_j) - x_label.
template <int CLASSES>
__device__ inline real row_entropy(const real (&x)[CLASSES], real label) {
    real largest = -INFINITE, picked = (real)__longlong_as_double(0x7FF8000000000000LL), sum = 0;
#pragma unroll (CLASSES <= 128 ? CLASSES : 4)
    for (int c = 0; c < CLASSES; c++) {
        largest = largest < x[c] ? x[c] : largest;
        picked = label == c ? x[c] : picked;
    }
#pragma unroll (CLASSES <= 128 ? CLASSES : 4)
    for (int c = 0; c < CLASSES; c++) sum += exp(x[c] - largest);
    return log(sum) + (largest - picked);
}

// Adds the cross-entropy of each row; rows of weight 0 are left out whatever they hold.
template <int CLASSES>
__device__ inline void cross_entropy(const Group& group, Loss& loss, const Values<CLASSES>& x, const Shared& labels, const real* weights) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        if (group.row(r) < BATCH) {
            const real label = labels.x[group.row(r)], weight = weights ? weights[group.row(r)] : (real)1;
            if (weight != 0) {
                loss.plus += weight * row_entropy(x.plus[r], label);
                loss.minus += weight * row_entropy(x.minus[r], label);
                loss.weight += weight;
            }
        }
    }
}

// Adds x over the threads of the group, in a fixed order; the group's first thread gets the sum.
__device__ inline double group_sum(double x, double* partial) {
    x = warp_reduce<(GROUP < 32 ? GROUP : 32)>(x, Sum());
    if (GROUP <= 32) return x;
    __syncthreads();
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = x;
    __syncthreads();
    double sum = 0;
    for (int warp = 0; warp < THREADS / 32; warp++) sum += partial[warp];
    return sum;
}

// Writes what was found of both members.
__device__ inline void finish(const Group& group, const Loss& loss, double* losses, double* syntonies, unsigned int pairs, double* partial) {
    const double weight = group_sum(loss.weight, partial);
    const double plus = group_sum(loss.plus, partial), minus = group_sum(loss.minus, partial);
    double low_plus = 0, low_minus = 0, total_plus = 0, total_minus = 0;
    if (SYNTONY) {
        low_plus = group_sum(group.energies.low_plus, partial);
        low_minus = group_sum(group.energies.low_minus, partial);
        total_plus = group_sum(group.energies.total_plus, partial);
        total_minus = group_sum(group.energies.total_minus, partial);
    }
    if (group.lane == 0 && group.pair < pairs) {
        losses[2 * group.pair] = (double)(real)(plus / weight);
        losses[2 * group.pair + 1] = (double)(real)(minus / weight);
        if (SYNTONY) {
            syntonies[2 * group.pair] = total_plus == 0 ? 0 : low_plus / total_plus;
            syntonies[2 * group.pair + 1] = total_minus == 0 ? 0 : low_minus / total_minus;
        }
    }
}
