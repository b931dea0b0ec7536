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

__device__ inline real finished(real sum, const real* bias, size output, size rectify) {
    if (bias) sum += bias[output];
    return rectify ? relu(sum) : sum;
}

KERNEL(conv2d_direct)(real* out, const real* x, const real* weight, const real* bias, size rectify, size pixels, GEOMETRY_ARGUMENTS) {
    for (size i = thread_number(); i < pixels * outputs; i += thread_count()) {
        const size pixel = quotient(i, outputs), output = i - pixel * outputs;
        const size line = quotient(pixel, out_width), column = pixel - line * out_width;
        const size image = quotient(line, out_height), row = line - image * out_height;
        real sum = 0;
        for (size r = 0; r < rows; r++) {
            const size y = row * row_step + r - row_pad;
            for (size c = 0; c < columns; c++) {
                const size z = column * column_step + c - column_pad;
                if (y < 0 || y >= height || z < 0 || z >= width) continue;
                const real* from = x + ((image * height + y) * width + z) * inputs;
                const real* with = weight + ((output * rows + r) * columns + c) * inputs;
                for (size k = 0; k < inputs; k++) sum += from[k] * with[k];
            }
        }
        out[i] = finished(sum, bias, output, rectify);
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

// Tiles of TILE_PIXELS x TILE_OUTPUTS results. A thread holds OWN_PIXELS x OWN_OUTPUTS of them in registers, and fetches
// runs of LANES numbers along the depth: QUADS runs lie beside one another in a tile.
#ifndef TILE_OUTPUTS
#define TILE_OUTPUTS 64
#endif
#ifndef TILE_PIXELS
#define TILE_PIXELS (SYNTONIC_F64 ? 64 : 128)
#endif
#ifndef QUADS
#define QUADS 4
#endif
constexpr int TILE_DEPTH = QUADS * LANES;
constexpr int OWN_PIXELS = SYNTONIC_F64 ? 4 : 8, OWN_OUTPUTS = SYNTONIC_F64 ? (TILE_OUTPUTS < 64 ? 2 : 4) : 8;
constexpr int TILE_ROWS = TILE_PIXELS / OWN_PIXELS, TILE_COLUMNS = TILE_OUTPUTS / OWN_OUTPUTS;
constexpr int TILE_THREADS = TILE_ROWS * TILE_COLUMNS, PLACES = TILE_THREADS / QUADS;
#ifndef CONV_BLOCKS
#define CONV_BLOCKS (384 / TILE_THREADS)
#endif
constexpr int PIXEL_PACKS = (TILE_PIXELS + PLACES - 1) / PLACES, OUTPUT_PACKS = (TILE_OUTPUTS + PLACES - 1) / PLACES;

// Where one pixel's window begins.
struct Corner {
    const real* image;
    int y, z;
};

__device__ inline Corner corner_of(const real* x, size pixel, size pixels, const Geometry& g) {
    if (pixel >= pixels) return {nullptr, 0, 0};
    const size line = quotient(pixel, g.out_width), column = pixel - line * g.out_width;
    const size image = quotient(line, g.out_height), row = line - image * g.out_height;
    return {x + image * g.height * g.width * g.inputs, (int)(row * g.row_step - g.row_pad), (int)(column * g.column_step - g.column_pad)};
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

// LANES numbers of the window from `tap` on: 0 outside the image and beyond the window's last row.
template <bool WHOLE>
__device__ inline Pack gather(const Corner& corner, Tap tap, const Geometry& g) {
    Pack pack;
#pragma unroll
    for (int l = 0; l < LANES; l++) pack.v[l] = 0;
    if (corner.image == nullptr) return pack;
#pragma unroll
    for (int l = 0; l < (WHOLE ? 1 : LANES); l++) {
        const int y = corner.y + tap.r, z = corner.z + tap.c;
        if (tap.r < (int)g.rows && y >= 0 && y < (int)g.height && z >= 0 && z < (int)g.width) {
            const real* from = corner.image + (((size)y * g.width + z) * g.inputs + tap.input);
            if (WHOLE) pack = *(const Pack*)from;
            else pack.v[l] = *from;
        }
        if (!WHOLE) tap.forward(1, (int)g.inputs, (int)g.columns);
    }
    return pack;
}

template <bool WHOLE>
__device__ inline Pack gather_weight(const real* weight, size output, int k, int depth, size outputs) {
    Pack pack;
#pragma unroll
    for (int l = 0; l < LANES; l++) pack.v[l] = 0;
    if (output >= outputs) return pack;
    const real* from = weight + output * depth + k;
    if (WHOLE) {
        if (k < depth) pack = *(const Pack*)from;
    } else {
#pragma unroll
        for (int l = 0; l < LANES; l++) {
            if (k + l < depth) pack.v[l] = from[l];
        }
    }
    return pack;
}

template <bool WHOLE>
__device__ inline void conv2d_tiles(real* out, const real* x, const real* weight, const real* bias, size rectify, size pixels, Geometry g) {
    __shared__ alignas(16) real a[2][TILE_DEPTH][TILE_PIXELS + LANES];
    __shared__ alignas(16) real b[2][TILE_DEPTH][TILE_OUTPUTS + LANES];
    const size first_pixel = (size)blockIdx.x * TILE_PIXELS, first_output = (size)blockIdx.y * TILE_OUTPUTS;
    const int depth = (int)(g.rows * g.columns * g.inputs), part = threadIdx.x % QUADS * LANES, place = threadIdx.x / QUADS;
    Corner corner[PIXEL_PACKS];
#pragma unroll
    for (int p = 0; p < PIXEL_PACKS; p++) {
        const bool mine = place + p * PLACES < TILE_PIXELS;
        corner[p] = corner_of(x, mine ? first_pixel + place + p * PLACES : pixels, pixels, g);
    }
    Tap tap = {0, 0, 0};
    tap.forward(part, (int)g.inputs, (int)g.columns);
    Pack from_x[PIXEL_PACKS], from_w[OUTPUT_PACKS];
    // Fetches depth k and what follows; k grows by TILE_DEPTH from call to call.
    auto fetch = [&](int k) {
#pragma unroll
        for (int p = 0; p < PIXEL_PACKS; p++) from_x[p] = gather<WHOLE>(corner[p], tap, g);
        tap.forward(TILE_DEPTH, (int)g.inputs, (int)g.columns);
#pragma unroll
        for (int p = 0; p < OUTPUT_PACKS; p++) {
            const bool mine = place + p * PLACES < TILE_OUTPUTS;
            from_w[p] = gather_weight<WHOLE>(weight, mine ? first_output + place + p * PLACES : g.outputs, k + part, depth, g.outputs);
        }
    };
    auto keep = [&](int buffer) {
#pragma unroll
        for (int l = 0; l < LANES; l++) {
#pragma unroll
            for (int p = 0; p < PIXEL_PACKS; p++) {
                if (place + p * PLACES < TILE_PIXELS) a[buffer][part + l][place + p * PLACES] = from_x[p].v[l];
            }
#pragma unroll
            for (int p = 0; p < OUTPUT_PACKS; p++) {
                if (place + p * PLACES < TILE_OUTPUTS) b[buffer][part + l][place + p * PLACES] = from_w[p].v[l];
            }
        }
    };
    // A thread owns pixels and outputs in runs of LANES, a run of each thread between them, so that a warp reads shared memory
    // without conflicts.
    const int tx = threadIdx.x % TILE_COLUMNS * LANES, ty = threadIdx.x / TILE_COLUMNS * LANES;
    real sum[OWN_PIXELS][OWN_OUTPUTS];
#pragma unroll
    for (int i = 0; i < OWN_PIXELS; i++) {
#pragma unroll
        for (int j = 0; j < OWN_OUTPUTS; j++) sum[i][j] = 0;
    }
    fetch(0);
    keep(0);
    __syncthreads();
    for (int k = 0, buffer = 0; k < depth; k += TILE_DEPTH, buffer ^= 1) {
        if (k + TILE_DEPTH < depth) fetch(k + TILE_DEPTH);
#pragma unroll
        for (int d = 0; d < TILE_DEPTH; d++) {
            alignas(16) real of_x[OWN_PIXELS], of_w[OWN_OUTPUTS];
#pragma unroll
            for (int i = 0; i < OWN_PIXELS; i += LANES) *(Pack*)&of_x[i] = *(const Pack*)&a[buffer][d][ty + i * TILE_ROWS];
#pragma unroll
            for (int j = 0; j < OWN_OUTPUTS; j += LANES) *(Pack*)&of_w[j] = *(const Pack*)&b[buffer][d][tx + j * TILE_COLUMNS];
#pragma unroll
            for (int i = 0; i < OWN_PIXELS; i++) {
#pragma unroll
                for (int j = 0; j < OWN_OUTPUTS; j++) sum[i][j] += of_x[i] * of_w[j];
            }
        }
        if (k + TILE_DEPTH < depth) keep(buffer ^ 1);
        __syncthreads();
    }
    const bool packed = g.outputs % LANES == 0;
#pragma unroll
    for (int i = 0; i < OWN_PIXELS; i++) {
        const size pixel = first_pixel + ty + i / LANES * TILE_ROWS * LANES + i % LANES;
        if (pixel >= pixels) continue;
#pragma unroll
        for (int j = 0; j < OWN_OUTPUTS; j += LANES) {
            const size output = first_output + tx + j * TILE_COLUMNS;
            Pack pack;
#pragma unroll
            for (int l = 0; l < LANES; l++) {
                if (output + l < g.outputs) pack.v[l] = finished(sum[i][j + l], bias, output + l, rectify);
            }
            real* to = out + pixel * g.outputs + output;
            if (packed && output < g.outputs) *(Pack*)to = pack;
#pragma unroll
            for (int l = 0; l < LANES; l++) {
                if (!packed && output + l < g.outputs) to[l] = pack.v[l];
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(TILE_THREADS, CONV_BLOCKS)
    ENTRY(conv2d_gemm)(real* out, const real* x, const real* weight, const real* bias, size rectify, size pixels, GEOMETRY_ARGUMENTS) {
    conv2d_tiles<false>(out, x, weight, bias, rectify, pixels, GEOMETRY);
}

// As conv2d_gemm, for inputs a multiple of LANES and addresses a multiple of 16.
extern "C" __global__ void __launch_bounds__(TILE_THREADS, CONV_BLOCKS)
    ENTRY(conv2d_gemm_whole)(real* out, const real* x, const real* weight, const real* bias, size rectify, size pixels, GEOMETRY_ARGUMENTS) {
    conv2d_tiles<true>(out, x, weight, bias, rectify, pixels, GEOMETRY);
}
