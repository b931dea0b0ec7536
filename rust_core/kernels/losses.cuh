// What a row loses, and what a group of threads makes of its rows.

// Sums of what each row loses, and of the rows' weights.
struct Loss {
    real plus, minus, weight;
};

// Adds f(x, y) for each element of the rows of this thread; y is shared.
template <int WIDTH, class F>
__device__ inline void mean_of_pairs(const Group& group, Loss& loss, const Values<WIDTH>& x, const Shared& y, F f) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        if (group.row(r) < BATCH) {
#pragma unroll (WIDTH <= 128 ? WIDTH : 4)
            for (int i = 0; i < WIDTH; i++) {
                const real target = y.x[group.row(r) * WIDTH + i];
                loss.plus += f(x.plus[r][i], target);
                loss.minus += f(x.minus[r][i], target);
                loss.weight += 1;
            }
        }
    }
}

// ln sum_j e^(x_j) - x_label.
template <int CLASSES>
__device__ inline real row_entropy(const real (&x)[CLASSES], real label) {
    real largest = -INFINITE, picked = (real)__longlong_as_double(0x7FF8000000000000LL), sum = 0;
#pragma unroll (CLASSES <= 128 ? CLASSES : 4)
    for (int c = 0; c < CLASSES; c++) {
        largest = largest < x[c] ? x[c] : largest;
        picked = label == c ? x[c] : picked;
    }
#pragma unroll (CLASSES <= 128 ? CLASSES : 4)
    for (int c = 0; c < CLASSES; c++) sum += exp(x[c] - largest);
    return log(sum) + (largest - picked);
}

// Adds the cross-entropy of each row; rows of weight 0 are left out whatever they hold.
template <int CLASSES>
__device__ inline void cross_entropy(const Group& group, Loss& loss, const Values<CLASSES>& x, const Shared& labels, const real* weights) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        if (group.row(r) < BATCH) {
            const real label = labels.x[group.row(r)], weight = weights ? weights[group.row(r)] : (real)1;
            if (weight != 0) {
                loss.plus += weight * row_entropy(x.plus[r], label);
                loss.minus += weight * row_entropy(x.minus[r], label);
                loss.weight += weight;
            }
        }
    }
}

// Adds x over the threads of the group, in a fixed order; the group's first thread gets the sum.
__device__ inline double group_sum(double x, double* partial) {
    x = warp_reduce<(GROUP < 32 ? GROUP : 32)>(x, Sum());
    if (GROUP <= 32) return x;
    __syncthreads();
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = x;
    __syncthreads();
    double sum = 0;
    for (int warp = 0; warp < THREADS / 32; warp++) sum += partial[warp];
    return sum;
}

// Writes what was found of both members.
__device__ inline void finish(const Group& group, const Loss& loss, double* losses, double* syntonies, unsigned int pairs, double* partial) {
    const double weight = group_sum(loss.weight, partial);
    const double plus = group_sum(loss.plus, partial), minus = group_sum(loss.minus, partial);
    double low_plus = 0, low_minus = 0, total_plus = 0, total_minus = 0;
    if (SYNTONY) {
        low_plus = group_sum(group.energies.low_plus, partial);
        low_minus = group_sum(group.energies.low_minus, partial);
        total_plus = group_sum(group.energies.total_plus, partial);
        total_minus = group_sum(group.energies.total_minus, partial);
    }
    if (group.lane == 0 && group.pair < pairs) {
        losses[2 * group.pair] = (double)(real)(plus / weight);
        losses[2 * group.pair + 1] = (double)(real)(minus / weight);
        if (SYNTONY) {
            syntonies[2 * group.pair] = total_plus == 0 ? 0 : low_plus / total_plus;
            syntonies[2 * group.pair + 1] = total_minus == 0 ? 0 : low_minus / total_minus;
        }
    }
}
