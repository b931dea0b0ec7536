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
        LongSum all(keys);
        for (size k = 0; k < keys; k++) {
            const bool counts = seen(mask, s, batch, q, k);
            to[k] = counts ? (level ? (real)1 : exp(own[k] - largest)) : (real)0;
            all.add(to[k]);
        }
        const real sum = all.total();
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
        LongSum sum(keys);
        for (size k = 0; k < keys; k++) {
            if (seen(mask, s, batch, q, k)) sum.add(own[k] * value[((batch * keys + k) * heads + head) * dv + j]);
        }
        out[i] = sum.total();
    }
}

#ifdef ATTENTION_D
constexpr size MANY = 1024;
// All three steps at once for widths that fit registers: a thread for each query of a head, `n` of them, no weights in memory.
KERNEL(attention_whole)(real* out, const real* query, const real* key, const real* value, const real* mask, SIZES_ARGUMENTS,
                        double scale, size n) {
    const Sizes s = SIZES;
    for (size row = thread_number(); row < n; row += thread_count()) {
        const size lane = quotient(row, queries), q = row - lane * queries;
        const size batch = quotient(lane, heads), head = lane - batch * heads;
        const real* of_q = query + ((batch * queries + q) * heads + head) * ATTENTION_D;
        const real* keys_of = key + (batch * keys * heads + head) * ATTENTION_D;
        const real* values_of = value + (batch * keys * heads + head) * ATTENTION_DV;
        real own[ATTENTION_D], sums[ATTENTION_DV] = {}, largest = -INFINITE, whole = 0;
#pragma unroll
        for (int j = 0; j < ATTENTION_D; j++) own[j] = of_q[j] * (real)scale;
        auto score = [&](size k) {
            const real* of_k = keys_of + k * heads * ATTENTION_D;
            real sum = 0;
#pragma unroll
            for (int j = 0; j < ATTENTION_D; j++) sum = fma(own[j], of_k[j], sum);
            return sum;
        };
        const size end = s.causal && q + 1 < keys ? q + 1 : keys;
        for (size k = 0; k < end; k++) {
            if (seen(mask, s, batch, q, k)) largest = Larger()(largest, score(k));
        }
        const bool level = largest == -INFINITE;
        real* to = out + ((batch * queries + q) * heads + head) * ATTENTION_DV;
        double before = 0;
        for (size k = 0; k < end; k++) {
            // Long sums in blocks; those of whole ones wait in the result, where they take no registers.
            if (k > 0 && k % MANY == 0) {
                before += (double)whole, whole = 0;
#pragma unroll
                for (int j = 0; j < ATTENTION_DV; j++) to[j] = k == MANY ? sums[j] : to[j] + sums[j], sums[j] = 0;
            }
            if (!seen(mask, s, batch, q, k)) continue;
            const real weight = level ? (real)1 : exp(score(k) - largest);
            const real* of_v = values_of + k * heads * ATTENTION_DV;
            whole += weight;
#pragma unroll
            for (int j = 0; j < ATTENTION_DV; j++) sums[j] = fma(weight, of_v[j], sums[j]);
        }
        whole = (real)(before + (double)whole);
#pragma unroll
        for (int j = 0; j < ATTENTION_DV; j++) to[j] = whole == 0 ? (real)0 : (end > MANY ? to[j] + sums[j] : sums[j]) / whole;
    }
}
#endif
