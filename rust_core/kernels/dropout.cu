// Dropout: the mask has the bits of the CPU's, a pure function of (seed, generation, pair, layer, element). Two members, of `length`
// numbers each, are a pair.

KERNEL(dropout)(real* out, const real* x, size stream, size layer, size dropped, double scale, size seed, size generation,
                size pair, size length, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        const size member = quotient(i, length), at = i - member * length;
        const Words words = philox((unsigned int)(at / 4), (unsigned int)layer, (unsigned int)(pair + member / 2),
                                   (unsigned int)generation, (unsigned int)seed, (unsigned int)stream);
        out[i] = words.v[at % 4] < (unsigned int)dropped ? (real)0 : x[i] * (real)scale;
    }
}
