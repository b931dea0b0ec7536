// Exact arithmetic of a + b phi on the device: the functions of exact/embed.rs and exact/snap.rs, with the same integers as results.
//
// Each float operation is an intrinsic that rounds once, as on the CPU; decisions within rounding are made again in integers.

typedef unsigned __int128 u128;
typedef __int128 i128;
typedef unsigned long long u64;

struct TwoDoubles {
    double high, low;
};

// x * phi as an unevaluated sum.
__device__ inline TwoDoubles times_phi(double x) {
    const double high = __dmul_rn(x, PHI);
    return {high, __dadd_rn(__fma_rn(x, PHI, -high), __dmul_rn(x, PHI_LOW))};
}

// a + b as an unevaluated sum without error (Knuth, TAOCP 2, 4.2.2).
__device__ inline TwoDoubles two_sum(double a, double b) {
    const double sum = __dadd_rn(a, b);
    const double of_b = __dsub_rn(sum, a);
    return {sum, __dadd_rn(__dsub_rn(a, __dsub_rn(sum, of_b)), __dsub_rn(b, of_b))};
}

template <class T>
struct Settled {
    bool negative;
    T p, q;
    int steps;
};

// Writes u - v phi, u >= 0 and v > 0, as s (p + q phi) phi^-steps with p, q >= 0.
template <class T>
__device__ inline Settled<T> settle(T u, T v) {
    bool negative = true;
    int steps = 1;
    while (u > v) {
        const T next = u - v;
        u = v;
        v = next;
        negative = !negative;
        steps++;
    }
    return {negative, v, v - u, steps};
}

// a + b phi where nothing cancels.
__device__ inline double plain_embed(size a, size b) {
    const TwoDoubles golden = times_phi((double)b);
    const TwoDoubles sum = two_sum((double)a, golden.high);
    return __dadd_rn(sum.high, __dadd_rn(sum.low, golden.low));
}

__device__ inline double power_of_phi(int n) {
    size f = 1, g = 0;
    for (int i = 0; i < n % 90; i++) {
        const size next = f + g;
        f = g;
        g = next;
    }
    double power = plain_embed(f, g);
    for (int i = 0; i < n / 90; i++) power = __dmul_rn(power, plain_embed(1779979416004714189LL, 2880067194370816120LL));
    return power;
}

// a + b phi, right to the last place or two however much cancels.
__device__ inline double embed(size a, size b) {
    const u64 size_a = a < 0 ? 0 - (u64)a : (u64)a, size_b = b < 0 ? 0 - (u64)b : (u64)b;
    const double value = plain_embed(a, b);
    const bool exact_parts = (size_a > size_b ? size_a : size_b) <= 1ULL << 53;
    const double part = fabs(times_phi((double)b).high);
    if ((exact_parts && fabs(value) >= __dmul_rn(part, 0x1p-44)) || (a >= 0) == (b >= 0) || b == 0) return value;
    const Settled<u64> tail = settle(size_a, size_b);
    const double size_of = __ddiv_rn(__fma_rn((double)tail.q, PHI, (double)tail.p), power_of_phi(tail.steps));
    return tail.negative == (a > 0) ? -size_of : size_of;
}

// x - (a + b phi) to about 2^-100 (|x| + |a| + |b|).
__device__ inline double lattice_residual(double x, size a, size b) {
    const TwoDoubles golden = times_phi((double)b);
    const TwoDoubles whole = two_sum(x, -(double)a);
    const TwoDoubles sum = two_sum(whole.high, -golden.high);
    return __dadd_rn(sum.high, __dadd_rn(sum.low, __dsub_rn(whole.low, golden.low)));
}

__device__ inline int order(double x) { return x < 0 ? -1 : (x > 0 ? 1 : 0); }

// The sign of p + q phi.
__device__ inline int exact_sign(i128 p, i128 q) {
    const int of_p = p < 0 ? -1 : (p > 0 ? 1 : 0), of_q = q < 0 ? -1 : (q > 0 ? 1 : 0);
    if (of_p == of_q || of_q == 0) return of_p;
    if (of_p == 0) return of_q;
    return settle<u128>(p < 0 ? -(u128)p : (u128)p, q < 0 ? -(u128)q : (u128)q).negative ? -of_p : of_p;
}

