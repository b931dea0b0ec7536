// Elementwise functions of one tensor.

#define UNARY(name, formula)                                                                                          \
    KERNEL(name)(real* out, const real* x, size packs, size n) {                                                      \
        map_one<1>(out, x, packs, n, [](size, real x) { return (real)(formula); });                                   \
    }

UNARY(neg, -x)
UNARY(abs, fabs(x))
UNARY(square, x* x)
UNARY(sqrt, sqrt(x))
UNARY(exp, exp(x))
UNARY(log, log(x))
UNARY(sin, sin(x))
UNARY(cos, cos(x))
UNARY(tanh, tanh(x))
UNARY(sigmoid, 1 / (1 + exp(-x)))
UNARY(relu, relu(x))
UNARY(gelu, gelu(x))

// out = x * scale + shift.
KERNEL(scale_shift)(real* out, const real* x, double scale, double shift, size packs, size n) {
    map_one<4>(out, x, packs, n, [=](size, real x) { return x * (real)scale + (real)shift; });
}

KERNEL(clamp)(real* out, const real* x, double low, double high, size packs, size n) {
    map_one<4>(out, x, packs, n, [=](size, real x) { return x < (real)low ? (real)low : (x > (real)high ? (real)high : x); });
}
