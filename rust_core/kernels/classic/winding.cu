// Winding operations: golden weights, energies, the syntony of each row, the Moebius filter, golden decay and mode norms.

// out = e^(-norm/phi).
KERNEL(golden_weights)(real* out, const real* norms, size packs, size n) {
    map_one(out, norms, packs, n, [](size, real norm) { return exp(-norm * (real)PHI_INVERSE); });
}

// out = x^2.
KERNEL(energy)(real* out, const real* x, size packs, size n) {
    map_one(out, x, packs, n, [](size, real x) { return x * x; });
}

// out = e w.
KERNEL(weighted_energy)(real* out, const real* energies, const real* weights, size packs, size n) {
    map_two(out, energies, weights, packs, n, [](size, real e, real w) { return e * w; });
}

// out_i = (scale i / dim)^2, or i^2 for scale 0; computed in binary64, where i^2 is exact up to i = 94,906,265.
KERNEL(mode_norms)(real* out, double scale, size dim) {
    for (size i = thread_number(); i < dim; i += thread_count()) {
        const double mode = scale == 0 ? (double)i : scale * (double)i / (double)dim;
        out[i] = (real)(mode * mode);
    }
}

// What D needs of each feature: |n| and e^(-n^2/(4 phi)).
KERNEL(mode_tables)(real* roots, real* spreads, const real* norms, size dim) {
    for (size i = thread_number(); i < dim; i += thread_count()) {
        roots[i] = (real)sqrt((double)norms[i]);
        spreads[i] = (real)exp(-(double)norms[i] * (PHI_INVERSE / 4));
    }
}

// out = x where the mask of its feature is not 0, else 0.
KERNEL(mobius_filter)(real* out, const real* x, const int* mask, size packs, size n, size dim) {
    map_one<1>(out, x, packs, n, [=](size i, real x) { return mask[remainder_of(i, dim)] ? x : (real)0; });
}

// out = x factor; golden decay of a layer is the factor phi^-layer.
KERNEL(golden_decay)(real* out, const real* x, double factor, size packs, size n) {
    map_one(out, x, packs, n, [=](size, real x) { return x * (real)factor; });
}

// Sums two numbers over a warp in six exchanges instead of ten: after the first, one half of the lanes has the one and the
// other half the other.
__device__ inline double2 warp_sums(double a, double b) {
    const bool lower = threadIdx.x % 32 < 16;
    double mine = (lower ? a : b) + __shfl_xor_sync(0xFFFFFFFF, lower ? b : a, 16);
#pragma unroll
    for (int offset = 8; offset > 0; offset /= 2) mine += __shfl_xor_sync(0xFFFFFFFF, mine, offset);
    const double other = __shfl_xor_sync(0xFFFFFFFF, mine, 16);
    return lower ? make_double2(mine, other) : make_double2(other, mine);
}

struct Energies {
    double weighted, total;
};

// Energies of the numbers that one of `workers` threads reads: from `first` on in steps of `workers` packs.
__device__ inline Energies row_energies(const real* x, const real* w, size dim, size packs, size worker, size workers, double unit) {
    double weighted = 0, total = 0;
    auto add = [&](real value, real weight) {
        const double scaled = unit == 1 ? (double)value : (double)value / unit;
        const double square = scaled * scaled;
        weighted += square * (double)weight;
        total += square;
    };
    size i = worker;
    for (; i + workers < packs; i += 2 * workers) {
        const Pack a = ((const Pack*)x)[i], b = ((const Pack*)x)[i + workers];
        const Pack of_a = ((const Pack*)w)[i], of_b = ((const Pack*)w)[i + workers];
#pragma unroll
        for (int k = 0; k < LANES; k++) add(a.v[k], of_a.v[k]);
#pragma unroll
        for (int k = 0; k < LANES; k++) add(b.v[k], of_b.v[k]);
    }
    for (; i < packs; i += workers) {
        const Pack a = ((const Pack*)x)[i], of_a = ((const Pack*)w)[i];
#pragma unroll
        for (int k = 0; k < LANES; k++) add(a.v[k], of_a.v[k]);
    }
    for (i = packs * LANES + worker; i < dim; i += workers) add(x[i], w[i]);
    return {weighted, total};
}

__device__ inline bool in_range(double total) { return total >= 2.2250738585072014e-308 && total < 1.7976931348623157e308; }

