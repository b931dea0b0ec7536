// Dropout: the mask has the bits of the CPU's, a pure function of (seed, generation, pair, layer, element); here the first
// three are 0.

KERNEL(dropout)(real* out, const real* x, size stream, size layer, size dropped, double scale, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        const Words words = philox((unsigned int)(i / 4), (unsigned int)layer, 0, 0, 0, (unsigned int)stream);
        out[i] = words.v[i % 4] < (unsigned int)dropped ? (real)0 : x[i] * (real)scale;
    }
}
