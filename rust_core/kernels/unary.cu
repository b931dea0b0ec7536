// Elementwise functions of one tensor. The formulas of operations stand in their files and follow here as rows of UNARY.

#define UNARY(name, formula)                                                                                          \
    KERNEL(name)(real* out, const real* x, size packs, size n) {                                                      \
        map_one<1>(out, x, packs, n, [](size, real x) { return (real)(formula); });                                   \
    }

// out = x * scale + shift.
KERNEL(scale_shift)(real* out, const real* x, double scale, double shift, size packs, size n) {
    map_one<4>(out, x, packs, n, [=](size, real x) { return x * (real)scale + (real)shift; });
}

KERNEL(clamp)(real* out, const real* x, double low, double high, size packs, size n) {
    map_one<4>(out, x, packs, n, [=](size, real x) { return x < (real)low ? (real)low : (x > (real)high ? (real)high : x); });
}