// The energies of a row whose squares leave the range of binary64, in units of its largest number; (0, 1) for zeros. A warp
// calls; few rows need it, and one copy of the code is enough.
__device__ __noinline__ Energies rescaled_energies(const real* x, const real* w, size dim) {
    const int lane = threadIdx.x % 32;
    real largest = 0;
    for (size i = lane; i < dim; i += 32) largest = Larger()(largest, (real)fabs(x[i]));
    largest = warp_reduce(largest, Larger());
    if (largest == 0) return {0, 1};
    const Energies e = row_energies(x, w, dim, 0, lane, 32, largest);
    const double2 sums = warp_sums(e.weighted, e.total);
    return {sums.x, sums.y};
}

// The syntony of each row by one warp: sum x^2 w / sum x^2, 0 without energy.
KERNEL(batch_syntony)(real* out, const real* x, const real* weights, size rows, size dim, size packs) {
    const int lane = threadIdx.x % 32;
    for (size row = thread_number() / 32; row < rows; row += thread_count() / 32) {
        const real* own = x + row * dim;
        Energies e = row_energies(own, weights, dim, packs, lane, 32, 1);
        const double2 sums = warp_sums(e.weighted, e.total);
        e = {sums.x, sums.y};
        if (!in_range(e.total)) e = rescaled_energies(own, weights, dim);
        if (lane == 0) out[row] = (real)(e.weighted / e.total);
    }
}

// batch_syntony for rows that ROW_THREADS <= 32 threads hold in registers, several rows to a warp (rows.cuh).
ROW_KERNEL(batch_syntony_row)(real* out, const real* x, const real* weights, size rows, size dim) {
    const bool live = row_number() < rows;
    real v[ITEMS], w[ITEMS];
    load_row(v, x + (live ? row_number() : 0) * dim, live ? dim : 0, 0);
    load_row(w, weights, dim, 0);
    auto energies = [&](double unit) {
        double weighted = 0, total = 0;
#pragma unroll
        for (int i = 0; i < ITEMS; i++) {
            const double scaled = unit == 1 ? (double)v[i] : (double)v[i] / unit, square = scaled * scaled;
            weighted = fma(square, (double)w[i], weighted);
            total += square;
        }
        return Energies{warp_reduce<ROW_THREADS>(weighted, Sum()), warp_reduce<ROW_THREADS>(total, Sum())};
    };
    Energies e = energies(1);
    if (__any_sync(0xFFFFFFFF, !in_range(e.total))) {
        real largest = 0;
#pragma unroll
        for (int i = 0; i < ITEMS; i++) largest = Larger()(largest, (real)fabs(v[i]));
        largest = warp_reduce<ROW_THREADS>(largest, Larger());
        const Energies again = energies(largest == 0 ? 1 : (double)largest);
        if (!in_range(e.total)) e = largest == 0 ? Energies{0, 1} : again;
    }
    if (live && threadIdx.x == 0) out[row_number()] = (real)(e.weighted / e.total);
}

// Energies of part s of a long row: partial[row][s] = (sum x^2 w, sum x^2), added by one block over `chunk` numbers.
KERNEL(syntony_part)(double2* partial, const real* x, const real* weights, size rows, size dim, size chunk, size parts, size aligned) {
    __shared__ double weighted_shared[32], total_shared[32];
    for (size task = blockIdx.x; task < rows * parts; task += gridDim.x) {
        const size row = task / parts, start = task % parts * chunk;
        const size length = start + chunk < dim ? chunk : (start < dim ? dim - start : 0);
        const Energies e = row_energies(x + row * dim + start, weights + start, length, aligned ? length / LANES : 0, threadIdx.x, blockDim.x, 1);
        const double weighted = block_reduce(e.weighted, 0.0, Sum(), weighted_shared);
        const double total = block_reduce(e.total, 0.0, Sum(), total_shared);
        if (threadIdx.x == 0) partial[task] = make_double2(weighted, total);
        __syncthreads();
    }
}

// The quotient of the added parts, a warp for each row; a row out of range is computed again as in batch_syntony.
KERNEL(syntony_whole)(real* out, const double2* partial, const real* x, const real* weights, size rows, size dim, size parts) {
    const int lane = threadIdx.x % 32;
    for (size row = thread_number() / 32; row < rows; row += thread_count() / 32) {
        Energies e = {0, 0};
        for (size s = lane; s < parts; s += 32) {
            e.weighted += partial[row * parts + s].x;
            e.total += partial[row * parts + s].y;
        }
        const double2 sums = warp_sums(e.weighted, e.total);
        e = {sums.x, sums.y};
        if (!in_range(e.total)) e = rescaled_energies(x + row * dim, weights, dim);
        if (lane == 0) out[row] = (real)(e.weighted / e.total);
    }
}
