// Golden layer norm: y = gamma sqrt(T) (v - mean) / sqrt(var + eps) + beta over each row; v = x, or the golden residual of x and r.
//
// The variance is that of the population, from the deviations themselves (two passes over what is in registers), so that an
// offset common to the row does no harm. T = 1/phi is the golden target, 1 the ordinary one. gamma, beta and r may be null.

// v = x * of_x + r * of_r: the three modes of the residual are (1, 1/phi), (1/phi, 1/phi), (1, 1).
struct Mix {
    const real* residual;
    double of_x, of_r;
};

__device__ inline real affine(real y, const real* gamma, const real* beta, size i) {
    return (gamma ? gamma[i] * y : y) + (beta ? beta[i] : 0);
}

__device__ inline void layer_norm_row(
    real* out, const real* x, Mix mix, const real* gamma, const real* beta, size rows, size dim, double target, double eps) {
    __shared__ RowShared sum_shared, square_shared;
    const bool live = row_number() < rows;
    const size start = (live ? row_number() : 0) * dim;
    const size length = live ? dim : 0;
    real v[ITEMS];
    load_row(v, x + start, length, 0);
    if (mix.residual) {
        each_access(length, [&](size at, int item) {
            const Access access = *(const Access*)(mix.residual + start + at);
#pragma unroll
            for (int l = 0; l < ROW_LANES; l++) v[item + l] = v[item + l] * (real)mix.of_x + access.v[l] * (real)mix.of_r;
        });
    }
    real sum = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) sum += v[i];
    const real mean = row_reduce(sum, (real)0, Sum(), sum_shared) / (real)dim;
    real squares = 0;
    each_access(length, [&](size, int item) {
#pragma unroll
        for (int l = 0; l < ROW_LANES; l++) {
            v[item + l] -= mean;
            squares += v[item + l] * v[item + l];
        }
    });
    const real variance = row_reduce(squares, (real)0, Sum(), square_shared) / (real)dim;
    const real factor = (real)sqrt(target) / sqrt(variance + (real)eps);
    each_access(length, [&](size at, int item) {
#pragma unroll
        for (int l = 0; l < ROW_LANES; l++) v[item + l] = affine(v[item + l] * factor, gamma, beta, at + l);
    });
    store_row(out + start, v, length);
    cluster_barrier();
}

// A block for each row of any length.
__device__ inline void layer_norm_loop(
    real* out, const real* x, Mix mix, const real* gamma, const real* beta, size rows, size dim, double target, double eps) {
    __shared__ double sum_partial[32], square_partial[32];
    for (size row = blockIdx.x; row < rows; row += gridDim.x) {
        const size start = row * dim;
        auto value = [&](size i) {
            const real own = x[start + i];
            return mix.residual ? own * (real)mix.of_x + mix.residual[start + i] * (real)mix.of_r : own;
        };
        double sum = 0;
        for (size i = threadIdx.x; i < dim; i += blockDim.x) sum += value(i);
        const double mean = block_reduce(sum, 0.0, Sum(), sum_partial) / dim;
        double squares = 0;
        for (size i = threadIdx.x; i < dim; i += blockDim.x) squares += (value(i) - mean) * (value(i) - mean);
        const double variance = block_reduce(squares, 0.0, Sum(), square_partial) / dim;
        const double factor = sqrt(target) / sqrt(variance + eps);
        for (size i = threadIdx.x; i < dim; i += blockDim.x) {
            out[start + i] = affine((real)((value(i) - mean) * factor), gamma, beta, i);
        }
        __syncthreads();
    }
}

#define LAYER_NORM(kind, QUALIFIED)                                                                                   \
    QUALIFIED(golden_layer_norm_##kind)(real* out, const real* x, const real* gamma, const real* beta, size rows,     \
                                        size dim, double target, double eps) {                                        \
        layer_norm_##kind(out, x, Mix{nullptr, 1, 1}, gamma, beta, rows, dim, target, eps);                           \
    }                                                                                                                 \
    QUALIFIED(phi_residual_layer_norm_##kind)(real* out, const real* x, const real* residual, const real* gamma,      \
                                              const real* beta, size rows, size dim, double of_x, double of_r,        \
                                              double target, double eps) {                                            \
        layer_norm_##kind(out, x, Mix{residual, of_x, of_r}, gamma, beta, rows, dim, target, eps);                    \
    }

LAYER_NORM(row, ROW_KERNEL)
LAYER_NORM(loop, KERNEL)
