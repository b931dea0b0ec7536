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

// Tiles of TILE_PIXELS x TILE_OUTPUTS results by 256 threads, each of which holds (TILE_PIXELS / 16) x (TILE_OUTPUTS / 16).
#ifndef TILE_OUTPUTS
#define TILE_OUTPUTS 64
#endif
constexpr int TILE_PIXELS = SYNTONIC_F64 ? 64 : 128;
constexpr int TILE_DEPTH = 2 * LANES;
constexpr int OWN_PIXELS = TILE_PIXELS / 16, OWN_OUTPUTS = TILE_OUTPUTS / 16;
static_assert(OWN_PIXELS % LANES == 0 && OWN_OUTPUTS % LANES == 0, "a thread owns whole packs");
constexpr int PIXEL_PACKS = (TILE_PIXELS + 127) / 128, OUTPUT_PACKS = (TILE_OUTPUTS + 127) / 128;

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

// Numbers k .. k + LANES of the window: 0 outside the image and beyond the window's `depth`.
template <bool WHOLE>
__device__ inline Pack gather(const Corner& corner, int k, int depth, const Geometry& g) {
    Pack pack;
#pragma unroll
    for (int l = 0; l < LANES; l++) pack.v[l] = 0;
    const int inputs = (int)g.inputs, columns = (int)g.columns, width = (int)g.width;
#pragma unroll
    for (int l = 0; l < (WHOLE ? 1 : LANES); l++) {
        if (corner.image == nullptr || k + l >= depth) break;
        const int tap = (k + l) / inputs, input = (k + l) - tap * inputs;
        const int r = tap / columns, y = corner.y + r, z = corner.z + tap - r * columns;
        if (y < 0 || y >= (int)g.height || z < 0 || z >= width) continue;
        const real* from = corner.image + ((size)y * width + z) * inputs + input;
        if (WHOLE) pack = *(const Pack*)from;
        else pack.v[l] = *from;
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
    const int depth = (int)(g.rows * g.columns * g.inputs), half = threadIdx.x % 2 * LANES, place = threadIdx.x / 2;
    Corner corner[PIXEL_PACKS];
#pragma unroll
    for (int p = 0; p < PIXEL_PACKS; p++) {
        const bool mine = place + p * 128 < TILE_PIXELS;
        corner[p] = corner_of(x, mine ? first_pixel + place + p * 128 : pixels, pixels, g);
    }
    Pack from_x[PIXEL_PACKS], from_w[OUTPUT_PACKS];
    auto fetch = [&](int k) {
#pragma unroll
        for (int p = 0; p < PIXEL_PACKS; p++) from_x[p] = gather<WHOLE>(corner[p], k + half, depth, g);
#pragma unroll
        for (int p = 0; p < OUTPUT_PACKS; p++) {
            const bool mine = place + p * 128 < TILE_OUTPUTS;
            from_w[p] = gather_weight<WHOLE>(weight, mine ? first_output + place + p * 128 : g.outputs, k + half, depth, g.outputs);
        }
    };
    auto keep = [&](int buffer) {
#pragma unroll
        for (int l = 0; l < LANES; l++) {
#pragma unroll
            for (int p = 0; p < PIXEL_PACKS; p++) {
                if (place + p * 128 < TILE_PIXELS) a[buffer][half + l][place + p * 128] = from_x[p].v[l];
            }
#pragma unroll
            for (int p = 0; p < OUTPUT_PACKS; p++) {
                if (place + p * 128 < TILE_OUTPUTS) b[buffer][half + l][place + p * 128] = from_w[p].v[l];
            }
        }
    };
    // A thread owns pixels and outputs in runs of LANES, 16 runs apart, so that a warp reads shared memory without conflicts.
    const int tx = threadIdx.x % 16 * LANES, ty = threadIdx.x / 16 * LANES;
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
            for (int i = 0; i < OWN_PIXELS; i += LANES) *(Pack*)&of_x[i] = *(const Pack*)&a[buffer][d][ty + i * 16];
#pragma unroll
            for (int j = 0; j < OWN_OUTPUTS; j += LANES) *(Pack*)&of_w[j] = *(const Pack*)&b[buffer][d][tx + j * 16];
#pragma unroll
            for (int i = 0; i < OWN_PIXELS; i++) {
#pragma unroll
                for (int j = 0; j < OWN_OUTPUTS; j++) sum[i][j] += of_x[i] * of_w[j];
            }
        }
        if (k + TILE_DEPTH < depth) keep(buffer ^ 1);
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < OWN_PIXELS; i++) {
        const size pixel = first_pixel + ty + i / LANES * 16 * LANES + i % LANES;
#pragma unroll
        for (int j = 0; j < OWN_OUTPUTS; j++) {
            const size output = first_output + tx + j / LANES * 16 * LANES + j % LANES;
            if (pixel < pixels && output < g.outputs) out[pixel * g.outputs + output] = finished(sum[i][j], bias, output, rectify);
        }
    }
}

extern "C" __global__ void __launch_bounds__(256)
    ENTRY(conv2d_gemm)(real* out, const real* x, const real* weight, const real* bias, size rectify, size pixels, GEOMETRY_ARGUMENTS) {
    conv2d_tiles<false>(out, x, weight, bias, rectify, pixels, GEOMETRY);
}

// As conv2d_gemm, for inputs a multiple of LANES and addresses a multiple of 16.
extern "C" __global__ void __launch_bounds__(256)
    ENTRY(conv2d_gemm_whole)(real* out, const real* x, const real* weight, const real* bias, size rectify, size pixels, GEOMETRY_ARGUMENTS) {
    conv2d_tiles<true>(out, x, weight, bias, rectify, pixels, GEOMETRY);
}
