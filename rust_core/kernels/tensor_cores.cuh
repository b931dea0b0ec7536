// The first layer by tensor cores: its product with the noise, and a result that is computed when the next layer reads it.

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

// x Z^T of a tile of rows by tensor cores, with numbers split in two of 11 bits each: x z = xh zh + xh zl + xl zh to 2^-21 or so.
// `x` has the numbers in the order in which the threads want them: generation.cu. Where 11 bits hold all of a tile's (pixels,
// integers, one of several), xl is left out. The product goes to `out`, (OUT, rows of the tile) with rows APART numbers apart.
template <int IN, int OUT, int CHUNK, int APART>
__device__ inline void multiply_by_tensor_cores(const Group& group, const real* x, const real* noise, real* out) {
    constexpr int TILES = ROWS * GROUP / 16 / (GROUP / 32), STEPS = IN / 8, COLUMNS = OUT / 8;
    const int warp = group.lane / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
    float sum[TILES][COLUMNS][4] = {};
    const Pack* own = (const Pack*)x + (size)(group.first / 16 + warp * TILES) * STEPS * 32 + lane;
#pragma unroll 2
    for (int k = 0; k < STEPS; k++) {
        Pack x_high[TILES], x_low[TILES];
#pragma unroll
        for (int m = 0; m < TILES; m++) x_high[m] = own[(m * STEPS + k) * 32];
        float high[COLUMNS][2], low[COLUMNS][2];
#pragma unroll
        for (int n = 0; n < COLUMNS; n++) {
            const float2 z = *(const float2*)(noise + (8 * n + g) * CHUNK + 8 * k + 2 * t);
            high[n][0] = leading(z.x);
            high[n][1] = leading(z.y);
            low[n][0] = z.x - high[n][0];
            low[n][1] = z.y - high[n][1];
        }
        bool is_long = false;
#pragma unroll
        for (int m = 0; m < TILES; m++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float whole = (float)x_high[m].v[i];
                x_high[m].v[i] = leading(whole);
                x_low[m].v[i] = whole - leading(whole);
                is_long |= x_low[m].v[i] != 0;
            }
        }
        if (__any_sync(0xFFFFFFFF, is_long)) {
#pragma unroll
            for (int m = 0; m < TILES; m++) {
#pragma unroll
                for (int n = 0; n < COLUMNS; n++) multiply_tile(sum[m][n], x_low[m], high[n][0], high[n][1]);
            }
        }
#pragma unroll
        for (int m = 0; m < TILES; m++) {
#pragma unroll
            for (int n = 0; n < COLUMNS; n++) {
                multiply_tile(sum[m][n], x_high[m], low[n][0], low[n][1]);
                multiply_tile(sum[m][n], x_high[m], high[n][0], high[n][1]);
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
__device__ inline auto linear_by_tensor_cores(Group& group, const real* x, const real* base, int weight, int at, int bias,
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
    multiply_by_tensor_cores<IN, OUT, CHUNK, APART>(group, x, noise, product);
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
