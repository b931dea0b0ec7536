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

extern "C" __global__ void __launch_bounds__(256, 4) ENTRY(snap)(
    size* a, size* b, const real* x, size packs, size n, size precision, double end, double buckets_per_unit,
             const Bucket* all, size near, int* bad) {
    extern __shared__ Bucket near_by[];
    for (size i = threadIdx.x; i < near; i += blockDim.x) near_by[i] = all[i];
    __syncthreads();
    const Table table{end, buckets_per_unit, near_by, all, (unsigned int)near};
    for (size i = thread_number(); i < packs; i += thread_count()) {
        const Pack pack = ((const Pack*)x)[i];
#pragma unroll
        for (int k = 0; k < LANES; k += 2) {
            const Point one = snap_one(pack.v[k], table, precision, bad), two = snap_one(pack.v[k + 1], table, precision, bad);
            ((longlong2*)a)[(i * LANES + k) / 2] = make_longlong2(one.a, two.a);
            ((longlong2*)b)[(i * LANES + k) / 2] = make_longlong2(one.b, two.b);
        }
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
