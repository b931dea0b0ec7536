// The theory's functions of states beside D, H and snap: whole cycles, damping, projection, masks and diffusion.
//
// `syntony` has one number for each group of `group` elements; tables have one for each of `dim` features. Complex states have
// two elements to a feature, and tables in which each number stands twice.

// The S of element i's group.
__device__ inline real syntony_of(const real* syntony, size i, size n, size group) { return syntony[group >= n ? 0 : quotient(i, group)]; }

// D and H of one cycle, both with the S from before it: y = x (1 + (1 - S)/phi^2 |n|) (1 - strength S/phi (1 - w)).
KERNEL(dhsr_cycle)(real* out, const real* x, const real* roots, const real* weights, const real* syntony, double strength,
                   size packs, size n, size dim, size group) {
    map_one<1>(out, x, packs, n, [=](size i, real x) {
        const size j = remainder_of(i, dim);
        const real s = syntony_of(syntony, i, n, group);
        const real stretch = 1 + (1 - s) * (real)PHI_INVERSE_SQUARED * roots[j];
        return x * stretch * (1 - (real)strength * s * (real)PHI_INVERSE * (1 - weights[j]));
    });
}

// y = x max(0, 1 - beta S (1 + delta) sum_l phi^-l max(0, n^2 - t_l^2)), t_l = (l + 1) phi, for `levels` levels l from 0.
KERNEL(damping_cascade)(real* out, const real* x, const real* norms, const real* syntony, double beta, double delta, size levels,
                        size packs, size n, size dim, size group) {
    map_one<1>(out, x, packs, n, [=](size i, real x) {
        const real norm = norms[remainder_of(i, dim)];
        real excess = 0, share = 1;
        for (size l = 0; l < levels; l++) {
            const real edge = (real)((double)(l + 1) * PHI), above = norm - edge * edge;
            excess += above > 0 ? share * above : (real)0;
            share *= (real)PHI_INVERSE;
        }
        const real kept = 1 - (real)(beta * (1 + delta)) * syntony_of(syntony, i, n, group) * excess;
        return kept > 0 ? x * kept : (kept != kept ? kept : (real)0);
    });
}

// y = (1 - g S) x + g S t.
KERNEL(syntony_projection)(real* out, const real* x, const real* target, const real* syntony, double gain, size packs, size n,
                           size group) {
    map_two<1>(out, x, target, packs, n, [=](size i, real x, real t) {
        const real share = (real)gain * syntony_of(syntony, i, n, group);
        return (1 - share) * x + share * t;
    });
}

// y = x (1 + strength (S - t)) from the threshold t on, x (S / t) (1 - strength) below it; once more for each further level, with
// t and strength 1/phi of those before. Adaptive: t of each feature in `thresholds`. Temporal: S is memory past + (1 - memory) S.
KERNEL(gnosis_mask)(real* out, const real* x, const real* thresholds, const real* syntony, const real* past, double threshold,
                    double strength, double memory, size levels, size packs, size n, size dim, size group) {
    map_one<1>(out, x, packs, n, [=](size i, real x) {
        real s = syntony_of(syntony, i, n, group), edge = thresholds ? thresholds[remainder_of(i, dim)] : (real)threshold;
        if (past) s = (real)memory * syntony_of(past, i, n, group) + (real)(1 - memory) * s;
        real force = (real)strength;
#pragma unroll 1
        for (size l = 0; l < levels; l++) {
            x *= s >= edge ? 1 + force * (s - edge) : s / edge * (1 - force);
            edge *= (real)PHI_INVERSE;
            force *= (real)PHI_INVERSE;
        }
        return x;
    });
}

// y = g where the angle of (phi x, g) is at most `threshold`, else 0.
KERNEL(archonic_filter)(real* out, const real* x, const real* gradient, double threshold, size packs, size n) {
    map_two<1>(out, x, gradient, packs, n, [=](size, real x, real g) {
        return fabs(atan2(g, (real)PHI * x)) > (real)threshold ? (real)0 : g;
    });
}

// y = (low + (high - low) tanh |r|) z: noise that is larger where a residual is.
KERNEL(modulated_noise)(real* out, const real* residual, const real* noise, double low, double high, size packs, size n) {
    map_two<1>(out, residual, noise, packs, n, [=](size, real r, real z) {
        return ((real)low + (real)(high - low) * tanh(fabs(r))) * z;
    });
}

// y = sqrt(-2 ln max(u, 1e-10)) cos(2 pi v): a normal of two uniforms.
KERNEL(box_muller)(real* out, const real* u, const real* v, size packs, size n) {
    map_two<1>(out, u, v, packs, n, [](size, real u, real v) {
        return sqrt((real)-2 * log(u > (real)1e-10 ? u : (u != u ? u : (real)1e-10))) * cospi(2 * v);
    });
}

// y = base phi^S: how long a state of syntony S stays in H while it stays `base` in D.
KERNEL(dwell)(real* out, const real* syntony, double base, size packs, size n) {
    map_one<1>(out, syntony, packs, n, [=](size, real s) { return (real)base * exp(s * (real)0.48121182505960347); });
}

// y = x decay, 0 below `least`: the weights of remembered states.
KERNEL(memory_decay)(real* out, const real* x, double decay, double least, size packs, size n) {
    map_one(out, x, packs, n, [=](size, real x) {
        const real y = x * (real)decay;
        return y < (real)least ? (real)0 : y;
    });
}

// y = keep x + push F + spread Lap x, the second differences along the last one or two axes of (outer, height, width, parts),
// which are rings. F may be null; height 1 stands for one axis.
KERNEL(differentiation_full)(real* out, const real* x, const real* force, double keep, double push, double spread, size height,
                             size width, size parts, size n) {
    const size line = width * parts;
    for (size i = thread_number(); i < n; i += thread_count()) {
        const size row = quotient(i, line), along = i - row * line, column = quotient(along, parts);
        const size down = remainder_of(row, height);
        const real own = x[i];
        const real left = x[column > 0 ? i - parts : i + line - parts], right = x[column + 1 < width ? i + parts : i - line + parts];
        real differences = (left - own) + (right - own);
        if (height > 1) {
            const real above = x[down > 0 ? i - line : i + (height - 1) * line], below = x[down + 1 < height ? i + line : i - down * line];
            differences += (above - own) + (below - own);
        }
        out[i] = (real)keep * own + (force ? (real)push * force[i] : (real)0) + (real)spread * differences;
    }
}

// partial[block] = the block's share of sum_i sum_(j != i) phi^(x_i x_j / (n - 1)) / n; the host adds the shares in order.
KERNEL(pair_syntony)(double* partial, const real* x, size n) {
    __shared__ double shared[32];
    const double rate = 0.48121182505960347 / (double)(n - 1);
    double sum = 0;
    for (size i = blockIdx.x; i < n; i += gridDim.x) {
        const double own = (double)x[i] * rate;
        for (size j = threadIdx.x; j < n; j += blockDim.x) {
            if (j != i) sum += exp(own * (double)x[j]);
        }
    }
    sum = block_reduce(sum, 0.0, Sum(), shared);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum / (double)n;
}
