// Rows of a table for token numbers that are written as floats; a number that names no row gives NaN. Members have a table each,
// one behind the other, and `places` tokens: their own, or where `shared` the same.

KERNEL(embedding)(real* out, const real* tokens, const real* table, size rows, size width, size places, size shared, size n) {
    for (size i = thread_number(); i < n; i += thread_count()) {
        const size place = quotient(i, width);
        const size member = quotient(place, places);
        const real token = tokens[shared ? place - member * places : place];
        const real* own = table + member * rows * width;
        const bool named = token >= 0 && token < (real)rows && token == floor(token);
        out[i] = named ? own[(size)token * width + (i - place * width)] : (real)__longlong_as_double(0x7FF8000000000000LL);
    }
}
