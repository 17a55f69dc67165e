// Vector work of the conjugate gradients. partial is (nz, ny): one sum per row, added up in a fixed order by the backend.
// Meaning: mnrd/backends/reference.py, functions of the same names.

// partial[row] = sum a b
KERNEL inner(int nx, int ny, int nz, const real *a, const real *b, double *partial)
{
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        const real *p = a + row * nx, *q = b + row * nx;
        double sum = 0;
        FOR_ROW_SUM(i, nx, sum) sum += (double)p[i] * q[i];
        sum = row_total(sum);
        if (ROW_LEADER) partial[row] = sum;
    }
}

// p = z + beta p
KERNEL direction(index_t cells, const real *z, double beta, real *p)
{
    FOR_EACH_CELL(n, cells) p[n] = z[n] + (real)beta * p[n];
}

// d += alpha p, r -= alpha q, partial[row] = sum (metric r)^2
KERNEL advance(
    int nx, int ny, int nz, double alpha, const real *p, const real *q, const real *metric, // (nz, ny, nx)
    real *d, real *r, double *partial)
{
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        const index_t start = row * nx;
        double sum = 0;
        FOR_ROW_SUM(i, nx, sum)
        {
            const index_t n = start + i;
            d[n] += (real)alpha * p[n];
            r[n] -= (real)alpha * q[n];
            const double weighted = (double)metric[n] * r[n];
            sum += weighted * weighted;
        }
        sum = row_total(sum);
        if (ROW_LEADER) partial[row] = sum;
    }
}
