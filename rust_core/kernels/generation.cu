// What surrounds the evaluation of a population: what members share before it, ranks and direction after it.
//
// The evaluation itself is generated from the model: members.cuh. Sums have a fixed order, so that a repeated run gives the
// same bits; the only atomics add integers.

typedef unsigned long long u64;

// Row times row, summed in rising order; of more than 4096 products, sums of 256 are added up in binary64.
__device__ inline real dot(const real* a, const real* b, size n) {
    real sum = 0;
    double whole = 0;
    if (n % LANES == 0) {
#pragma unroll 8
        for (size k = 0; k < n; k += LANES) {
            if (n > 4096 && k % 256 == 0) whole += (double)sum, sum = 0;
            const Pack x = *(const Pack*)(a + k), y = *(const Pack*)(b + k);
#pragma unroll
            for (int l = 0; l < LANES; l++) sum = fma(x.v[l], y.v[l], sum);
        }
    } else {
#pragma unroll 8
        for (size k = 0; k < n; k++) {
            if (n > 4096 && k % 256 == 0) whole += (double)sum, sum = 0;
            sum = fma(a[k], b[k], sum);
        }
    }
    return (real)(whole + (double)sum);
}

// base = x W^T with the centre's W, (outputs, rows): neighbouring threads have neighbouring rows. A block takes one output
// for all rows.
//
// `tiles` further blocks, one for 16 rows each, write x as tensor cores want it (tensor_cores.cuh): for each 8 inputs the
// numbers of one thread after the other, zeros for rows beyond the last. Where they are not asked for it, x is turned to
// (inputs, rows), a block for each input.
KERNEL(shared_linear)(real* base, real* turned, real* parts, const real* x, const real* w, size rows, size inputs, size outputs, size tiles) {
    const size line = blockIdx.x - outputs;
    if (line >= 0 && tiles > 0) {
        for (size at = threadIdx.x; at < inputs / 8 * 32; at += blockDim.x) {
            const size step = at / 32, g = at % 32 / 4, t = at % 4;
            real* own = parts + ((line * (inputs / 8) + step) * 32 + at % 32) * 4;
            for (int i = 0; i < 4; i++) {
                const size row = 16 * line + g + 8 * (i % 2);
                own[i] = row < rows ? x[row * inputs + 8 * step + 2 * t + i / 2] : 0;
            }
        }
        return;
    }
    for (size row = threadIdx.x; row < rows; row += blockDim.x) {
        if (line < 0) base[blockIdx.x * rows + row] = dot(x + row * inputs, w + blockIdx.x * inputs, inputs);
        else turned[line * rows + row] = x[row * inputs + line];
    }
}

// Scores that one block sorts.
constexpr int CHUNK = 1024;

// An integer that orders like the score; NaN like minus infinity, -0 like 0.
__device__ inline u64 ordered(double score) {
    const u64 bits = (u64)__double_as_longlong(score != score ? -__longlong_as_double(0x7FF0000000000000LL) : __dadd_rn(score, 0.0));
    return bits >> 63 ? ~bits : bits | 1ULL << 63;
}

// The key of a member's score, lambda S - loss.
__device__ inline u64 key_of(const double* losses, const double* syntonies, double lambda, size member) {
    return ordered(syntonies ? __dsub_rn(__dmul_rn(lambda, syntonies[member]), losses[member]) : -losses[member]);
}

// Writes of a chunk the least loss, the sum of the losses and their number, NaN left out.
__device__ inline void summarize(double* summary, const double* losses, size population, size chunk, double* partial) {
    double least = __longlong_as_double(0x7FF0000000000000LL), sum = 0, count = 0;
    for (int i = threadIdx.x; i < CHUNK; i += blockDim.x) {
        const size m = chunk * CHUNK + i;
        if (m < population) {
            const double loss = losses[m];
            least = loss < least ? loss : least;
            sum += loss == loss ? loss : 0;
            count += loss == loss;
        }
    }
    least = block_reduce(least, __longlong_as_double(0x7FF0000000000000LL), Smaller(), partial);
    __syncthreads();
    sum = block_reduce(sum, 0.0, Sum(), partial);
    __syncthreads();
    count = block_reduce(count, 0.0, Sum(), partial);
    if (threadIdx.x == 0) {
        summary[3 * chunk] = least;
        summary[3 * chunk + 1] = sum;
        summary[3 * chunk + 2] = count;
    }
}

