// What every kernel shares: the number format it is compiled for, 16-byte accesses, loops over elements, sums in a fixed order.
//
// A file is compiled once for each format; ENTRY(name) is `name_f32` or `name_f64`. Sizes are `size` (64 bits, signed),
// scalars arrive as double. Nothing here or in the kernels adds floats with atomics: a repeated run gives the same bits.

typedef long long size;

#if SYNTONIC_F64
typedef double real;
#define ENTRY(name) name##_f64
constexpr int LANES = 2;
#else
typedef float real;
#define ENTRY(name) name##_f32
constexpr int LANES = 4;
#endif

// With ONE_KERNEL, and ONLY_<name> defined as WANTED, the kernel of that name becomes code. The others are templates that
// nothing asks for, which the compiler reads and leaves.
#ifdef ONE_KERNEL
#define WANTED , extern "C"
#define SECOND(first, second, ...) second
#define LINKAGE_OF(...) SECOND(__VA_ARGS__, template <int>, )
#define LINKAGE(name) LINKAGE_OF(ONLY_##name)
#else
#define LINKAGE(name) extern "C"
#endif
#define KERNEL(name) LINKAGE(name) __global__ void ENTRY(name)

// 16 bytes: the widest access of one thread.
struct alignas(16) Pack {
    real v[LANES];
};

// Reads and writes of what is used once: it leaves the caches first.
__device__ inline Pack read_once(const Pack* from) {
#if SYNTONIC_F64
    const double2 x = __ldcs((const double2*)from);
    return {{x.x, x.y}};
#else
    const float4 x = __ldcs((const float4*)from);
    return {{x.x, x.y, x.z, x.w}};
#endif
}

__device__ inline void write_once(Pack* to, const Pack& x) {
#if SYNTONIC_F64
    __stcs((double2*)to, make_double2(x.v[0], x.v[1]));
#else
    __stcs((float4*)to, make_float4(x.v[0], x.v[1], x.v[2], x.v[3]));
#endif
}

// Copies BYTES = 4, 8 or 16 to shared memory while the thread goes on, zeros where `whole` is false. A thread sees what it
// fetched itself after `fetched<N>`, which waits for all but the last N of its `fetch_group`s.
template <int BYTES>
__device__ inline void fetch(void* to, const void* from, bool whole = true) {
#if SYNTONIC_ARCH >= 80 && !defined(EMULATED)
    const unsigned int address = (unsigned int)__cvta_generic_to_shared(to), bytes = whole ? BYTES : 0;
    if (BYTES == 16) asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(bytes) : "memory");
    else asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(address), "l"(from), "n"(BYTES), "r"(bytes) : "memory");
#else
    struct alignas(BYTES) Run {
        char bytes[BYTES];
    };
    *(Run*)to = whole ? *(const Run*)from : Run{};
#endif
}

