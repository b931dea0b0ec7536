// The golden residual: y = i + r/phi (phi), (i + r)/phi (symmetric) or i + r (standard), with an activation on top.
//
// 3 numbers move per element and everything else hides behind them. The layer norm variant is in layer_norm.cu.

struct Phi {
    __device__ real operator()(real i, real r) const { return i + r * (real)PHI_INVERSE; }
};
struct Symmetric {
    __device__ real operator()(real i, real r) const { return (i + r) * (real)PHI_INVERSE; }
};
struct Standard {
    __device__ real operator()(real i, real r) const { return i + r; }
};

#define RESIDUAL(mode, Mode)                                                                                          \
    KERNEL(phi_residual_mode_##mode)(real* out, const real* identity, const real* residual, size packs, size n) {     \
        map_two(out, identity, residual, packs, n, [](size, real i, real r) { return Mode()(i, r); });                \
    }                                                                                                                 \
    KERNEL(phi_residual_relu_##mode)(real* out, const real* identity, const real* residual, size packs, size n) {     \
        map_two(out, identity, residual, packs, n, [](size, real i, real r) { return relu(Mode()(i, r)); });          \
    }                                                                                                                 \
    KERNEL(phi_residual_gelu_##mode)(real* out, const real* identity, const real* residual, size packs, size n) {     \
        map_two(out, identity, residual, packs, n, [](size, real i, real r) { return gelu(Mode()(i, r)); });          \
    }

RESIDUAL(phi, Phi)
RESIDUAL(symmetric, Symmetric)
RESIDUAL(standard, Standard)
