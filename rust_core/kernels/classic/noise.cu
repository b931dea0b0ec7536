// The noise of a population: out[pair][i] is normal i of (seed, stream, generation, pair, parameter), with the bits of the CPU.

KERNEL(noise)(real* out, size seed, size stream, size parameter, size first_pair, size generation, size pairs, size n) {
    const size blocks = (n + NORMALS_PER_BLOCK - 1) / NORMALS_PER_BLOCK;
    for (size at = thread_number(); at < pairs * blocks; at += thread_count()) {
        const size pair = at / blocks, block = at % blocks;
        const Words words = philox((unsigned int)block, (unsigned int)parameter, (unsigned int)(first_pair + pair),
                                   (unsigned int)generation, (unsigned int)seed, (unsigned int)stream);
        real* own = out + pair * n + block * NORMALS_PER_BLOCK;
        const int count = n - block * NORMALS_PER_BLOCK < NORMALS_PER_BLOCK ? (int)(n - block * NORMALS_PER_BLOCK) : NORMALS_PER_BLOCK;
        if (n % LANES == 0) {
#pragma unroll
            for (int i = 0; i < NORMALS_PER_BLOCK; i += LANES) {
                Pack pack;
#pragma unroll
                for (int k = 0; k < LANES; k++) pack.v[k] = normal_of(words, i + k);
                if (i < count) *(Pack*)(own + i) = pack;
            }
        } else {
#pragma unroll
            for (int i = 0; i < NORMALS_PER_BLOCK; i++) {
                if (i < count) own[i] = normal_of(words, i);
            }
        }
    }
}

// members[2 p] = centre + sigma * noise of pair p, members[2 p + 1] = centre - sigma * noise.
KERNEL(perturb)(real* members, const real* centre, double sigma, size seed, size stream, size parameter, size first_pair,
                size generation, size pairs, size n) {
    const size blocks = (n + NORMALS_PER_BLOCK - 1) / NORMALS_PER_BLOCK;
    for (size at = thread_number(); at < pairs * blocks; at += thread_count()) {
        const size pair = at / blocks, block = at % blocks;
        const Words words = philox((unsigned int)block, (unsigned int)parameter, (unsigned int)(first_pair + pair),
                                   (unsigned int)generation, (unsigned int)seed, (unsigned int)stream);
        real* plus = members + 2 * pair * n;
        real* minus = plus + n;
        for (int i = 0; i < NORMALS_PER_BLOCK; i++) {
            const size element = block * NORMALS_PER_BLOCK + i;
            if (element < n) {
                const real step = (real)sigma * (real)normal_of(words, i);
                plus[element] = centre[element] + step;
                minus[element] = centre[element] - step;
            }
        }
    }
}
