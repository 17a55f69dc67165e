// Between the levels: columns are joined in x and y only, z is never coarsened. first_x[I] .. first_x[I+1] are the fine
// columns of coarse column I. Meaning: mnrd/backends/reference.py, functions of the same names.

// coarse[K, J, I] = sum of fine over the columns of the aggregate (residuals, screenings, capacities, planes with nz = 1).
KERNEL restrict_sum(
    int nx, int ny, int nz, int coarse_nx, int coarse_ny, const double *going,
    const int *first_x, const int *first_y, // (coarse_nx + 1), (coarse_ny + 1)
    const real *fine, real *coarse)         // (nz, ny, nx), (nz, coarse_ny, coarse_nx)
{
    ONLY_IF(going);
    FOR_EACH_ROW(row, (index_t)coarse_ny * nz)
    {
        const int J = (int)(row % coarse_ny), k = (int)(row / coarse_ny);
        FOR_ROW_CELLS(I, coarse_nx)
        {
            real sum = 0;
            for (int j = first_y[J]; j < first_y[J + 1]; ++j)
                for (int i = first_x[I]; i < first_x[I + 1]; ++i) sum += fine[((index_t)k * ny + j) * nx + i];
            coarse[row * coarse_nx + I] = sum;
        }
    }
}

// coarse = the sum over the columns of the aggregate of r = b - A u, which is never stored.
KERNEL residual_restrict(
    int nx, int ny, int nz, int coarse_nx, int coarse_ny, const double *going,
    const int *first_x, const int *first_y,                                            // (coarse_nx + 1), (coarse_ny + 1)
    const real *b, const real *u, const real *screening,                               // (nz, ny, nx)
    const real *tx, const real *ty, const real *tz, const real *top, const real *base, // (nz, ny, nx), (ny, nx)
    const double *exchange, real *coarse)                                              // (2), (nz, coarse_ny, coarse_nx)
{
    ONLY_IF(going);
    FOR_EACH_ROW(joined, (index_t)coarse_ny * nz)
    {
        const int J = (int)(joined % coarse_ny), first = first_y[J], last = first_y[J + 1];
        const real e_top = (real)exchange[0], e_base = (real)exchange[1];
        ROW_BUFFER(line, nx);
        for (int fine_j = first; fine_j < last; ++fine_j) {
            const index_t row = joined / coarse_ny * ny + fine_j;
            ROW_NEIGHBOURS;
            const real *g_top = top + (index_t)j * nx, *g_base = base + (index_t)j * nx;
            const real at_top = k == 0, at_base = k + 1 == nz, following = j > first;
            FOR_ROW_STENCIL(i, nx)
            {
                const index_t n = row * nx + i;
                const real r = b[n] - screening[n] * u[n] - OUTFLOW(u) - at_top * g_top[i] * (u[n] - e_top)
                               - at_base * g_base[i] * (u[n] - e_base);
                line[i] = following ? line[i] + r : r;
            }
        }
        ROW_READY;
        FOR_ROW_CELLS(I, coarse_nx)
        {
            real sum = 0;
            for (int i = first_x[I]; i < first_x[I + 1]; ++i) sum += line[i];
            coarse[joined * coarse_nx + I] = sum;
        }
        ROW_READY;
    }
}

// u += the correction of the aggregate that the column belongs to.
KERNEL prolong_add(
    int nx, int ny, int nz, int coarse_nx, int coarse_ny, const double *going,
    const int *coarse_x, const int *coarse_y, // (nx), (ny)
    const real *correction, real *u)          // (nz, coarse_ny, coarse_nx), (nz, ny, nx)
{
    ONLY_IF(going);
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        const int j = (int)(row % ny), k = (int)(row / ny);
        const real *from = correction + ((index_t)k * coarse_ny + coarse_y[j]) * coarse_nx;
        FOR_ROW_CELLS(i, nx) u[row * nx + i] += from[coarse_x[i]];
    }
}

// Faces between aggregates: tx_c(I) = scale_x(I) sum of tx over the rows of the east side of I; tz_c = sum of tz.
// scale = distance of the fine columns at the face / distance of the coarse ones; 0 where a column is its own neighbour.
KERNEL coarsen_faces(
    int nx, int ny, int nz, int coarse_nx, int coarse_ny, const int *first_x, const int *first_y,
    const double *scale_x, const double *scale_y, // (coarse_nx), (coarse_ny)
    const real *tx, const real *ty, const real *tz, real *coarse_tx, real *coarse_ty, real *coarse_tz)
{
    FOR_EACH_ROW(row, (index_t)coarse_ny * nz)
    {
        const int J = (int)(row % coarse_ny), k = (int)(row / coarse_ny);
        const int y_first = first_y[J], y_last = first_y[J + 1] - 1;
        FOR_ROW_CELLS(I, coarse_nx)
        {
            const int x_first = first_x[I], x_last = first_x[I + 1] - 1;
            real x_sum = 0, y_sum = 0, z_sum = 0;
            for (int j = y_first; j <= y_last; ++j) {
                const index_t start = ((index_t)k * ny + j) * nx;
                x_sum += tx[start + x_last];
                for (int i = x_first; i <= x_last; ++i) z_sum += tz[start + i];
            }
            for (int i = x_first; i <= x_last; ++i) y_sum += ty[((index_t)k * ny + y_last) * nx + i];
            const index_t n = row * coarse_nx + I;
            coarse_tx[n] = (real)scale_x[I] * x_sum;
            coarse_ty[n] = (real)scale_y[J] * y_sum;
            coarse_tz[n] = z_sum;
        }
    }
}

// One column: a well-stirred reservoir acts on its first or last cell alone, and g - g^2 factor on the diagonal is the
// matrix with the reservoir eliminated.
KERNEL eliminate(index_t cells, const double *going, const real *g, const double *factor, real *out) // (cells), (1)
{
    ONLY_IF(going);
    FOR_EACH_CELL(n, cells)
    {
        const double whole = g[n];
        out[n] = (real)(whole - whole * whole * factor[0]);
    }
}
