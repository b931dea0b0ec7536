// Attractors: the weighted centroid of remembered states, the pull towards it, and the theory's functions of both.

// centroid_j = sum_k w_k A_kj / sum_k w_k over slots with w_k > 0, in the order of the slots; 0 if the weights are all but 0.
KERNEL(centroid)(real* out, const real* states, const double* weights, size slots, size n) {
    double whole = 0;
    for (size k = 0; k < slots; k++) whole += weights[k] > 0 ? weights[k] : 0;
    const double share = whole < 1e-300 ? 0 : 1 / whole;
    for (size j = thread_number(); j < n; j += thread_count()) {
        double sum = 0;
        for (size k = 0; k < slots; k++) {
            if (weights[k] > 0) sum += weights[k] * (double)states[k * n + j];
        }
        out[j] = (real)(sum * share);
    }
}

// partial[block] = the block's share of sum (x - c)^2; the host adds the shares in order with `sum_rows`.
KERNEL(square_distance)(double* partial, const real* x, const real* centroid, size n) {
    __shared__ double shared[32];
    double sum = 0;
    for (size i = thread_number(); i < n; i += thread_count()) {
        const double difference = (double)x[i] - (double)centroid[i];
        sum += difference * difference;
    }
    sum = block_reduce(sum, 0.0, Sum(), shared);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// y = (1 - pull) H x + pull (x + g (c - x)), H x = x (1 - beta (1 - w_j)). With g = 1 the second part is c itself.
KERNEL(retrocausal_harmonize)(real* out, const real* x, const real* centroid, const real* weights, double pull, double beta,
                              double gravity, size packs, size n, size dim) {
    map_two<1>(out, x, centroid, packs, n, [=](size i, real x, real c) {
        const real kept = x * (1 - (real)beta * (1 - weights[remainder_of(i, dim)]));
        const real drawn = gravity == 1 ? c : x + (real)gravity * (c - x);
        return (real)(1 - pull) * kept + (real)pull * drawn;
    });
}

// y = (c - x) (1 - S)^2.
KERNEL(syntony_gradient)(real* out, const real* x, const real* centroid, double syntony, size packs, size n) {
    const real factor = (real)((1 - syntony) * (1 - syntony));
    map_two(out, x, centroid, packs, n, [=](size, real x, real c) { return (c - x) * factor; });
}

// y = d e^(-|d|/phi), d = c - x: the pull of each feature by itself.
KERNEL(feature_distance)(real* out, const real* x, const real* centroid, size packs, size n) {
    map_two(out, x, centroid, packs, n, [](size, real x, real c) {
        const real d = c - x;
        return d * exp(-fabs(d) * (real)PHI_INVERSE);
    });
}

// y = e^(n m / phi), the hooking coefficient of two winding numbers.
KERNEL(hooking_coefficient)(real* out, const real* n, const real* m, size packs, size count) {
    map_two(out, n, m, packs, count, [](size, real a, real b) { return exp(a * b * (real)PHI_INVERSE); });
}
