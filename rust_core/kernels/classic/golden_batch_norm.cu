// Golden batch norm: y = gamma sqrt(T) (x - mean) / sqrt(var + eps) + beta, mean and population variance of each channel.
//
// Two layouts: (outer, channels, inner), channel first, and (rows, channels), channel last. Sums run over x - x0, x0 the
// channel's first number, in binary64 and in a fixed order, so that an offset common to the channel does no harm.
// `_cluster` (Hopper) keeps a channel in the shared memory of a cluster: one read, one write.

#ifndef BN_CLUSTER
#define BN_CLUSTER 8
#define BN_THREADS 512
#define BN_HELD 11
#endif

struct Moments {
    double sum, squares;
};

__device__ inline void take(Moments& m, real x, real shift) {
    const double d = (double)x - (double)shift;
    m.sum += d;
    m.squares = fma(d, d, m.squares);
}

// partial[channel][part] = sums of the channel's numbers `part * chunk ..`, counted in packs, or in numbers where `lanes` is 1.
KERNEL(channel_first_part)(double2* partial, const real* x, size channels, size inner, size packs, size chunk, size parts, size lanes) {
    __shared__ double sum_shared[32], square_shared[32];
    const size channel = blockIdx.x / parts, part = blockIdx.x % parts;
    const size row = inner / lanes;  // accesses in one row of the channel
    const real shift = x[channel * inner];
    const size end = (part + 1) * chunk < packs ? (part + 1) * chunk : packs;
    Moments m = {0, 0};
#pragma unroll 4
    for (size p = part * chunk + threadIdx.x; p < end; p += blockDim.x) {
        const size n = quotient(p, row);
        const real* at = x + (n * channels + channel) * inner + (p - n * row) * lanes;
        if (lanes == LANES) {
            const Pack pack = *(const Pack*)at;
#pragma unroll
            for (int k = 0; k < LANES; k++) take(m, pack.v[k], shift);
        } else {
            take(m, *at, shift);
        }
    }
    const double sum = block_reduce(m.sum, 0.0, Sum(), sum_shared);
    const double squares = block_reduce(m.squares, 0.0, Sum(), square_shared);
    if (threadIdx.x == 0) partial[blockIdx.x] = make_double2(sum, squares);
}

// As above for (rows, channels): blocks of 32 x 8 threads, 32 channels each; block (_, part) takes the rows `part * chunk ..`.
KERNEL(channel_last_part)(double2* partial, const real* x, size rows, size channels, size chunk, size parts) {
    __shared__ Moments shared[8][32];
    const size channel = (size)blockIdx.x * 32 + threadIdx.x;
    const size begin = (size)blockIdx.y * chunk, end = begin + chunk < rows ? begin + chunk : rows;
    Moments m = {0, 0};
    if (channel < channels) {
        const real shift = x[channel];
#pragma unroll 4
        for (size row = begin + threadIdx.y; row < end; row += 8) take(m, x[row * channels + channel], shift);
    }
    shared[threadIdx.y][threadIdx.x] = m;
    __syncthreads();
    if (threadIdx.y == 0 && channel < channels) {
        for (int y = 1; y < 8; y++) {
            m.sum += shared[y][threadIdx.x].sum;
            m.squares += shared[y][threadIdx.x].squares;
        }
        partial[channel * parts + blockIdx.y] = make_double2(m.sum, m.squares);
    }
}

// mean and var of each channel from its parts, added in order. The channel's first number is x[channel * first].
KERNEL(channel_moments)(real* mean, real* variance, const double2* partial, const real* x, size channels, size first, size parts, double count) {
    for (size channel = thread_number(); channel < channels; channel += thread_count()) {
        Moments m = {0, 0};
        for (size part = 0; part < parts; part++) {
            m.sum += partial[channel * parts + part].x;
            m.squares += partial[channel * parts + part].y;
        }
        const double shifted = m.sum / count, spread = m.squares / count - shifted * shifted;
        mean[channel] = (real)((double)x[channel * first] + shifted);
        variance[channel] = (real)(spread < 0 ? 0 : spread);
    }
}