// Scores that are few enough to compare each with each.
constexpr int FEW = 4096;

struct alignas(16) Four {
    unsigned int v[4];
};

// The rank of each of a few scores: how many are lower plus how many are not higher, which is twice its mean rank among
// equals, plus 1. A block of 16 warps takes 32 members, a warp a sixteenth of the scores; the last blocks write the summaries.
KERNEL(count_scores)(unsigned int* ranks, double* summary, const double* losses, const double* syntonies, double lambda,
                     size population, size chunks) {
    __shared__ Four high[FEW / 4];
    __shared__ unsigned int low[FEW];
    __shared__ unsigned int found[16][32];
    __shared__ double partial[32];
    const size own_chunk = (size)blockIdx.x - (gridDim.x - chunks);
    if (own_chunk >= 0) {
        summarize(summary, losses, population, own_chunk, partial);
        return;
    }
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int each = (int)((population + 63) / 64) * 4;
#pragma unroll
    for (int k = 0; k < FEW / 512; k++) {
        const int m = 512 * k + threadIdx.x;
        // Keys behind the last are above all others.
        const u64 key = m < population ? key_of(losses, syntonies, lambda, m) : ~0ULL;
        high[m / 4].v[m % 4] = (unsigned int)(key >> 32);
        low[m] = (unsigned int)key;
    }
    __syncthreads();
    const int member = blockIdx.x * 32 + lane, own = member < population ? member : 0;
    const unsigned int own_high = high[own / 4].v[own % 4], own_low = low[own];
    unsigned int lower = 0, beside = 0;
#pragma unroll 4
    for (int m = warp * each; m < (warp + 1) * each; m += 4) {
        const Four other = high[m / 4];
        bool is_near = false;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            lower += other.v[i] < own_high;
            is_near |= other.v[i] == own_high;
        }
        // Rare, so that almost every key takes 32 bits.
        if (is_near) {
            for (int i = 0; i < 4; i++) {
                if (other.v[i] == own_high) beside += (low[m + i] < own_low) + (low[m + i] <= own_low);
            }
        }
    }
    unsigned int count = 2 * lower + beside;
    found[warp][lane] = count;
    __syncthreads();
    if (warp == 0 && member < population) {
        for (int other = 1; other < 16; other++) count += found[other][lane];
        ranks[member] = count;
    }
}

