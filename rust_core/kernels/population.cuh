// What the kernels of a generation share: what a step tells them, and the places of the noise.

// What changes from one generation to the next; the host writes it in front of the centre.
struct Step {
    double sigma, scale;
    unsigned int seed, generation;
};

// The stream of the population's noise: tensor/philox.rs, `Stream::Noise`.
constexpr unsigned int NOISE = 2;

// Block `block` of the normals that a mirrored pair draws for a parameter.
__device__ inline Words noise_words(const Step& step, unsigned int parameter, unsigned int pair, unsigned int block) {
    return philox(block, parameter, pair, step.generation, step.seed, NOISE);
}

// Adds eight numbers over a warp; lanes 4 i .. 4 i + 3 get the sum of number i. Each exchange halves what a lane holds.
template <class T>
__device__ inline double reduce_eight(const T (&x)[8]) {
    double sum[8];
#pragma unroll
    for (int i = 0; i < 8; i++) sum[i] = (double)x[i];
#pragma unroll
    for (int half = 4; half > 0; half /= 2) {
        const bool is_upper = threadIdx.x & (4 * half);
#pragma unroll
        for (int i = 0; i < half; i++) {
            const double given = is_upper ? sum[i] : sum[i + half], kept = is_upper ? sum[i + half] : sum[i];
            sum[i] = kept + __shfl_xor_sync(0xFFFFFFFF, given, 4 * half);
        }
    }
    return warp_reduce<4>(sum[0], Sum());
}