// x 2^90 as an integer, for |x| < 2^37.
__device__ inline i128 fixed_point(double x) {
    const u64 bits = (u64)__double_as_longlong(x);
    const int shift = (int)(bits >> 52 & 0x7FF) + 90 - 1075;
    const u128 mantissa = (bits & ((1ULL << 52) - 1)) | 1ULL << 52;
    const u128 magnitude = shift >= 0 ? mantissa << shift : (shift > -53 ? mantissa >> -shift : 0);
    return bits >> 63 ? -(i128)magnitude : (i128)magnitude;
}

// Compares 2x with a + b phi exactly, for finite x and |a|, |b| <= 2^32.
__device__ inline int compare(double x, size a, size b) {
    x = 2 * x;
    const double difference = lattice_residual(x, a, b);
    const double sizes = __dadd_rn(__dadd_rn(fabs(x), fabs((double)a)), fabs((double)b));
    if (fabs(difference) > __dmul_rn(sizes, 0x1p-98)) return order(difference);
    return exact_sign(fixed_point(x) - ((i128)a << 90), (i128)(-b) << 90);
}

// 1/phi in units of 2^-128.
__device__ inline u128 golden_turn() { return (u128)0x9E3779B97F4A7C15ULL << 64 | 0xF39CC0605CEDC834ULL; }

struct Walk {
    size k;
    u128 remainder;
};

// The number k of points in 0..=last that leaves the least remainder; `second` is the second Fibonacci step of this side.
__device__ inline Walk one_sided(u128 remainder, size last, size second, u128 unit) {
    size k = 0, points = 1, next = second;
    u128 turn = unit, next_turn = unit * (u128)second;
    while (k + points <= last) {
        while (turn <= remainder && k + points <= last) {
            remainder -= turn;
            k += points;
        }
        const size after = 3 * next - points;
        const u128 after_turn = 3 * next_turn - turn;
        points = next;
        turn = next_turn;
        next = after;
        next_turn = after_turn;
    }
    return {k, remainder};
}

// The largest b with b phi <= x + halves/2.
__device__ inline size floor_over_phi(double x, size halves) {
    const double estimate = __dmul_rn(__dadd_rn(x, __dmul_rn((double)halves, 0.5)), PHI_INVERSE);
    const double b = floor(estimate), rest = __dsub_rn(estimate, b);
    const size next = (size)b + 1;
    if (rest >= 1e-5 && rest < 1.0 - 1e-5) return next - 1;
    if (compare(x, -halves, 2 * next) >= 0) return next;
    return compare(x, -halves, 2 * (next - 1)) >= 0 ? next - 1 : next - 2;
}

// The fractional part of 0 <= x < 2^32 in units of 2^-128, rounded down.
__device__ inline u128 fraction(double x) {
    const u64 bits = (u64)__double_as_longlong(x);
    const u128 mantissa = (bits & ((1ULL << 52) - 1)) | 1ULL << 52;
    const int shift = (int)(bits >> 52) + 128 - 1075;
    if (shift >= 0) return mantissa << shift;
    return shift >= -52 ? mantissa >> -shift : 0;
}

__device__ inline double to_unit(u128 turn) { return __dmul_rn((double)(u64)(turn >> 64), 0x1p-64); }

struct Point {
    size a, b;
};

__device__ inline Point point_with(double x, size b, double residual) {
    return {(size)round(__dsub_rn(__dsub_rn(x, __dmul_rn((double)b, PHI)), residual)), b};
}

// The point nearest to x, for finite x >= 0. Long code that few numbers need: one copy of it is enough.
__device__ __noinline__ Point nearest(double x, size precision) {
    if (x >= embed(precision, precision)) return {precision, precision};
    const size reach = 2 * precision + 1;
    const size low = floor_over_phi(x, -reach) + 1, high = floor_over_phi(x, reach);
    const size lowest = low > -precision ? low : -precision, highest = high < precision ? high : precision;
    const u128 target = fraction(x) - (u128)(i128)lowest * golden_turn();
    const Walk under = one_sided(target, highest - lowest, 2, golden_turn());
    const Walk over = one_sided(0 - target, highest - lowest, 3, 0 - golden_turn());
    const Point below = point_with(x, lowest + under.k, to_unit(under.remainder));
    const Point above = point_with(x, lowest + over.k, -to_unit(over.remainder));
    const u128 apart = under.remainder > over.remainder ? under.remainder - over.remainder : over.remainder - under.remainder;
    int side;
    if (apart > (u128)1 << 34) {
        side = under.remainder < over.remainder ? -1 : 1;
    } else {
        side = compare(x, below.a + above.a, below.b + above.b);
    }
    if (side == 0) return below.b > above.b ? below : above;
    return side < 0 ? below : above;
}
