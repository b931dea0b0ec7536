// Philox4x32-10 and the near-normals of tensor/philox.rs: the same integer operations and the same roundings in the same order.
//
// The intrinsics forbid the compiler to contract a multiplication and an addition that the CPU rounds apart.

struct Words {
    unsigned int v[4];
};

__device__ inline Words philox(unsigned int c0, unsigned int c1, unsigned int c2, unsigned int c3, unsigned int k0, unsigned int k1) {
#pragma unroll
    for (int round = 0; round < 10; round++) {
        const unsigned int high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
        const unsigned int high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return Words{{c0, c1, c2, c3}};
}

constexpr int NORMALS_PER_BLOCK = 8;

// The inverse normal distribution function of one 16-bit half; tensor/philox.rs explains it. Where the CPU converts integers
// this puts them into the mantissa, which is as exact: 1 + k / 2^15 is a float whose bits are known.
__device__ inline float normal(unsigned int half) {
    const float above = __int_as_float((int)((half & 0x7FFFu) << 8 | 0x3F800000u));
    const float x = __fadd_rn(above, -0.9999847412109375f);
    const float p = __fmul_rn(__fadd_rn(1.0f, -x), __fadd_rn(1.0f, x));
    const int bits = __float_as_int(p), exponent = (int)((unsigned int)(bits - 0x3F3504F3) & 0xFF800000u);
    const float f = __fadd_rn(__int_as_float(bits - exponent), -1.0f);
    float l = 0.17721477f;
    l = __fmaf_rn(l, f, -0.27110592f);
    l = __fmaf_rn(l, f, 0.33632476f);
    l = __fmaf_rn(l, f, -0.4994411f);
    l = __fmaf_rn(l, f, 0.9999671f);
    // The exponent stands 2^23 too high, and ln 2 is that much smaller.
    const float ln = __fmaf_rn((float)exponent, 0.69314718055994530942f * 0x1p-23f, __fmul_rn(f, l));
    const float w = __fadd_rn(-ln, -5.2f);
    float q = 4.8336996e-7f;
    q = __fmaf_rn(q, w, -1.1792462e-5f);
    q = __fmaf_rn(q, w, 7.579717e-5f);
    q = __fmaf_rn(q, w, 2.1243478e-4f);
    q = __fmaf_rn(q, w, -1.0232823e-2f);
    q = __fmaf_rn(q, w, 2.982239e-1f);
    q = __fmaf_rn(q, w, 3.001415f);
    const float z = __fmul_rn(x, q);
    return __int_as_float(__float_as_int(z) | (int)((half & 0x8000u) << 16));
}

// Normal number i of a block, 0 <= i < 8.
__device__ inline float normal_of(const Words& words, int i) {
    const unsigned int word = words.v[i / 2];
    return normal(i % 2 ? word >> 16 : word & 0xFFFFu);
}