__device__ inline void fetch_group() {
#if SYNTONIC_ARCH >= 80 && !defined(EMULATED)
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

template <int LATER>
__device__ inline void fetched() {
#if SYNTONIC_ARCH >= 80 && !defined(EMULATED)
    asm volatile("cp.async.wait_group %0;" ::"n"(LATER) : "memory");
#endif
}

#define INFINITE ((real)__longlong_as_double(0x7FF0000000000000LL))

__device__ inline size thread_number() { return (size)blockIdx.x * blockDim.x + threadIdx.x; }
__device__ inline size thread_count() { return (size)gridDim.x * blockDim.x; }

// Division of 64 bits is long code: one copy of it is enough.
__device__ __noinline__ unsigned long long long_quotient(unsigned long long i, unsigned long long d) { return i / d; }

// Returns i / d. Almost every index fits 32 bits, where the division is several times cheaper.
__device__ inline size quotient(size i, size d) {
    return (i | d) >> 32 ? (size)long_quotient(i, d) : (size)((unsigned int)i / (unsigned int)d);
}

// A sum that one thread makes. Up to 4096 terms are one chain; of more, chains of 256 are added up in binary64, so that no
// rounding error grows with their number.
struct LongSum {
    double whole = 0;
    real sum = 0;
    const int length;
    int terms = 0;

    __device__ explicit LongSum(size all) : length(all > 4096 ? 256 : 4096) {}
    __device__ void add(real x) {
        if (terms == length) whole += (double)sum, sum = 0, terms = 0;
        terms++, sum += x;
    }
    __device__ real total() const { return (real)(whole + (double)sum); }
};

// Returns i mod d.
__device__ inline size remainder_of(size i, size d) {
    return (i | d) >> 32 ? i - (size)long_quotient(i, d) * d : (size)((unsigned int)i % (unsigned int)d);
}

__device__ inline real relu(real x) { return x > 0 ? x : (x != x ? x : (real)0); }

// x/2 (1 + tanh u) is x / (1 + e^(-2 u)), which takes no branch.
__device__ inline real gelu(real x) {
    const real inner = (real)-1.5957691216057308 * (x + (real)0.044715 * x * x * x);
    return x / (1 + exp(inner));
}

// Writes out[i] = f(i, a[i]) for i < n. The first `packs` packs are moved 16 bytes at a time: the host passes 0 where an
// address is not a multiple of 16, and then everything is what is otherwise the tail. A thread has IN_FLIGHT packs in flight:
// 1 where f is long, since f is unrolled for each number of them.
template <int IN_FLIGHT = 4, class F>
__device__ void map_one(real* out, const real* a, size packs, size n, F f) {
    const size step = (size)blockDim.x * IN_FLIGHT;
    for (size base = blockIdx.x * step + threadIdx.x; base < packs; base += gridDim.x * step) {
        Pack x[IN_FLIGHT];
#pragma unroll
        for (int u = 0; u < IN_FLIGHT; u++) {
            const size i = base + (size)u * blockDim.x;
            if (i < packs) x[u] = ((const Pack*)a)[i];
        }
#pragma unroll
        for (int u = 0; u < IN_FLIGHT; u++) {
            const size i = base + (size)u * blockDim.x;
            if (i < packs) {
#pragma unroll
                for (int k = 0; k < LANES; k++) x[u].v[k] = f(i * LANES + k, x[u].v[k]);
                ((Pack*)out)[i] = x[u];
            }
        }
    }
    for (size i = packs * LANES + thread_number(); i < n; i += thread_count()) out[i] = f(i, a[i]);
}

// Writes out[i] = f(i, a[i], b[i]) for i < n, as `map_one` does.
template <int IN_FLIGHT = 4, class F>
__device__ void map_two(real* out, const real* a, const real* b, size packs, size n, F f) {
    const size step = (size)blockDim.x * IN_FLIGHT;
    for (size base = blockIdx.x * step + threadIdx.x; base < packs; base += gridDim.x * step) {
        Pack x[IN_FLIGHT], y[IN_FLIGHT];
#pragma unroll
        for (int u = 0; u < IN_FLIGHT; u++) {
            const size i = base + (size)u * blockDim.x;
            if (i < packs) {
                x[u] = ((const Pack*)a)[i];
                y[u] = ((const Pack*)b)[i];
            }
        }
#pragma unroll
        for (int u = 0; u < IN_FLIGHT; u++) {
            const size i = base + (size)u * blockDim.x;
            if (i < packs) {
#pragma unroll
                for (int k = 0; k < LANES; k++) x[u].v[k] = f(i * LANES + k, x[u].v[k], y[u].v[k]);
                ((Pack*)out)[i] = x[u];
            }
        }
    }
    for (size i = packs * LANES + thread_number(); i < n; i += thread_count()) out[i] = f(i, a[i], b[i]);
}

struct Sum {
    template <class T>
    __device__ T operator()(T a, T b) const { return a + b; }
};

// NaN wins, so that a maximum never hides one.
struct Larger {
    template <class T>
    __device__ T operator()(T a, T b) const { return a != a ? a : (b != b ? b : (a > b ? a : b)); }
};

struct Smaller {
    template <class T>
    __device__ T operator()(T a, T b) const { return a != a ? a : (b != b ? b : (a < b ? a : b)); }
};

// Combines x over groups of WIDTH neighbouring lanes; every lane gets the result. All 32 lanes of the warp must call.
template <int WIDTH = 32, class T, class Op>
__device__ T warp_reduce(T x, Op op) {
#pragma unroll
    for (int offset = WIDTH / 2; offset > 0; offset /= 2) x = op(x, __shfl_xor_sync(0xFFFFFFFF, x, offset));
    return x;
}

// Combines x over a block of whole warps (one dimension); every thread gets the result. `partial` holds 32 numbers of shared
// memory that no earlier reduction may still be reading.
template <class T, class Op>
__device__ T block_reduce(T x, T neutral, Op op, T* partial) {
    x = warp_reduce(x, op);
    const int lane = threadIdx.x % 32, warps = blockDim.x / 32;
    if (lane == 0) partial[threadIdx.x / 32] = x;
    __syncthreads();
    return warp_reduce(lane < warps ? partial[lane] : neutral, op);
}
