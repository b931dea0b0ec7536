// Attention of queries (batch, queries, heads * d) to keys (batch, keys, heads * d) with values (batch, keys, heads * dv), in
// three plain steps: scores, weights, sums. A thread for each number of a result, every sum in rising order. What a masked
// key holds, even NaN, goes nowhere; a query without a key that counts gives 0.

struct Sizes {
    size heads, queries, keys, d, dv, causal;
};
#define SIZES_ARGUMENTS size heads, size queries, size keys, size d, size dv, size causal
#define SIZES                                                                                                         \
    Sizes { heads, queries, keys, d, dv, causal }

// Whether a query of a sample sees a key; `mask` (batch, keys) is 0 where a key is ignored, and may be null.
__device__ inline bool seen(const real* mask, const Sizes& s, size batch, size query, size key) {
    return !(s.causal && key > query) && !(mask && mask[batch * s.keys + key] == 0);
}

// out (batch * heads, queries, keys) = scale q . k.
KERNEL(attention_scores)(real* out, const real* query, const real* key, const real* mask, SIZES_ARGUMENTS, double scale, size n) {
    const Sizes s = SIZES;
    for (size i = thread_number(); i < n; i += thread_count()) {
        const size row = quotient(i, keys), k = i - row * keys;
        const size lane = quotient(row, queries), q = row - lane * queries;
        const size batch = quotient(lane, heads), head = lane - batch * heads;
        if (!seen(mask, s, batch, q, k)) {
            out[i] = -INFINITE;
            continue;
        }
        const real* of_q = query + ((batch * queries + q) * heads + head) * d;
        const real* of_k = key + ((batch * keys + k) * heads + head) * d;
        real sum = 0;
        for (size j = 0; j < d; j++) sum = fma(of_q[j] * (real)scale, of_k[j], sum);
        out[i] = sum;
    }
}

// out, of the scores' shape, = softmax over the keys that are seen, 0 for the others; a thread for each query.
KERNEL(attention_weights)(real* out, const real* scores, const real* mask, SIZES_ARGUMENTS, size n) {
    const Sizes s = SIZES;
    const size rows = keys > 0 ? quotient(n, keys) : 0;
    for (size row = thread_number(); row < rows; row += thread_count()) {
        const size lane = quotient(row, queries), q = row - lane * queries, batch = quotient(lane, heads);
        const real* own = scores + row * keys;
        real* to = out + row * keys;
        real largest = -INFINITE;
        for (size k = 0; k < keys; k++) {
            if (seen(mask, s, batch, q, k)) largest = Larger()(largest, own[k]);
        }
        const bool level = largest == -INFINITE;
        real sum = 0;
        for (size k = 0; k < keys; k++) {
            const bool counts = seen(mask, s, batch, q, k);
            to[k] = counts ? (level ? (real)1 : exp(own[k] - largest)) : (real)0;
            sum += to[k];
        }
        for (size k = 0; k < keys; k++) to[k] = sum == 0 ? (real)0 : to[k] / sum;
    }
}

// out (batch, queries, heads * dv) = the sums of the values by these weights.
KERNEL(attention_values)(real* out, const real* weights, const real* value, const real* mask, SIZES_ARGUMENTS, size n) {
    const Sizes s = SIZES;
    for (size i = thread_number(); i < n; i += thread_count()) {
        const size column = quotient(i, dv), j = i - column * dv;
        const size place = quotient(column, heads), head = column - place * heads;
        const size batch = quotient(place, queries), q = place - batch * queries;
        const real* own = weights + ((batch * heads + head) * queries + q) * keys;
        real sum = 0;
        for (size k = 0; k < keys; k++) {
            if (seen(mask, s, batch, q, k)) sum = fma(own[k], value[((batch * keys + k) * heads + head) * dv + j], sum);
        }
        out[i] = sum;
    }
}
