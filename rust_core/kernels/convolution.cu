// Convolution (cross-correlation) of (batch, height, width, inputs) with a kernel (outputs, rows, columns, inputs), zeros outside.
//
// `conv2d_direct` is the plain version: a thread for each output, in the order of the sum. `conv2d_gemm` multiplies tiles of
// the (pixels, k) matrix that im2col would write, gathered on the way into shared memory, by tiles of the kernel.
// All add an optional bias and apply an optional ReLU.

struct Geometry {
    size height, width, inputs, outputs, rows, columns, row_step, column_step, row_pad, column_pad, out_height, out_width;
};
#define GEOMETRY_ARGUMENTS                                                                                            \
    size height, size width, size inputs, size outputs, size rows, size columns, size row_step, size column_step,     \
        size row_pad, size column_pad, size out_height, size out_width
#define GEOMETRY                                                                                                      \
    Geometry{height, width, inputs, outputs, rows, columns, row_step, column_step, row_pad, column_pad, out_height, out_width}

// A result with its bias, not below `least`: 0 with a ReLU and -inf without.
__device__ inline real finished(real sum, real bias, real least) {
    const real y = sum + bias;
    return y <= least ? least : y;  // NaN stays
}

KERNEL(conv2d_direct)(real* out, const real* x, const real* weight, const real* bias, size rectify, size pixels, GEOMETRY_ARGUMENTS) {
    const real least = rectify ? (real)0 : -INFINITE;
    for (size i = thread_number(); i < pixels * outputs; i += thread_count()) {
        const size pixel = quotient(i, outputs), output = i - pixel * outputs;
        const size line = quotient(pixel, out_width), column = pixel - line * out_width;
        const size image = quotient(line, out_height), row = line - image * out_height;
        LongSum sum(rows * columns * inputs);
        for (size r = 0; r < rows; r++) {
            const size y = row * row_step + r - row_pad;
            for (size c = 0; c < columns; c++) {
                const size z = column * column_step + c - column_pad;
                if (y < 0 || y >= height || z < 0 || z >= width) continue;
                const real* from = x + ((image * height + y) * width + z) * inputs;
                const real* with = weight + ((output * rows + r) * columns + c) * inputs;
                for (size k = 0; k < inputs; k++) sum.add(from[k] * with[k]);
            }
        }
        out[i] = finished(sum.total(), bias ? bias[output] : (real)0, least);
    }
}

// out[pixel][(r, c, input)]: what conv2d_gemm multiplies, written out.
KERNEL(im2col)(real* out, const real* x, size pixels, GEOMETRY_ARGUMENTS) {
    const size depth = rows * columns * inputs;
    for (size i = thread_number(); i < pixels * depth; i += thread_count()) {
        const size pixel = quotient(i, depth), k = i - pixel * depth;
        const size line = quotient(pixel, out_width), column = pixel - line * out_width;
        const size image = quotient(line, out_height), row = line - image * out_height;
        const size tap = quotient(k, inputs), input = k - tap * inputs;
        const size y = row * row_step + tap / columns - row_pad, z = column * column_step + tap % columns - column_pad;
        const bool inside = y >= 0 && y < height && z >= 0 && z < width;
        out[i] = inside ? x[((image * height + y) * width + z) * inputs + input] : (real)0;
    }
}

