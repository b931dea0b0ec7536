// The same numbers in another arrangement: walks with steps, parts of an axis, chosen entries. A thread for each number written.

constexpr int MAX_AXES = 8;
// The layout of the host's `Axes`: `rank` axes of `sizes`, outermost first, and the steps through the input.
struct Walk {
    size rank;
    size sizes[MAX_AXES], steps[MAX_AXES], unused[MAX_AXES];
};

// out[i] is the number of x that the indices of i lead to, from `start` on.
KERNEL(gather)(real* out, const real* x, Walk walk, size start, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        size rest = i, at = start;
        for (int axis = (int)walk.rank - 1; axis >= 0; axis--) {
            const size next = quotient(rest, walk.sizes[axis]);
            at += (rest - next * walk.sizes[axis]) * walk.steps[axis];
            rest = next;
        }
        out[i] = x[at];
    }
}

// Writes x, rows of `width` numbers, into rows of `whole` numbers of `out`, from `offset` of each row on.
KERNEL(place)(real* out, const real* x, size width, size whole, size offset, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        const size row = quotient(i, width);
        out[row * whole + offset + (i - row * width)] = x[i];
    }
}

// out (outer, count, inner) has the entries `indices` of the middle axis of x (outer, length, inner).
KERNEL(select)(real* out, const real* x, const size* indices, size count, size length, size inner, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        const size line = quotient(i, inner), outer = quotient(line, count);
        out[i] = x[(outer * length + indices[line - outer * count]) * inner + (i - line * inner)];
    }
}
