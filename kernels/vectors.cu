// Vector work of the Krylov solvers. partial is (nz, ny): one sum per row, added up in a fixed order by control.cu.
// Numbers that the iteration finds (beta, step, ...) are read from where control.cu left them.
// Meaning: mnrd/backends/reference.py, functions of the same names.

// partial[row] = sum a b
KERNEL inner(int nx, int ny, int nz, const double *going, const real *a, const real *b, double *partial)
{
    ONLY_IF(going);
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        const real *p = a + row * nx, *q = b + row * nx;
        double sum = 0;
        FOR_ROW_SUM(i, nx, sum) sum += (double)p[i] * q[i];
        sum = row_total(sum);
        if (ROW_LEADER) partial[row] = sum;
    }
}

// p = z + beta p; p is not read where beta = 0
KERNEL direction(index_t cells, const double *going, const real *z, const double *beta, real *p)
{
    ONLY_IF(going);
    const real factor = (real)*beta;
    FOR_EACH_CELL(n, cells) p[n] = factor == 0 ? z[n] : z[n] + factor * p[n];
}

// d += step p (d = step p at the first count), r -= step q, partial[row] = sum (metric r)^2
KERNEL advance(
    int nx, int ny, int nz, const double *going, const double *step, const double *count, // (1), (1), (1)
    const real *p, const real *q, const real *metric,                                     // (nz, ny, nx)
    real *d, real *r, double *partial)
{
    ONLY_IF(going);
    const real alpha = (real)*step;
    const int first = *count == 0;
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        const index_t start = row * nx;
        double sum = 0;
        FOR_ROW_SUM(i, nx, sum)
        {
            const index_t n = start + i;
            d[n] = (first ? (real)0 : d[n]) + alpha * p[n];
            r[n] -= alpha * q[n];
            const double weighted = (double)metric[n] * r[n];
            sum += weighted * weighted;
        }
        sum = row_total(sum);
        if (ROW_LEADER) partial[row] = sum;
    }
}

// to = source
KERNEL copy(index_t cells, const double *going, const real *source, real *to)
{
    ONLY_IF(going);
    FOR_EACH_CELL(n, cells) to[n] = source[n];
}

// d *= factor
KERNEL multiply(index_t cells, const double *going, const real *factor, real *d)
{
    ONLY_IF(going);
    FOR_EACH_CELL(n, cells) d[n] *= factor[n];
}

// partial[row] = largest value of the row
KERNEL row_largest(int nx, int ny, int nz, const double *values, double *partial) // (nz, ny, nx), (nz, ny)
{
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        const double *mine = values + row * nx;
        double largest = mine[0];
        FOR_ROW_MAX(i, nx, largest) largest = mine[i] > largest ? mine[i] : largest;
        largest = row_maximum(largest);
        if (ROW_LEADER) partial[row] = largest;
    }
}
