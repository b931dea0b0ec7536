// Rows of a table for token numbers that are written as floats; a number that names no row gives NaN.

KERNEL(embedding)(real* out, const real* tokens, const real* table, size rows, size width, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        const size place = quotient(i, width);
        const real token = tokens[place];
        const bool named = token >= 0 && token < (real)rows && token == floor(token);
        out[i] = named ? table[(size)token * width + (i - place * width)] : (real)__longlong_as_double(0x7FF8000000000000LL);
    }
}