// Sorts the scores of each chunk: keys and whose they are. Sets all ranks to 0, and writes the chunks' summaries.
KERNEL(sort_scores)(u64* keys, unsigned int* members, unsigned int* ranks, double* summary, const double* losses,
                    const double* syntonies, double lambda, size population) {
    __shared__ u64 key[CHUNK];
    __shared__ unsigned int member[CHUNK];
    __shared__ double partial[32];
    const size first = (size)blockIdx.x * CHUNK;
    for (int i = threadIdx.x; i < CHUNK; i += blockDim.x) {
        const size m = first + i;
        key[i] = m < population ? key_of(losses, syntonies, lambda, m) : ~0ULL;
        member[i] = (unsigned int)m;
        if (m < population) ranks[m] = 0;
    }
    summarize(summary, losses, population, blockIdx.x, partial);
#pragma unroll 1
    for (int width = 2; width <= CHUNK; width *= 2) {
#pragma unroll 1
        for (int apart = width / 2; apart > 0; apart /= 2) {
            __syncthreads();
            for (int t = threadIdx.x; t < CHUNK / 2; t += blockDim.x) {
                const int i = 2 * t - (t & (apart - 1)), j = i + apart;
                const u64 a = key[i], b = key[j];
                if ((a > b) == ((i & width) == 0) && a != b) {
                    const unsigned int of_a = member[i];
                    key[i] = b;
                    key[j] = a;
                    member[i] = member[j];
                    member[j] = of_a;
                }
            }
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < CHUNK; i += blockDim.x) {
        keys[first + i] = key[i];
        members[first + i] = member[i];
    }
}

// How many of the sorted keys are below x, or not above it.
template <bool OR_EQUAL>
__device__ inline int below(const u64* sorted, u64 x) {
    int at = 0;
#pragma unroll
    for (int step = CHUNK / 2; step > 0; step /= 2) {
        const u64 key = sorted[at + step - 1];
        if (OR_EQUAL ? key <= x : key < x) at += step;
    }
    const u64 key = sorted[at];
    return at + (OR_EQUAL ? key <= x : key < x);
}

// Adds to each member's rank how many of some chunks' scores are lower, and how many are not higher: together twice its mean
// rank among equals, plus 1. Queries are sorted as well, so that neighbouring threads search along the same path.
KERNEL(rank_scores)(unsigned int* ranks, const u64* keys, const unsigned int* members, size population, size chunks) {
    __shared__ u64 sorted[CHUNK];
    unsigned int found[CHUNK / 256];
    u64 own[CHUNK / 256];
#pragma unroll
    for (int q = 0; q < CHUNK / 256; q++) {
        found[q] = 0;
        own[q] = keys[(size)blockIdx.x * CHUNK + q * 256 + threadIdx.x];
    }
    for (size chunk = blockIdx.y; chunk < chunks; chunk += gridDim.y) {
        __syncthreads();
        for (int i = threadIdx.x; i < CHUNK; i += 256) sorted[i] = keys[chunk * CHUNK + i];
        __syncthreads();
#pragma unroll
        for (int q = 0; q < CHUNK / 256; q++) {
            const int low = below<false>(sorted, own[q]);
            const bool equals = low < CHUNK && sorted[low] == own[q];
            found[q] += low + (equals ? below<true>(sorted, own[q]) : low);
        }
    }
#pragma unroll
    for (int q = 0; q < CHUNK / 256; q++) {
        const unsigned int member = members[(size)blockIdx.x * CHUNK + q * 256 + threadIdx.x];
        if (member < population) atomicAdd(&ranks[member], found[q]);
    }
}

// partial[slice][8 b + i] = sum over a slice of the pairs of (rank of plus - rank of minus) z, z normal i of block b.
// blocks[b] holds the parameter and the block within it.
KERNEL(direction)(double* partial, const int2* ranks, const int2* blocks, const Step* given, size pairs, size each) {
    __shared__ double shared[8][NORMALS_PER_BLOCK];
    const Step step = *given;
    const int2 where = blocks[blockIdx.x];
    const size first = (size)blockIdx.y * each * 256 + threadIdx.x;
    real sum[NORMALS_PER_BLOCK] = {};
    for (size k = 0; k < each; k++) {
        const size pair = first + k * 256;
        if (pair < pairs) {
            const int2 rank = ranks[pair];
            const real u = (real)(rank.x - rank.y);
            const Words words = noise_words(step, (unsigned int)where.x, (unsigned int)pair, (unsigned int)where.y);
#pragma unroll
            for (int i = 0; i < NORMALS_PER_BLOCK; i++) sum[i] = fma(u, (real)normal_of(words, i), sum[i]);
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

// out = scale times the sum of the slices, in their order.
KERNEL(direction_sum)(double* out, const double* partial, const Step* step, size n, size slices) {
    for (size at = thread_number(); at < n; at += thread_count()) {
        double sum = 0;
        for (size slice = 0; slice < slices; slice++) sum += partial[slice * n + at];
        out[at] = step->scale * sum;
    }
}
