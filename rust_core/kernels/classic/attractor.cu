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

// out[b][j] as `centroid`, over the slots of list b alone; -1 in a list stands for no slot.
KERNEL(centroids)(real* out, const real* states, const double* weights, const int* lists, size batch, size longest, size n) {
    for (size i = thread_number(); i < batch * n; i += thread_count()) {
        const size list = quotient(i, n), j = i - list * n;
        double whole = 0, sum = 0;
        for (size k = 0; k < longest; k++) {
            const int slot = lists[list * longest + k];
            if (slot < 0 || !(weights[slot] > 0)) continue;
            whole += weights[slot];
            sum += weights[slot] * (double)states[slot * n + j];
        }
        out[i] = whole < 1e-300 ? (real)0 : (real)(sum / whole);
    }
}

// out_i = v_i + strength sum_j m_j (x_j - x_i) / (|x_j - x_i|^2 + softening^2)^(3/2): the kick that bodies in three dimensions
// give one another. Added in binary64, in the order of the bodies; bodies in one place do not pull.
KERNEL(geodesic_gravity)(real* out, const real* places, const real* velocities, const real* masses, double strength,
                         double softening, size n) {
    constexpr int TILE = 256;
    __shared__ double others[4][TILE];
    for (size first = (size)blockIdx.x * blockDim.x; first < n; first += thread_count()) {
        const size i = first + threadIdx.x, own = i < n ? i : 0;
        double place[3], kick[3] = {0, 0, 0};
#pragma unroll
        for (int k = 0; k < 3; k++) place[k] = places[3 * own + k];
        for (size begin = 0; begin < n; begin += TILE) {
            const int count = (int)(n - begin < TILE ? n - begin : TILE);
            __syncthreads();  // all are done with the tile before
            for (int j = threadIdx.x; j < count; j += blockDim.x) {
#pragma unroll
                for (int k = 0; k < 3; k++) others[k][j] = places[3 * (begin + j) + k];
                others[3][j] = masses[begin + j];
            }
            __syncthreads();
#pragma unroll 2
            for (int j = 0; j < count; j++) {
                const double x = others[0][j] - place[0], y = others[1][j] - place[1], z = others[2][j] - place[2];
                const double square = x * x + y * y + z * z + softening * softening;
                const double pull = square > 0 ? others[3][j] / (square * sqrt(square)) : (square == 0 ? 0 : square);
                kick[0] += pull * x;
                kick[1] += pull * y;
                kick[2] += pull * z;
            }
        }
        if (i >= n) continue;
#pragma unroll
        for (int k = 0; k < 3; k++) out[3 * i + k] = (real)((double)velocities[3 * i + k] + strength * kick[k]);
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
