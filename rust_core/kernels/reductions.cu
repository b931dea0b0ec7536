// Sums, extremes and spreads over axis `dim` of (outer, dim, inner), in binary64 and in a fixed order.
//
// Long rows are cut in `parts`: a first launch reduces each part, a second one the parts of each row.

struct Value {
    __device__ double operator()(double x) const { return x; }
};
// -p ln p, 0 for p = 0.
struct Surprise {
    __device__ double operator()(double p) const { return p == 0 ? 0 : -p * log(p); }
};
struct Squared {
    __device__ double operator()(double x) const { return x * x; }
};

// partial[row][part] over the numbers `part * chunk ..` of the row, minus its `centre` where there is one; a block for each.
template <class T, class Map, class Op>
__device__ inline void reduce_rows(double* out, const T* x, const double* centre, size rows, size dim, size chunk, size parts, double neutral, Map map, Op op) {
    __shared__ double shared[32];
    for (size task = blockIdx.x; task < rows * parts; task += gridDim.x) {
        const size row = quotient(task, parts), begin = (task - row * parts) * chunk;
        const size end = begin + chunk < dim ? begin + chunk : dim;
        const double middle = centre ? centre[row] : 0;
        const T* own = x + row * dim;
        double result[4] = {neutral, neutral, neutral, neutral};
        size i = begin + threadIdx.x;
        for (; i + 3 * (size)blockDim.x < end; i += 4 * (size)blockDim.x) {
            T value[4];
#pragma unroll
            for (int u = 0; u < 4; u++) value[u] = own[i + (size)u * blockDim.x];
#pragma unroll
            for (int u = 0; u < 4; u++) result[u] = op(result[u], map((double)value[u] - middle));
        }
        for (; i < end; i += blockDim.x) result[0] = op(result[0], map((double)own[i] - middle));
        const double whole = block_reduce(op(op(result[0], result[1]), op(result[2], result[3])), neutral, op, shared);
        if (threadIdx.x == 0) out[task] = whole;
        __syncthreads();
    }
}

// out[outer][inner] over axis dim; a thread for each, neighbours read neighbours.
template <class Map, class Op>
__device__ inline void reduce_columns(double* out, const real* x, const double* centre, size outer, size dim, size inner, double neutral, Map map, Op op) {
    for (size column = thread_number(); column < outer * inner; column += thread_count()) {
        const size row = quotient(column, inner);
        const real* own = x + row * dim * inner + (column - row * inner);
        const double middle = centre ? centre[column] : 0;
        double result = neutral;
#pragma unroll 4
        for (size i = 0; i < dim; i++) result = op(result, map((double)own[i * inner] - middle));
        out[column] = result;
    }
}

#define REDUCTION(name, Map, Op, neutral)                                                                             \
    KERNEL(name##_rows)(double* out, const real* x, const double* centre, size rows, size dim, size chunk, size parts) { \
        reduce_rows(out, x, centre, rows, dim, chunk, parts, neutral, Map(), Op());                                   \
    }                                                                                                                 \
    KERNEL(name##_columns)(double* out, const real* x, const double* centre, size outer, size dim, size inner) {      \
        reduce_columns(out, x, centre, outer, dim, inner, neutral, Map(), Op());                                      \
    }

#define INFINITE_DOUBLE __longlong_as_double(0x7FF0000000000000LL)
REDUCTION(sum, Value, Sum, 0.0)
REDUCTION(square_sum, Squared, Sum, 0.0)
REDUCTION(entropy, Surprise, Sum, 0.0)
REDUCTION(max, Value, Larger, -INFINITE_DOUBLE)
REDUCTION(min, Value, Smaller, INFINITE_DOUBLE)

// out[row] = where the row's largest number stands, the first of equals; NaN counts as the largest. A block for each row.
KERNEL(argmax_rows)(size* out, const real* x, size rows, size dim) {
    __shared__ real largest[32];
    __shared__ size where[32];
    for (size row = blockIdx.x; row < rows; row += gridDim.x) {
        const real* own = x + row * dim;
        real best = own[0];
        size at = 0;
        auto take = [&](real value, size i) {
            const bool both = value == best || (value != value && best != best);
            if (both ? i < at : (value > best || value != value) && best == best) {
                best = value;
                at = i;
            }
        };
        for (size i = threadIdx.x; i < dim; i += blockDim.x) take(own[i], i);
#pragma unroll
        for (int offset = 16; offset > 0; offset /= 2) {
            const real value = __shfl_xor_sync(0xFFFFFFFF, best, offset);
            take(value, __shfl_xor_sync(0xFFFFFFFF, at, offset));
        }
        if (threadIdx.x % 32 == 0) {
            largest[threadIdx.x / 32] = best;
            where[threadIdx.x / 32] = at;
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            for (int warp = 1; warp < (int)blockDim.x / 32; warp++) take(largest[warp], where[warp]);
            out[row] = at;
        }
        __syncthreads();
    }
}

// The second stage: the parts of each row, which are binary64 whatever the input was.
KERNEL(sum_parts)(double* out, const double* parts, size rows, size dim) {
    reduce_rows(out, parts, (const double*)nullptr, rows, dim, dim, 1, 0.0, Value(), Sum());
}
KERNEL(max_parts)(double* out, const double* parts, size rows, size dim) {
    reduce_rows(out, parts, (const double*)nullptr, rows, dim, dim, 1, -INFINITE_DOUBLE, Value(), Larger());
}
KERNEL(min_parts)(double* out, const double* parts, size rows, size dim) {
    reduce_rows(out, parts, (const double*)nullptr, rows, dim, dim, 1, INFINITE_DOUBLE, Value(), Smaller());
}

// out = x * factor, in the number format of the result.
KERNEL(finish)(real* out, const double* x, double factor, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) out[i] = (real)(x[i] * factor);
}

// x *= factor, in place: a sum becomes the mean that a second pass subtracts.
KERNEL(scale_parts)(double* x, double factor, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) x[i] *= factor;
}
