// Members in device memory: their weights, the energies of these, and weighted sums of the noise of all pairs.
//
// Member 2p is the centre plus the noise of pair p, member 2p + 1 minus it: the bits of loops/lanes.rs. Sums have a fixed order.

// Where a parameter's numbers are. A pair draws `normals`; those before `split` go, for each member, to `first`, the others to
// `second`: with noise of rank r these are A^T (rank, rows), signed and scaled, and B^T (rank, columns), else all go to `first`.
struct Layout {
    size normals, split, first, second, centre, rows, columns, rank;
};

// Writes the weights of members 2 `pair` .. 2 (`pair` + `pairs`); with noise of low rank its factors. `places` has the
// parameter and the block within it of each block of normals; `deviations` one for each weight, or nothing.
KERNEL(perturb)(real* out, const real* centre, const real* deviations, const int2* places, const Layout* layouts,
                const Step* given, size pair, size pairs, size count) {
    const Step step = *given;
    const size members = 2 * pairs;
    for (size i = thread_number(); i < pairs * count; i += thread_count()) {
        const size own = quotient(i, count);
        const int2 place = places[i - own * count];
        const Layout layout = layouts[place.x];
        const Words words = noise_words(step, (unsigned int)place.x, (unsigned int)(pair + own), (unsigned int)place.y);
        const real scale = layout.rank > 0 ? (real)step.sigma / sqrt((real)layout.rank) : (real)step.sigma;
#pragma unroll
        for (int k = 0; k < NORMALS_PER_BLOCK; k++) {
            const size n = (size)place.y * NORMALS_PER_BLOCK + k;
            real z = (real)normal_of(words, k);
            if (n < layout.split) {
                real* plus = out + members * layout.first + 2 * own * layout.split + n;
                if (layout.rank > 0) {
                    plus[0] = z * scale;
                    plus[layout.split] = -(z * scale);
                } else {
                    const real c = centre[layout.centre + n];
                    if (deviations) z = z * deviations[layout.centre + n];
                    plus[0] = fma(scale, z, c);
                    plus[layout.split] = fma(-scale, z, c);
                }
            } else if (n < layout.normals) {
                const size width = layout.normals - layout.split;
                real* both = out + members * layout.second + 2 * own * width + (n - layout.split);
                both[0] = z;
                both[width] = z;
            }
        }
    }
}

// Number `at` of a parameter: c plus the sum over r of a[r][row] b[r][column].
__device__ inline real joined(real c, const real* a, const real* b, size row, size column, size rows, size columns, size rank) {
    for (size r = 0; r < rank; r++) c = fma(a[r * rows + row], b[r * columns + column], c);
    return c;
}

// out (members, rows, columns) = the centre plus each member's product of factors.
KERNEL(join_factors)(real* out, const real* centre, const real* left, const real* right, size rows, size columns, size rank, size n) {
    const size numel = rows * columns;
    for (size i = thread_number(); i < n; i += thread_count()) {
        const size member = quotient(i, numel), at = i - member * numel, row = quotient(at, columns);
        out[i] = joined(centre[at], left + member * rank * rows, right + member * rank * columns, row, at - row * columns, rows,
                        columns, rank);
    }
}

// out[0][m] = sum of w x^2, out[1][m] = sum of x^2 over the weights x of member m; w lies like the centre. A block a member.
KERNEL(energies)(double* out, const real* values, const real* centre, const Layout* layouts, const double* weights, size parameters, size members) {
    __shared__ double partial[32];
    for (size member = blockIdx.x; member < members; member += gridDim.x) {
        double low = 0, total = 0;
        for (size p = 0; p < parameters; p++) {
            const Layout l = layouts[p];
            const real* left = values + members * l.first + member * l.split;
            const real* right = values + members * l.second + member * (l.normals - l.split);
            for (size at = threadIdx.x; at < l.rows * l.columns; at += blockDim.x) {
                const size row = l.rank > 0 ? quotient(at, l.columns) : 0;
                const real x = l.rank > 0 ? joined(centre[l.centre + at], left, right, row, at - row * l.columns, l.rows, l.columns, l.rank) : left[at];
                const double square = (double)x * (double)x;
                low = fma(square, weights[l.centre + at], low);
                total += square;
            }
        }
        low = block_reduce(low, 0.0, Sum(), partial);
        __syncthreads();
        total = block_reduce(total, 0.0, Sum(), partial);
        __syncthreads();
        if (threadIdx.x == 0) {
            out[member] = low;
            out[members + member] = total;
        }
    }
}

// partial[slice][8 b + i] = the sum over a slice of the pairs of weight z, or weight z^2, z being normal i of block b.
KERNEL(noise_sum)(double* partial, const double* weights, const int2* places, const Step* given, size pairs, size each, size squared) {
    __shared__ double shared[8][NORMALS_PER_BLOCK];
    const Step step = *given;
    const int2 place = places[blockIdx.x];
    const size first = (size)blockIdx.y * each * 256 + threadIdx.x;
    double sum[NORMALS_PER_BLOCK] = {};
    for (size k = 0; k < each; k++) {
        const size pair = first + k * 256;
        if (pair < pairs) {
            const double u = weights[pair];
            const Words words = noise_words(step, (unsigned int)place.x, (unsigned int)pair, (unsigned int)place.y);
#pragma unroll
            for (int i = 0; i < NORMALS_PER_BLOCK; i++) {
                const double z = normal_of(words, i);
                sum[i] = fma(u, squared ? z * z : z, sum[i]);
            }
        }
    }
    const double all = reduce_eight(sum);
    if (threadIdx.x % 4 == 0) shared[threadIdx.x / 32][threadIdx.x % 32 / 4] = all;
    __syncthreads();
    if (threadIdx.x < NORMALS_PER_BLOCK) {
        double whole = 0;
        for (int warp = 0; warp < 8; warp++) whole += shared[warp][threadIdx.x];
        partial[((size)blockIdx.y * gridDim.x + blockIdx.x) * NORMALS_PER_BLOCK + threadIdx.x] = whole;
    }
}

// out = the sum of the slices, in their order.
KERNEL(noise_total)(double* out, const double* partial, size slices, size n) {
    for (size at = thread_number(); at < n; at += thread_count()) {
        double sum = 0;
        for (size slice = 0; slice < slices; slice++) sum += partial[slice * n + at];
        out[at] = sum;
    }
}

// The factors of some pairs for a parameter: left (pairs, rank * rows) times each pair's weight, right (pairs, rank * columns).
KERNEL(weighted_factors)(real* left, real* right, const double* weights, const Step* given, size parameter, size pair, size normals, size split, size n) {
    const Step step = *given;
    for (size i = thread_number(); i < n; i += thread_count()) {
        const size own = quotient(i, normals), at = i - own * normals;
        const Words words = noise_words(step, (unsigned int)parameter, (unsigned int)(pair + own), (unsigned int)(at / NORMALS_PER_BLOCK));
        const double z = normal_of(words, (int)(at % NORMALS_PER_BLOCK));
        if (at < split) left[own * split + at] = (real)(weights[pair + own] * z);
        else right[own * (normals - split) + at - split] = (real)z;
    }
}
