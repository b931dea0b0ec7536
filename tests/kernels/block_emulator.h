// Runs a CUDA kernel's source on the CPU: a thread of the processor for each thread of a block, one block after another.
//
// Barriers are real ones and shuffles exchange through memory, so that index arithmetic, tails and the order of reductions
// are those of the kernel. What a GPU does beside that (clusters, vector widths, speed) is not here.

#include <math.h>

#include <atomic>
#include <barrier>
#include <cmath>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#define EMULATED
#define __device__
#define __global__
#define __noinline__
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __shared__ static

struct Dim {
    unsigned int x = 1, y = 1, z = 1;
};
struct double2 {
    double x, y;
};
struct float2 {
    float x, y;
};
struct int2 {
    int x, y;
};
struct float4 {
    float x, y, z, w;
};

static double2 make_double2(double x, double y) { return {x, y}; }
static float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
template <class T>
static T __ldcs(const T* from) { return *from; }
template <class T>
static void __stcs(T* to, T x) { *to = x; }
static double __longlong_as_double(long long x) {
    double y;
    memcpy(&y, &x, sizeof y);
    return y;
}

static long long __double_as_longlong(double x) {
    long long y;
    memcpy(&y, &x, sizeof y);
    return y;
}
static void sincospi(double x, double* sine, double* cosine) {
    *sine = sin(M_PI * x);
    *cosine = cos(M_PI * x);
}
static int __float_as_int(float x) {
    int y;
    memcpy(&y, &x, sizeof y);
    return y;
}
static float __int_as_float(int x) {
    float y;
    memcpy(&y, &x, sizeof y);
    return y;
}
static float __fmul_rn(float a, float b) { return a * b; }
static float __fadd_rn(float a, float b) { return a + b; }
static float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static double __dmul_rn(double a, double b) { return a * b; }
static double __dadd_rn(double a, double b) { return a + b; }
static double __dsub_rn(double a, double b) { return a - b; }
static unsigned int __umulhi(unsigned int a, unsigned int b) { return (unsigned long long)a * b >> 32; }
static float cospi(float x) { return cosf(3.14159265358979f * x); }
static void atomicAdd(unsigned int* to, unsigned int x) { std::atomic_ref<unsigned int>(*to).fetch_add(x); }

thread_local Dim threadIdx, blockIdx;
static Dim blockDim, gridDim;
static std::unique_ptr<std::barrier<>> block;
static std::vector<std::unique_ptr<std::barrier<>>> warps;
static unsigned char lanes[1024][16];

// Named by asynchronous copies, which are for a GPU alone: a kernel that came to use them here would not link.
unsigned long long __cvta_generic_to_shared(const void*);

static void __syncthreads() { block->arrive_and_wait(); }

static void __syncwarp() { warps[(threadIdx.y * blockDim.x + threadIdx.x) / 32]->arrive_and_wait(); }

template <class T>
static T __shfl_xor_sync(unsigned int, T x, int offset) {
    const unsigned int own = threadIdx.y * blockDim.x + threadIdx.x;
    memcpy(lanes[own], &x, sizeof x);
    warps[own / 32]->arrive_and_wait();
    memcpy(&x, lanes[own ^ offset], sizeof x);
    warps[own / 32]->arrive_and_wait();
    return x;
}

static bool __any_sync(unsigned int mask, bool x) {
    for (int offset = 16; offset > 0; offset /= 2) x |= __shfl_xor_sync(mask, x, offset);
    return x;
}

// A tensor core's product: every lane shows its numbers to the warp. Numbers have 11 bits where their low ones are cut off.
static float cut(float x) { return __int_as_float(__float_as_int(x) & 0xFFFFE000); }
static float shown[1024][6];

template <class Four>
static void multiply_tile(float (&c)[4], const Four& a, float b0, float b1) {
    const unsigned int own = threadIdx.y * blockDim.x + threadIdx.x, first = own / 32 * 32, g = own % 32 / 4, t = own % 4;
    for (int i = 0; i < 4; i++) shown[own][i] = cut(a.v[i]);
    shown[own][4] = cut(b0);
    shown[own][5] = cut(b1);
    warps[own / 32]->arrive_and_wait();
    for (int i = 0; i < 4; i++) {
        for (unsigned int k = 0; k < 8; k++) {
            const float* of_a = shown[first + 4 * g + k % 4];
            c[i] += of_a[i / 2 + 2 * (k / 4)] * shown[first + 4 * (2 * t + i % 2) + k % 4][4 + k / 4];
        }
    }
    warps[own / 32]->arrive_and_wait();
}

template <class F>
static void launch(Dim grid, Dim threads, F kernel) {
    gridDim = grid;
    blockDim = threads;
    const unsigned int count = threads.x * threads.y;
    for (unsigned int b = 0; b < grid.x * grid.y; b++) {
        block = std::make_unique<std::barrier<>>(count);
        warps.clear();
        for (unsigned int w = 0; w < count / 32; w++) warps.push_back(std::make_unique<std::barrier<>>(32));
        std::vector<std::thread> all;
        for (unsigned int t = 0; t < count; t++) {
            all.emplace_back([=] {
                threadIdx = {t % threads.x, t / threads.x, 0};
                blockIdx = {b % grid.x, b / grid.x, 0};
                kernel();
            });
        }
        for (std::thread& thread : all) thread.join();
    }
}