// Tiles of TILE_PIXELS x TILE_OUTPUTS results. A thread holds OWN_PIXELS x OWN_OUTPUTS of them in registers. What they are
// made of passes through shared memory, TILE_DEPTH numbers of each window at a time: the next are fetched meanwhile.
#ifndef TILE_OUTPUTS
#define TILE_OUTPUTS 64
#endif
constexpr int TILE_PIXELS = SYNTONIC_F64 ? 64 : 128;
constexpr int RUNS = TILE_OUTPUTS < 64 ? 2 : 4, TILE_DEPTH = RUNS * LANES;
constexpr int OWN_PIXELS = SYNTONIC_F64 ? 4 : 8, OWN_OUTPUTS = SYNTONIC_F64 ? (TILE_OUTPUTS < 64 ? 2 : 4) : 8;
constexpr int TILE_ROWS = TILE_PIXELS / OWN_PIXELS, TILE_COLUMNS = TILE_OUTPUTS / OWN_OUTPUTS;
constexpr int TILE_THREADS = TILE_ROWS * TILE_COLUMNS, PLACES = TILE_THREADS / RUNS;
// Blocks that a multiprocessor shall hold at once.
constexpr int TILES_AT_ONCE = SYNTONIC_F64 ? (TILE_OUTPUTS < 64 ? 3 : 2) : 384 / TILE_THREADS;
constexpr int PIXEL_RUNS = (TILE_PIXELS + PLACES - 1) / PLACES, OUTPUT_RUNS = (TILE_OUTPUTS + PLACES - 1) / PLACES;
// A run more than the depth: 8 rows after one another then begin in different banks.
constexpr int TILE_STRIDE = TILE_DEPTH + LANES;
static_assert(OWN_OUTPUTS % LANES == 0, "a thread writes whole packs");

// Where one pixel's window begins, in the image or before it.
struct Corner {
    const real* first;
    int y, z;
};

__device__ inline Corner corner_of(const real* x, size pixel, size pixels, const Geometry& g) {
    if (pixel >= pixels) return {x, -(1 << 30), 0};
    const size line = quotient(pixel, g.out_width), column = pixel - line * g.out_width;
    const size image = quotient(line, g.out_height), row = line - image * g.out_height;
    const size y = row * g.row_step - g.row_pad, z = column * g.column_step - g.column_pad;
    return {x + ((image * g.height + y) * g.width + z) * g.inputs, (int)y, (int)z};
}

// A place in the window: which tap, which of its inputs. It moves along the depth without division.
struct Tap {
    int r, c, input;
    __device__ void forward(int step, int inputs, int columns) {
        input += step;
        while (input >= inputs) {
            input -= inputs;
            if (++c == columns) {
                c = 0;
                r++;
            }
        }
    }
};

// Row `place` of a tile's weights belongs to this output: the outputs of one thread lie in packs.
__device__ inline int output_of(int place) {
    const int column = place % TILE_COLUMNS, j = place / TILE_COLUMNS;
    return (j / LANES * TILE_COLUMNS + column) * LANES + j % LANES;
}

