// Snap to the golden lattice: the integers (a, b), |a|, |b| <= precision, with a + b phi nearest to x; the same as the CPU's.
//
// Below `end` a table decides: the bucket of |x| has at most one border, and a point on either side of it. The table is that
// of exact/table.rs; its first `near` buckets, which serve most numbers, are copied to shared memory. Beyond `end`, and
// where there is no table (end = 0), the search of exact/snap.rs runs. `bad` is set to 1 by NaN and infinity.

struct alignas(16) Bucket {
    double border;
    short low_a, low_b, high_a, high_b;
};

struct Table {
    double end, buckets_per_unit;
    const Bucket *near_by, *all;
    unsigned int near;
};

__device__ inline Point snap_one(double x, const Table& table, size precision, int* bad) {
    const double magnitude = fabs(x);
    Point point;
    if (magnitude < table.end) {
        const unsigned int i = (unsigned int)(magnitude * table.buckets_per_unit);
        const Bucket bucket = i < table.near ? table.near_by[i] : table.all[i];
        const bool high = magnitude > bucket.border;
        point = {high ? bucket.high_a : bucket.low_a, high ? bucket.high_b : bucket.low_b};
    } else if (magnitude < __longlong_as_double(0x7FF0000000000000LL)) {
        point = nearest(magnitude, precision);
    } else {
        *bad = 1;
        point = {0, 0};
    }
    return x < 0 ? Point{-point.a, -point.b} : point;
}

// Two numbers: with their integers they fill 16 bytes of a and of b, so that the writes of a warp are whole lines.
struct alignas(2 * sizeof(real)) Pair {
    real v[2];
};

#ifndef SNAP_AHEAD
#define SNAP_AHEAD 2
#endif
#ifndef SNAP_BLOCKS
#define SNAP_BLOCKS 4
#endif

extern "C" __global__ void __launch_bounds__(256, SNAP_BLOCKS) ENTRY(snap)(
    size* a, size* b, const real* x, size packs, size n, size precision, double end, double buckets_per_unit,
             const Bucket* all, size near, int* bad) {
    extern __shared__ Bucket near_by[];
    for (size i = threadIdx.x; i < near; i += blockDim.x) near_by[i] = all[i];
    __syncthreads();
    const Table table{end, buckets_per_unit, near_by, all, (unsigned int)near};
    const size pairs = packs * LANES / 2, step = thread_count();
    Pair next[SNAP_AHEAD];
#pragma unroll
    for (int u = 0; u < SNAP_AHEAD; u++) {
        const size i = thread_number() + u * step;
        if (i < pairs) next[u] = ((const Pair*)x)[i];
    }
    for (size i = thread_number(); i < pairs; i += step) {
        const Pair pair = next[0];
#pragma unroll
        for (int u = 1; u < SNAP_AHEAD; u++) next[u - 1] = next[u];
        const size later = i + SNAP_AHEAD * step;
        if (later < pairs) next[SNAP_AHEAD - 1] = ((const Pair*)x)[later];
        const Point one = snap_one(pair.v[0], table, precision, bad), two = snap_one(pair.v[1], table, precision, bad);
#ifdef HINT
        __stcs((longlong2*)a + i, make_longlong2(one.a, two.a));
        __stcs((longlong2*)b + i, make_longlong2(one.b, two.b));
#else
        ((longlong2*)a)[i] = make_longlong2(one.a, two.a);
        ((longlong2*)b)[i] = make_longlong2(one.b, two.b);
#endif
    }
    for (size i = packs * LANES + thread_number(); i < n; i += thread_count()) {
        const Point point = snap_one(x[i], table, precision, bad);
        a[i] = point.a;
        b[i] = point.b;
    }
}

// out = a + b phi.
KERNEL(wake)(real* out, const size* a, const size* b, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) out[i] = (real)embed(a[i], b[i]);
}

// out = ((a + b phi) - x) w_j: what a snap changed, weighted by the golden weight of feature j (1 without weights).
KERNEL(snap_gradient)(real* out, const real* x, const size* a, const size* b, const real* weights, size n, size dim) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        const real change = (real)-lattice_residual(x[i], a[i], b[i]);
        out[i] = weights ? change * weights[remainder_of(i, dim)] : change;
    }
}
