// What losses and shares of right answers are means of: a number for each pair, or for each row of logits. There are `own` targets
// and weights, which repeat: members may share them.

__device__ inline real softplus_of(real x) { return (x > 0 ? x : (real)0) + log1p(exp(-fabs(x))); }

KERNEL(binary_cross_entropy)(real* out, const real* x, const real* y, size own, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        const real softplus = x[i] != x[i] ? x[i] : softplus_of(x[i]);
        out[i] = softplus - x[i] * y[remainder_of(i, own)];
    }
}

KERNEL(binary_accuracy)(real* out, const real* x, const real* y, size own, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        out[i] = (y[remainder_of(i, own)] > (real)0.5 ? x[i] > 0 : x[i] <= 0) ? (real)1 : (real)0;
    }
}

// A row that weighs 0 may hold anything.
__device__ inline real weighed(real value, const real* weights, size row) {
    return weights ? (weights[row] == 0 ? (real)0 : weights[row] * value) : value;
}

// out[row] = w (ln sum e^x - x_label + s (x_label - mean x)) of logits (n, classes); NaN where the label is no class.
KERNEL(cross_entropy)(real* out, const real* logits, const real* labels, const real* weights, size classes, size own,
                      double smoothing, size n) {
    for (size row = thread_number(); row < n; row += thread_count()) {
        const real* x = logits + row * classes;
        const size at = remainder_of(row, own);
        const real label = labels[at];
        const bool named = label >= 0 && label < (real)classes && label == floor(label);
        real largest = -INFINITE;
        for (size c = 0; c < classes; c++) largest = x[c] > largest ? x[c] : largest;
        real sum = 0;
        for (size c = 0; c < classes; c++) sum += exp(x[c] - largest);
        const real picked = named ? x[(size)label] : (real)__longlong_as_double(0x7FF8000000000000LL);
        real spread = 0;
        if (smoothing > 0) {
            real total = 0;
            for (size c = 0; c < classes; c++) total += x[c];
            spread = (real)smoothing * picked - (real)(smoothing / (double)classes) * total;
        }
        out[row] = weighed(log(sum) + ((largest - picked) + spread), weights, at);
    }
}

// As `cross_entropy`, a warp for each row: for many classes.
KERNEL(cross_entropy_wide)(real* out, const real* logits, const real* labels, const real* weights, size classes, size own,
                           double smoothing, size n) {
    const int lane = threadIdx.x % 32;
    for (size row = thread_number() / 32; row < n; row += thread_count() / 32) {
        const real* x = logits + row * classes;
        const size at = remainder_of(row, own);
        const real label = labels[at];
        const bool named = label >= 0 && label < (real)classes && label == floor(label);
        real largest = -INFINITE, sum = 0;
        for (size c = lane; c < classes; c += 32) largest = x[c] > largest ? x[c] : largest;
        largest = warp_reduce(largest, Larger());
        for (size c = lane; c < classes; c += 32) sum += exp(x[c] - largest);
        sum = warp_reduce(sum, Sum());
        const real picked = named ? x[(size)label] : (real)__longlong_as_double(0x7FF8000000000000LL);
        real spread = 0;
        if (smoothing > 0) {
            real total = 0;
            for (size c = lane; c < classes; c += 32) total += x[c];
            total = warp_reduce(total, Sum());
            spread = (real)smoothing * picked - (real)(smoothing / (double)classes) * total;
        }
        if (lane == 0) out[row] = weighed(log(sum) + ((largest - picked) + spread), weights, at);
    }
}

// out[row] = w where the first largest logit is the label's, else 0; NaN never is the largest.
KERNEL(accuracy)(real* out, const real* logits, const real* labels, const real* weights, size classes, size own, size n) {
    for (size row = thread_number(); row < n; row += thread_count()) {
        const real* x = logits + row * classes;
        const size at = remainder_of(row, own);
        real largest = -INFINITE;
        size best = -1;
        for (size c = 0; c < classes; c++) {
            if (x[c] > largest) {
                largest = x[c];
                best = c;
            }
        }
        out[row] = weighed(best >= 0 && (real)best == labels[at] ? (real)1 : (real)0, weights, at);
    }
}
