// Snap to the golden lattice: the integers (a, b), |a|, |b| <= precision, with a + b phi nearest to x; the same as the CPU's.
//
// Below `end` a table decides: the bucket of |x| has at most one border, and a point on either side of it. The table is that
// of exact/table.rs; the caches keep the buckets that serve most numbers. Beyond `end`, and where there is no table (end = 0),
// the search of exact/snap.rs runs. `bad` is set to 1 by NaN and infinity.

struct alignas(16) Bucket {
    double border;
    short low_a, low_b, high_a, high_b;
};

struct Table {
    double end, buckets_per_unit;
    const Bucket* buckets;
};

__device__ inline Point snap_one(double x, const Table& table, size precision, int* bad) {
    const double magnitude = fabs(x);
    Point point;
    if (magnitude < table.end) {
        const Bucket bucket = table.buckets[(unsigned int)(magnitude * table.buckets_per_unit)];
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

LINKAGE(snap) __global__ void __launch_bounds__(256, 4) ENTRY(snap)(
    size* a, size* b, const real* x, size packs, size n, size precision, double end, double buckets_per_unit,
    const Bucket* buckets, int* bad) {
    const Table table{end, buckets_per_unit, buckets};
    for (size i = thread_number(); i < packs * LANES / 2; i += thread_count()) {
        const Pair pair = ((const Pair*)x)[i];
        const Point one = snap_one(pair.v[0], table, precision, bad), two = snap_one(pair.v[1], table, precision, bad);
        __stcs((longlong2*)a + i, make_longlong2(one.a, two.a));
        __stcs((longlong2*)b + i, make_longlong2(one.b, two.b));
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
