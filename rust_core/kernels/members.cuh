// The parts that the kernel of a model is generated from (program/kernel.rs): a group of GROUP threads evaluates both members
// of a mirrored pair, each thread ROWS rows of the batch at a time, with all values of its rows in registers.
//
// A layer's weights are perturbed into the group's POOL of shared memory, used, and overwritten by the next: the members'
// weights never exist as a whole. The generator defines GROUP, ROWS, THREADS, POOL, BATCH and SYNTONY.

static_assert(GROUP <= 32 || GROUP == THREADS, "a group larger than a warp is a block of its own");

// Blocks that a multiprocessor should hold at once: registers are shared out so. Measured on an H100; with numbers of 64 bits
// there are not enough registers to choose.
constexpr int WAVE = sizeof(real) == 8 ? 1 : 512 / THREADS;

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
