// One product of tensor cores.

// The leading 11 significant bits.
__device__ inline float leading(float x) { return __int_as_float(__float_as_int(x) & 0xFFFFE000); }

// c += A B with A (16, 8) and B (8, 8) in binary32 of 11 significant bits, sums in binary32: thread 4 g + t of the warp has
// A[g][t], A[g + 8][t], A[g][t + 4], A[g + 8][t + 4], B[t][g], B[t + 4][g] and C[g][2 t], C[g][2 t + 1], C[g + 8][..].
#ifndef EMULATED
template <class Four>
__device__ inline void multiply_tile(float (&c)[4], const Four& a, float b0, float b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(__float_as_int((float)a.v[0])), "r"(__float_as_int((float)a.v[1])), "r"(__float_as_int((float)a.v[2])),
          "r"(__float_as_int((float)a.v[3])), "r"(__float_as_int(b0)), "r"(__float_as_int(b1)));
}
#endif