template <bool WHOLE>
__device__ inline void conv2d_tiles(real* out, const real* x, const real* weight, const real* bias, size rectify, size pixels, Geometry g) {
    constexpr int FETCHED = 2 * (TILE_PIXELS + TILE_OUTPUTS) * TILE_STRIDE, RESULTS = TILE_PIXELS * TILE_OUTPUTS;
    __shared__ alignas(16) real memory[FETCHED > RESULTS ? FETCHED : RESULTS];
    auto a = (real(*)[TILE_PIXELS][TILE_STRIDE])memory;
    auto b = (real(*)[TILE_OUTPUTS][TILE_STRIDE])(memory + 2 * TILE_PIXELS * TILE_STRIDE);
    constexpr int RUN = WHOLE ? LANES : 1;
    const size first_pixel = (size)blockIdx.x * TILE_PIXELS, first_output = (size)blockIdx.y * TILE_OUTPUTS;
    const int inputs = (int)g.inputs, columns = (int)g.columns, depth = (int)g.rows * columns * inputs;
    const int part = threadIdx.x % RUNS * LANES, place = threadIdx.x / RUNS;
    Corner corner[PIXEL_RUNS];
    const real* rows[OUTPUT_RUNS];
#pragma unroll
    for (int p = 0; p < PIXEL_RUNS; p++) corner[p] = corner_of(x, first_pixel + place + p * PLACES, pixels, g);
#pragma unroll
    for (int p = 0; p < OUTPUT_RUNS; p++) {
        const size output = first_output + output_of(place + p * PLACES);
        rows[p] = output < g.outputs ? weight + output * depth : nullptr;
    }
    Tap tap = {0, 0, 0};
    tap.forward(part, inputs, columns);
    int k = part;
    // Fetches the next TILE_DEPTH numbers of each window: zeros outside the image and beyond the window.
    auto fetch_tile = [&](int stage) {
        Tap at = tap;
#pragma unroll 1
        for (int l = 0; l < LANES; l += RUN) {
            const bool inside = k + l < depth;
            const size offset = ((size)at.r * g.width + at.c) * inputs + at.input;
#pragma unroll
            for (int p = 0; p < PIXEL_RUNS; p++) {
                if (TILE_PIXELS % PLACES != 0 && place + p * PLACES >= TILE_PIXELS) continue;
                const unsigned int y = (unsigned int)(corner[p].y + at.r), z = (unsigned int)(corner[p].z + at.c);
                const bool there = inside && y < (unsigned int)g.height && z < (unsigned int)g.width;
                fetch<RUN * sizeof(real)>(&a[stage][place + p * PLACES][part + l], there ? corner[p].first + offset : x, there);
            }
#pragma unroll
            for (int p = 0; p < OUTPUT_RUNS; p++) {
                if (TILE_OUTPUTS % PLACES != 0 && place + p * PLACES >= TILE_OUTPUTS) continue;
                const bool there = inside && rows[p] != nullptr;
                fetch<RUN * sizeof(real)>(&b[stage][place + p * PLACES][part + l], there ? rows[p] + k + l : weight, there);
            }
            if (!WHOLE) at.forward(1, inputs, columns);
        }
        k += TILE_DEPTH;
        tap.forward(TILE_DEPTH, inputs, columns);
    };
    const int tx = threadIdx.x % TILE_COLUMNS, ty = threadIdx.x / TILE_COLUMNS;
    real sum[OWN_PIXELS][OWN_OUTPUTS];
#pragma unroll
    for (int i = 0; i < OWN_PIXELS; i++) {
#pragma unroll
        for (int j = 0; j < OWN_OUTPUTS; j++) sum[i][j] = 0;
    }
    int stage = 1;
    for (int done = -TILE_DEPTH; done < depth; done += TILE_DEPTH, stage = 1 - stage) {
        fetched<0>();
        __syncthreads();  // all have fetched this tile, and nobody still reads the one before it
        if (done + TILE_DEPTH < depth) fetch_tile(1 - stage);
        fetch_group();
        if (done < 0) continue;
        // As fast as all of it at once, and half the code to compile.
#pragma unroll 1
        for (int d = 0; d < TILE_DEPTH; d += LANES) {
            Pack of_w[OWN_OUTPUTS];
#pragma unroll
            for (int j = 0; j < OWN_OUTPUTS; j++) of_w[j] = *(const Pack*)&b[stage][tx + j * TILE_COLUMNS][d];
#pragma unroll
            for (int i = 0; i < OWN_PIXELS; i++) {
                const Pack of_x = *(const Pack*)&a[stage][ty + i * TILE_ROWS][d];
#pragma unroll
                for (int l = 0; l < LANES; l++) {
#pragma unroll
                    for (int j = 0; j < OWN_OUTPUTS; j++) sum[i][j] += of_x.v[l] * of_w[j].v[l];
                }
            }
        }
    }
    // The results pass through shared memory too: neighbours then write neighbours, and it is little code to compile.
    __syncthreads();
#pragma unroll
    for (int i = 0; i < OWN_PIXELS; i++) {
#pragma unroll
        for (int j = 0; j < OWN_OUTPUTS; j += LANES) {
            Pack pack;
#pragma unroll
            for (int l = 0; l < LANES; l++) pack.v[l] = sum[i][j + l];
            *(Pack*)&memory[(ty + i * TILE_ROWS) * TILE_OUTPUTS + output_of(tx + j * TILE_COLUMNS)] = pack;
        }
    }
    __syncthreads();
    const real least = rectify ? (real)0 : -INFINITE;
    // A thread writes one column of packs, or of numbers.
    const int lanes = g.outputs % LANES == 0 ? LANES : 1, place_of_output = threadIdx.x * lanes % TILE_OUTPUTS;
    const size output = first_output + place_of_output;
    if (output >= g.outputs) return;
    Pack added = {};
    for (int l = 0; bias && l < lanes; l++) added.v[l] = bias[output + l];
    const size left = pixels - first_pixel;
    const int rows_left = left < TILE_PIXELS ? (int)left : TILE_PIXELS;
#pragma unroll 4
    for (int row = threadIdx.x * lanes / TILE_OUTPUTS; row < rows_left; row += TILE_THREADS * lanes / TILE_OUTPUTS) {
        const real* const from = &memory[row * TILE_OUTPUTS + place_of_output];
        real* const to = out + (first_pixel + row) * g.outputs + output;
        if (lanes == 1) {
            *to = finished(*from, added.v[0], least);
            continue;
        }
        Pack pack = *(const Pack*)from;
#pragma unroll
        for (int l = 0; l < LANES; l++) pack.v[l] = finished(pack.v[l], added.v[l], least);
        *(Pack*)to = pack;
    }
}