struct Line {
    real mean, factor, offset;
};

__device__ inline Line line_of(size c, const real* mean, const real* variance, const real* gamma, const real* beta, double target, double eps) {
    const double factor = sqrt(target) / sqrt((double)variance[c] + eps) * (gamma ? (double)gamma[c] : 1.0);
    return {mean[c], (real)factor, beta ? beta[c] : (real)0};
}

// Each block normalises part of one (outer, channel) row.
KERNEL(channel_first_normalize)(real* out, const real* x, const real* mean, const real* variance, const real* gamma, const real* beta,
                                double target, double eps, size channels, size inner, size blocks_per_row, size aligned) {
    const size row = blockIdx.x / blocks_per_row, part = blockIdx.x % blocks_per_row;
    const Line line = line_of(row % channels, mean, variance, gamma, beta, target, eps);
    const real* from = x + row * inner;
    real* to = out + row * inner;
    const size packs = aligned ? inner / LANES : 0, step = blocks_per_row * blockDim.x;
#pragma unroll 4
    for (size p = part * blockDim.x + threadIdx.x; p < packs; p += step) {
        Pack pack = ((const Pack*)from)[p];
#pragma unroll
        for (int k = 0; k < LANES; k++) pack.v[k] = (pack.v[k] - line.mean) * line.factor + line.offset;
        ((Pack*)to)[p] = pack;
    }
    for (size i = packs * LANES + part * blockDim.x + threadIdx.x; i < inner; i += step) {
        to[i] = (from[i] - line.mean) * line.factor + line.offset;
    }
}

KERNEL(channel_last_normalize)(real* out, const real* x, const real* mean, const real* variance, const real* gamma, const real* beta,
                               double target, double eps, size rows, size channels) {
    const size channel = (size)blockIdx.x * 32 + threadIdx.x;
    if (channel >= channels) return;
    const Line line = line_of(channel, mean, variance, gamma, beta, target, eps);
#pragma unroll 4
    for (size row = (size)blockIdx.y * 8 + threadIdx.y; row < rows; row += (size)gridDim.y * 8) {
        out[row * channels + channel] = (x[row * channels + channel] - line.mean) * line.factor + line.offset;
    }
}

#if SYNTONIC_ARCH >= 90
__device__ inline unsigned int rank_in_cluster() {
    unsigned int rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

__device__ inline void cluster_wait() {
    asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}

// The sum of `local`, a variable in shared memory, over the blocks of the cluster, in the order of their ranks.
__device__ inline double cluster_sum(const double* local) {
    const unsigned int address = (unsigned int)__cvta_generic_to_shared(local);
    double sum = 0;
    for (unsigned int rank = 0; rank < BN_CLUSTER; rank++) {
        unsigned int mapped;
        double x;
        asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(mapped) : "r"(address), "r"(rank));
        asm volatile("ld.shared::cluster.f64 %0, [%1];" : "=d"(x) : "r"(mapped) : "memory");
        sum += x;
    }
    return sum;
}

// The packs of one channel of (outer, channels, inner) that a thread visits, BN_THREADS apart: one division for all of them.
struct Visit {
    size place, step_place, wrap;
    unsigned int rest, row, near;
    __device__ Visit(unsigned int p, unsigned int row, size channels, size channel)
        : place((p / row * channels + channel) * row + p % row),
          step_place(BN_THREADS / row * channels * row + BN_THREADS % row),
          wrap((channels - 1) * row),
          rest(p % row),
          row(row),
          near(BN_THREADS % row) {}
    __device__ void step() {
        place += step_place;
        rest += near;
        if (rest >= row) {
            rest -= row;
            place += wrap;
        }
    }
};

