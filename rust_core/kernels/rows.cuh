// One row held in registers: by part of a warp, a warp, a block, or a cluster of blocks (Hopper), chosen by the host.
//
// ROW_THREADS threads of a block share a row, each holds ROW_VECTORS accesses of ROW_LANES numbers. Blocks are
// (ROW_THREADS, rows): several rows only where ROW_THREADS <= 32. A cluster splits a row into ROW_CLUSTER parts.

#ifndef ROW_THREADS
#define ROW_THREADS 32
#define ROW_VECTORS 4
#define ROW_LANES LANES
#define ROW_CLUSTER 1
#endif
#if ROW_CLUSTER > 1 || defined(ROW_STREAM)
#define ROW_KERNEL(name) LINKAGE(name) __global__ void __cluster_dims__(ROW_CLUSTER, 1, 1) __launch_bounds__(ROW_THREADS) ENTRY(name)
#else
#define ROW_KERNEL(name) LINKAGE(name) __global__ void __launch_bounds__(ROW_THREADS > 32 ? ROW_THREADS : 256) ENTRY(name)
#endif

constexpr int ITEMS = ROW_VECTORS * ROW_LANES;

struct alignas(sizeof(real) * ROW_LANES) Access {
    real v[ROW_LANES];
};

__device__ inline unsigned int cluster_rank() {
#if ROW_CLUSTER > 1
    unsigned int rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
#else
    return 0;
#endif
}

// All blocks of the cluster wait for one another; what was written to shared memory before is seen after.
__device__ inline void cluster_barrier() {
#if ROW_CLUSTER > 1
    asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
}

#if ROW_CLUSTER > 1
__device__ inline unsigned int shared_address(const void* local) { return (unsigned int)__cvta_generic_to_shared(local); }

// Where block `rank` of the cluster has what lies at `local` here, in shared memory.
__device__ inline unsigned int mapped_address(const void* local, unsigned int rank) {
    unsigned int mapped;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(mapped) : "r"(shared_address(local)), "r"(rank));
    return mapped;
}

// Reads `local`, a variable in shared memory, as block `rank` of the cluster has it.
__device__ inline real remote(const real* local, unsigned int rank) {
    const unsigned int mapped = mapped_address(local, rank);
    real x;
#if SYNTONIC_F64
    asm volatile("ld.shared::cluster.f64 %0, [%1];" : "=d"(x) : "r"(mapped) : "memory");
#else
    asm volatile("ld.shared::cluster.f32 %0, [%1];" : "=f"(x) : "r"(mapped) : "memory");
#endif
    return x;
}
#endif

// Shared memory of one reduction; a kernel uses each object once, so that nobody overwrites what another still reads.
struct RowShared {
    real partial[32];
    real whole;
};

// Combines x over the row; every thread of the row gets the result. All threads of the block must call.
template <class Op>
__device__ real row_reduce(real x, real neutral, Op op, RowShared& shared) {
#if ROW_THREADS <= 32
    return warp_reduce<ROW_THREADS>(x, op);
#else
    x = block_reduce(x, neutral, op, shared.partial);
#if ROW_CLUSTER > 1
    if (threadIdx.x == 0) shared.whole = x;
    cluster_barrier();
    x = remote(&shared.whole, 0);
    for (unsigned int rank = 1; rank < ROW_CLUSTER; rank++) x = op(x, remote(&shared.whole, rank));
#endif
    return x;
#endif
}

// The row of this thread; the caller's rows may end before.
__device__ inline size row_number() { return (size)(blockIdx.x / ROW_CLUSTER) * blockDim.y + threadIdx.y; }

// Where access k of this thread begins within the row.
__device__ inline size row_offset(int k) {
    return (((size)cluster_rank() * ROW_VECTORS + k) * ROW_THREADS + threadIdx.x) * ROW_LANES;
}

// Calls f(offset, item) for the first number of each access that lies within the row.
template <class F>
__device__ void each_access(size dim, F f) {
#pragma unroll
    for (int k = 0; k < ROW_VECTORS; k++) {
        const size at = row_offset(k);
        if (at < dim) f(at, k * ROW_LANES);
    }
}

// Loads a row; places beyond its end get `fill`.
__device__ inline void load_row(real (&x)[ITEMS], const real* row, size dim, real fill) {
#pragma unroll
    for (int k = 0; k < ROW_VECTORS; k++) {
        const size at = row_offset(k);
        Access access;
#pragma unroll
        for (int l = 0; l < ROW_LANES; l++) access.v[l] = fill;
        if (at < dim) access = *(const Access*)(row + at);
#pragma unroll
        for (int l = 0; l < ROW_LANES; l++) x[k * ROW_LANES + l] = access.v[l];
    }
}

__device__ inline void store_row(real* row, const real (&x)[ITEMS], size dim) {
#pragma unroll
    for (int k = 0; k < ROW_VECTORS; k++) {
        const size at = row_offset(k);
        Access access;
#pragma unroll
        for (int l = 0; l < ROW_LANES; l++) access.v[l] = x[k * ROW_LANES + l];
        if (at < dim) *(Access*)(row + at) = access;
    }
}
