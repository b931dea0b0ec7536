// Elementwise functions of two tensors of one shape, or of two that are broadcast against one another.

// Where the axes of a broadcast result lie in its two operands; `rank` axes of `sizes`, outermost first.
constexpr int MAX_AXES = 8;
struct Broadcast {
    size rank;
    size sizes[MAX_AXES], of_a[MAX_AXES], of_b[MAX_AXES];
};

template <class F>
__device__ inline void map_broadcast(real* out, const real* a, const real* b, const Broadcast& axes, size n, F f) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        size rest = i, at_a = 0, at_b = 0;
        for (int axis = (int)axes.rank - 1; axis >= 0; axis--) {
            const size next = quotient(rest, axes.sizes[axis]), index = rest - next * axes.sizes[axis];
            at_a += index * axes.of_a[axis];
            at_b += index * axes.of_b[axis];
            rest = next;
        }
        out[i] = f(a[at_a], b[at_b]);
    }
}

#define BINARY(name, formula)                                                                                         \
    KERNEL(name)(real* out, const real* a, const real* b, size packs, size n) {                                       \
        map_two<2>(out, a, b, packs, n, [](size, real a, real b) { return (real)(formula); });                        \
    }                                                                                                                 \
    KERNEL(name##_broadcast)(real* out, const real* a, const real* b, Broadcast axes, size n) {                       \
        map_broadcast(out, a, b, axes, n, [](real a, real b) { return (real)(formula); });                            \
    }

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a* b)
BINARY(div, a / b)
BINARY(maximum, Larger()(a, b))
BINARY(minimum, Smaller()(a, b))