// The packs in shared memory are few in binary32; in binary64 four reads at once pay.
constexpr int KEPT_AT_ONCE = SYNTONIC_F64 ? 4 : 1;

// A cluster for each channel of (outer, channels, inner); inner and all addresses fit packs. A block has `chunk` packs of the
// channel, the first BN_HELD of each thread in registers and the others in shared memory.
LINKAGE(channel_first_cluster) __global__ void __cluster_dims__(BN_CLUSTER, 1, 1) __launch_bounds__(BN_THREADS, 2)
    ENTRY(channel_first_cluster)(real* out, real* mean_out, real* variance_out, const real* x, const real* gamma, const real* beta,
                                 double target, double eps, size channels, size inner, size packs, size chunk) {
    extern __shared__ Pack kept[];
    __shared__ double partial[32], squares_partial[32];
    __shared__ Moments whole;
    const size channel = blockIdx.x / BN_CLUSTER;
    const size begin = rank_in_cluster() * chunk, left = packs > begin ? packs - begin : 0;
    const int count = (int)(left < chunk ? left : chunk), held_count = BN_HELD * BN_THREADS;
    const Visit first((unsigned int)begin + threadIdx.x, (unsigned int)(inner / LANES), channels, channel);
    const real shift = x[channel * inner];
    Visit at = first;
    Pack held[BN_HELD];
#pragma unroll
    for (int k = 0; k < BN_HELD; k++, at.step()) {
        // What is not there adds nothing to the sums.
#pragma unroll
        for (int l = 0; l < LANES; l++) held[k].v[l] = shift;
        if (k * BN_THREADS + (int)threadIdx.x < count) held[k] = read_once((const Pack*)x + at.place);
    }
    for (int p = held_count + threadIdx.x; p < count; p += BN_THREADS, at.step()) {
        fetch<16>(&kept[p - held_count], (const Pack*)x + at.place);
    }
    fetch_group();
    Moments m = {0, 0};
#pragma unroll
    for (int k = 0; k < BN_HELD; k++) {
#pragma unroll
        for (int l = 0; l < LANES; l++) take(m, held[k].v[l], shift);
    }
    fetched<0>();
#pragma unroll KEPT_AT_ONCE
    for (int p = held_count + threadIdx.x; p < count; p += BN_THREADS) {
        const Pack pack = kept[p - held_count];
#pragma unroll
        for (int l = 0; l < LANES; l++) take(m, pack.v[l], shift);
    }
    m.sum = block_reduce(m.sum, 0.0, Sum(), partial);
    m.squares = block_reduce(m.squares, 0.0, Sum(), squares_partial);
    if (threadIdx.x == 0) whole = m;
    cluster_wait();
    const double numbers = (double)packs * LANES;
    const double shifted = cluster_sum(&whole.sum) / numbers, spread = cluster_sum(&whole.squares) / numbers - shifted * shifted;
    const double variance = spread < 0 ? 0 : spread;
    const real factor = (real)(sqrt(target) / sqrt(variance + eps) * (gamma ? (double)gamma[channel] : 1.0));
    const real centre = (real)((double)shift + shifted), offset = beta ? beta[channel] : (real)0;
    if (begin == 0 && threadIdx.x == 0) {
        mean_out[channel] = centre;
        variance_out[channel] = (real)variance;
    }
    at = first;
    auto write = [&](Pack pack) {
#pragma unroll
        for (int l = 0; l < LANES; l++) pack.v[l] = (pack.v[l] - centre) * factor + offset;
        write_once((Pack*)out + at.place, pack);
        at.step();
    };
#pragma unroll
    for (int k = 0; k < BN_HELD; k++) {
        if (k * BN_THREADS + (int)threadIdx.x < count) write(held[k]);
    }
#pragma unroll KEPT_AT_ONCE
    for (int p = held_count + threadIdx.x; p < count; p += BN_THREADS) write(kept[p - held_count]);
    cluster_wait();
}
#endif