LINKAGE(conv2d_gemm) __global__ void __launch_bounds__(TILE_THREADS, TILES_AT_ONCE)
    ENTRY(conv2d_gemm)(real* out, const real* x, const real* weight, const real* bias, size rectify, size pixels, GEOMETRY_ARGUMENTS) {
    conv2d_tiles<false>(out, x, weight, bias, rectify, pixels, GEOMETRY);
}

// As conv2d_gemm, for inputs a multiple of LANES and addresses a multiple of 16.
LINKAGE(conv2d_gemm_whole) __global__ void __launch_bounds__(TILE_THREADS, TILES_AT_ONCE)
    ENTRY(conv2d_gemm_whole)(real* out, const real* x, const real* weight, const real* bias, size rectify, size pixels, GEOMETRY_ARGUMENTS) {
    conv2d_tiles<true>(out, x, weight, bias, rectify, pixels, GEOMETRY);
}

// out (members, samples, rows, columns, outputs) = the cross-correlation of x (members or shared, samples, height, width, inputs)
// with weight (members, outputs, kh, kw, inputs), plus bias. A block takes positions of one member, whose weights it turns to
// (depth, outputs) in shared memory; a thread has all outputs of a position, HELD at a time.
#ifdef CONV_HELD
KERNEL(conv_members)(real* out, const real* x, const real* weight, const real* bias, size shared, size positions, size height,
                     size width, size inputs, size outputs, size kh, size kw, size sh, size sw, size ph, size pw, size down, size across) {
    extern __shared__ Pack memory[];
    real* turned = (real*)memory;
    const size member = blockIdx.y, depth = kh * kw * inputs, padded = (outputs + CONV_HELD - 1) / CONV_HELD * CONV_HELD;
    const real* own = weight + member * outputs * depth;
    for (size i = threadIdx.x; i < depth * padded; i += blockDim.x) {
        const size d = i / padded, o = i - d * padded;
        turned[i] = o < outputs ? own[o * depth + d] : (real)0;
    }
    __syncthreads();
    const size plane = height * width * inputs;
    const real* from = shared ? x : x + member * (positions / (down * across)) * plane;
    for (size at = (size)blockIdx.x * blockDim.x + threadIdx.x; at < positions; at += (size)gridDim.x * blockDim.x) {
        const size sample = quotient(at, down * across), place = at - sample * down * across;
        const size row = quotient(place, across), column = place - row * across;
        real* to = out + (member * positions + at) * outputs;
        for (size first = 0; first < outputs; first += CONV_HELD) {
            real sum[CONV_HELD] = {};
            for (size u = 0; u < kh; u++) {
                const size y = row * sh + u - ph;
                if (y < 0 || y >= height) continue;
                for (size v = 0; v < kw; v++) {
                    const size z = column * sw + v - pw;
                    if (z < 0 || z >= width) continue;
                    const real* line = from + sample * plane + (y * width + z) * inputs;
                    const real* w = turned + (u * kw + v) * inputs * padded + first;
                    for (size c = 0; c < inputs; c++) {
                        const real value = line[c];
#pragma unroll
                        for (int o = 0; o < CONV_HELD; o++) sum[o] = fma(value, w[c * padded + o], sum[o]);
                    }
                }
            }
#pragma unroll
            for (int o = 0; o < CONV_HELD; o++) {
                if (first + o < outputs) to[first + o] = sum[o] + (bias ? bias[member * outputs + first + o] : (real)0);
            }
        }
    }
}
#endif
