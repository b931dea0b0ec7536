// Pooling of (batch, height, width, channels): full windows only, no padding. NaN in a window makes its maximum NaN.

struct Window {
    size height, width, channels, rows, columns, row_step, column_step, out_height, out_width;
};

template <class F>
__device__ inline void each_window(const real* x, size count, Window w, F f) {
    for (size i = thread_number(); i < count; i += thread_count()) {
        const size pixel = quotient(i, w.channels), c = i - pixel * w.channels;
        const size line = quotient(pixel, w.out_width), column = pixel - line * w.out_width;
        const size image = quotient(line, w.out_height), row = line - image * w.out_height;
        f(i, x + ((image * w.height + row * w.row_step) * w.width + column * w.column_step) * w.channels + c);
    }
}

#define WINDOW_ARGUMENTS                                                                                              \
    size height, size width, size channels, size rows, size columns, size row_step, size column_step, size out_height, size out_width
#define WINDOW Window{height, width, channels, rows, columns, row_step, column_step, out_height, out_width}

KERNEL(max_pool2d)(real* out, const real* x, size count, WINDOW_ARGUMENTS) {
    each_window(x, count, WINDOW, [=](size i, const real* corner) {
        real largest = -INFINITE;
        for (size r = 0; r < rows; r++) {
            for (size c = 0; c < columns; c++) largest = Larger()(largest, corner[(r * width + c) * channels]);
        }
        out[i] = largest;
    });
}

KERNEL(avg_pool2d)(real* out, const real* x, size count, WINDOW_ARGUMENTS) {
    each_window(x, count, WINDOW, [=](size i, const real* corner) {
        LongSum sum(rows * columns);
        for (size r = 0; r < rows; r++) {
            for (size c = 0; c < columns; c++) sum.add(corner[(r * width + c) * channels]);
        }
        out[i] = sum.total() / (real)(rows * columns);
    });
}
