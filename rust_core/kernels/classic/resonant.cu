// The phases of a resonant tensor of rows with `dim` features; `syntony` has one number for each group of `group` elements.
//
// D: y = x (1 + alpha |n|) + noise_scale (1 - S) g z, alpha = (1 - S)/phi^2.  H: y = x (1 - beta (1 - w)), beta = strength S/phi.
// `roots` is |n|, `spreads` is g and `weights` is w of each feature. A missing g is 1.

__device__ inline real d_phase_one(real x, real z, real root, real spread, real missing, real noise_scale) {
    const real stretch = 1 + missing * (real)PHI_INVERSE_SQUARED * root;
    return x * stretch + missing * (noise_scale * spread) * z;
}

KERNEL(d_phase)(real* out, const real* x, const real* z, const real* roots, const real* spreads, const real* syntony,
                double noise_scale, size packs, size n, size dim, size group) {
    const bool shared = group >= n;
    const real all = shared ? 1 - syntony[0] : (real)0;
    map_two<1>(out, x, z, packs, n, [=](size i, real x, real z) {
        const size j = remainder_of(i, dim);
        const real missing = shared ? all : 1 - syntony[quotient(i, group)];
        return d_phase_one(x, z, roots[j], spreads ? spreads[j] : (real)1, missing, (real)noise_scale);
    });
}

// As d_phase, with the noise of the CPU: element i is normal i of (seed, stream Differentiation, step).
KERNEL(d_phase_philox)(real* out, const real* x, const real* roots, const real* spreads, const real* syntony,
                       double noise_scale, size seed, size step, size packs, size n, size dim, size group) {
    constexpr unsigned int DIFFERENTIATION = 6;
    for (size block = thread_number(); block * NORMALS_PER_BLOCK < n; block += thread_count()) {
        const Words words = philox((unsigned int)block, 0, 0, (unsigned int)step, (unsigned int)seed, DIFFERENTIATION);
        const size first = block * NORMALS_PER_BLOCK;
        const bool whole = first + NORMALS_PER_BLOCK <= packs * LANES;
        // The feature and the group of the element at hand, and its place in the group.
        size j = remainder_of(first, dim), at = quotient(first, group), within = first - at * group;
#pragma unroll
        for (int k = 0; k < NORMALS_PER_BLOCK; k += LANES) {
            Pack pack = {};
            if (whole) pack = *(const Pack*)(x + first + k);
#pragma unroll
            for (int l = 0; l < LANES; l++) {
                const size i = first + k + l;
                if (i >= n) break;
                if (!whole) pack.v[l] = x[i];
                const real spread = spreads ? spreads[j] : (real)1;
                pack.v[l] = d_phase_one(pack.v[l], (real)normal_of(words, k + l), roots[j], spread, 1 - syntony[at], (real)noise_scale);
                if (!whole) out[i] = pack.v[l];
                if (++j == dim) j = 0;
                if (++within == group) {
                    within = 0;
                    at++;
                }
            }
            if (whole) *(Pack*)(out + first + k) = pack;
        }
    }
}

KERNEL(h_phase)(real* out, const real* x, const real* weights, const real* syntony, double strength, size packs, size n,
                size dim, size group) {
    const bool shared = group >= n;
    const real factor = (real)strength * (real)PHI_INVERSE;
    const real all = shared ? factor * syntony[0] : (real)0;
    map_one<1>(out, x, packs, n, [=](size i, real x) {
        const real beta = shared ? all : factor * syntony[quotient(i, group)];
        return x * (1 - beta * (1 - weights[remainder_of(i, dim)]));
    });
}
