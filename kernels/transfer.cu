// Between the levels: columns are joined in x and y only, z is never coarsened. first_x[I] .. first_x[I+1] are the fine
// columns of coarse column I. Meaning: mnrd/backends/reference.py, functions of the same names.

// line = the sum of rows first to last - 1 of plane k.
INLINE void add_rows(int nx, int ny, int k, int first, int last, const real *fine, real *line)
{
    const real *row = fine + ((index_t)k * ny + first) * nx;
    FOR_ROW_CELLS(i, nx) line[i] = row[i];
    for (int j = first + 1; j < last; ++j) {
        row += nx; // one after the other, as the memory is read ahead
        FOR_ROW_CELLS(i, nx) line[i] += row[i];
    }
}

// coarse[I] = factor times the sum of the line over aggregate I; a row of nothing but pairs needs no look at each.
INLINE void join_cells(int coarse_nx, const int *first_x, real factor, const real *line, real *coarse)
{
    if (IN_PAIRS(first_x, coarse_nx))
        FOR_ROW_CELLS(I, coarse_nx) coarse[I] = factor * (line[2 * I] + line[2 * I + 1]);
    else
        FOR_ROW_CELLS(I, coarse_nx)
        {
            real sum = line[first_x[I]];
            for (int i = first_x[I] + 1; i < first_x[I + 1]; ++i) sum += line[i];
            coarse[I] = factor * sum;
        }
}

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
        ROW_BUFFER(line, nx);
        add_rows(nx, ny, k, first_y[J], first_y[J + 1], fine, line);
        ROW_READY;
        join_cells(coarse_nx, first_x, 1, line, coarse + row * coarse_nx);
        ROW_READY;
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
            ROW_WINDOW(real, u);
            ROW_WINDOW(real, tx);
            FOR_ROW_WINDOW(i, nx)
            {
                const index_t n = row * nx + i;
                const real r = b[n] - screening[n] * u[n] - OUTFLOW(u) - at_top * g_top[i] * (u[n] - e_top)
                               - at_base * g_base[i] * (u[n] - e_base);
                line[i] = following ? line[i] + r : r;
            }
        }
        ROW_READY;
        join_cells(coarse_nx, first_x, 1, line, coarse + joined * coarse_nx);
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
        const int J = (int)(row % coarse_ny), k = (int)(row / coarse_ny), first = first_y[J], last = first_y[J + 1];
        const index_t start = row * coarse_nx;
        ROW_BUFFER(line, nx);
        add_rows(nx, ny, k, first, last, tx, line);
        ROW_READY;
        FOR_ROW_CELLS(I, coarse_nx) coarse_tx[start + I] = (real)scale_x[I] * line[first_x[I + 1] - 1];
        ROW_READY;
        add_rows(nx, ny, k, first, last, tz, line);
        ROW_READY;
        join_cells(coarse_nx, first_x, 1, line, coarse_tz + start);
        join_cells(coarse_nx, first_x, (real)scale_y[J], ty + ((index_t)k * ny + last - 1) * nx, coarse_ty + start);
        ROW_READY;
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
