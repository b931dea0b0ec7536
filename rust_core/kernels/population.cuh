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
