// The seven-point operator of one field, in activity a = c / K:
//
//   (A u)_n = S_n u_n + sum over faces T_f (u_n - u_neighbour) + [k = 0] top (u_n - e_0) + [k = nz-1] base (u_n - e_1)
//
// S (screening) = V K (1/(gamma dt) + L). tx[n] is the face between i and i+1 (wrapping; 0 on a mirror side), ty and tz
// likewise. top and base are the conductances to the reservoirs; e = exchange is the reservoirs' activity, which follows
// from u (kernel contact), so that a well-stirred donor is eliminated from the matrix.
// Meaning of each kernel: mnrd/backends/reference.py, function of the same name.

// s_lateral = 1 / sum_m phi_m / s_m (series), s_vertical = sum_m phi_m s_m (parallel): the fraction rule.
KERNEL mix_conductivity(
    int nx, int ny, int nz, int materials,
    const unsigned char *fractions, // (materials, nz, ny, nx), sums to 255
    const double *lateral,          // (materials, nz) D_xy K, um^2/s
    const double *vertical,         // (materials, nz) D_z K, um^2/s
    real *s_lateral, real *s_vertical)
{
    const index_t cells = (index_t)nx * ny * nz;
    FOR_EACH_CELL(n, cells)
    {
        const index_t k = n / ((index_t)nx * ny);
        double resistance = 0, conductance = 0;
        for (int m = 0; m < materials; ++m) {
            const int byte = fractions[m * cells + n];
            const double phi = byte / 255.0, s = lateral[m * (index_t)nz + k];
            resistance += byte ? phi / s : 0; // s = 0: infinite resistance
            conductance += phi * vertical[m * (index_t)nz + k];
        }
        s_lateral[n] = (real)(1 / resistance);
        s_vertical[n] = (real)conductance;
    }
}

// T_f = A_f / (h_i / (2 s_i) + h_j / (2 s_j)); zero where either side is impermeable.
INLINE real series(double area, double h_i, double s_i, double h_j, double s_j)
{
    return s_i > 0 && s_j > 0 ? (real)(2 * area * s_i * s_j / (h_i * s_j + h_j * s_i)) : (real)0;
}

KERNEL transmissibility(
    int nx, int ny, int nz, int periodic_x, int periodic_y,
    const double *hx, const double *hy, const double *hz, // (nx), (ny), (nz) widths, um
    const real *s_lateral, const real *s_vertical,        // (nz, ny, nx) um^2/s
    real *tx, real *ty, real *tz)                         // (nz, ny, nx) um^3/s
{
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        ROW_NEIGHBOURS;
        const int j_south = j + 1 < ny ? j + 1 : 0, k_down = k + 1 < nz ? k + 1 : k;
        const int open_y = ny > 1 && (j + 1 < ny || periodic_y), open_z = k + 1 < nz;
        FOR_ROW_STENCIL(i, nx)
        {
            const index_t n = row * nx + i;
            const int open_x = nx > 1 && (east == 1 || periodic_x);
            const real x_face = series(hy[j] * hz[k], hx[i], s_lateral[n], hx[i + east], s_lateral[n + east]);
            const real y_face = series(hx[i] * hz[k], hy[j], s_lateral[n], hy[j_south], s_lateral[n + south]);
            const real z_face = series(hx[i] * hy[j], hz[k], s_vertical[n], hz[k_down], s_vertical[n + down]);
            tx[n] = open_x ? x_face : (real)0;
            ty[n] = open_y ? y_face : (real)0;
            tz[n] = open_z ? z_face : (real)0;
        }
    }
}

// partial[row] = max over the row of (sum of the four lateral T) / capacity: the lateral coupling rate, 1/s.
KERNEL coupling(
    int nx, int ny, int nz, const real *tx, const real *ty, const real *capacity, // (nz, ny, nx)
    double *partial)                                                              // (nz, ny)
{
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        ROW_NEIGHBOURS;
        double largest = 0;
        FOR_ROW_STENCIL_MAX(i, nx, largest)
        {
            const index_t n = row * nx + i;
            const double rate = ((double)tx[n] + tx[n - west] + ty[n] + ty[n - north]) / capacity[n];
            largest = rate > largest ? rate : largest;
        }
        largest = row_maximum(largest);
        if (ROW_LEADER) partial[row] = largest;
    }
}

// exchange[0] = factor_top sum(top u_first) + offset_top, exchange[1] likewise at the base.
KERNEL contact(
    int nx, int ny, int nz, const real *u, const real *top, const real *base, // (nz, ny, nx), (ny, nx), (ny, nx)
    double factor_top, double factor_base, double *exchange)                  // (2)
{
    FOR_EACH_ROW(side, 2)
    {
        const index_t plane = (index_t)nx * ny;
        const real *g = side ? base : top, *first = side ? u + (nz - 1) * plane : u;
        double sum = 0;
        FOR_ROW_SUM(i, plane, sum) sum += (double)g[i] * first[i];
        sum = row_total(sum);
        if (ROW_LEADER) exchange[side] = (side ? factor_base : factor_top) * sum;
    }
}

// r = b - A u
KERNEL residual(
    int nx, int ny, int nz, const real *b, const real *u, const real *screening,
    const real *tx, const real *ty, const real *tz, const real *top, const real *base, // (nz, ny, nx) and (ny, nx)
    const double *exchange, real *r)
{
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        ROW_NEIGHBOURS;
        const real e_top = (real)exchange[0], e_base = (real)exchange[1];
        const real *g_top = top + (index_t)j * nx, *g_base = base + (index_t)j * nx;
        const real at_top = k == 0, at_base = k + 1 == nz;
        FOR_ROW_STENCIL(i, nx)
        {
            const index_t n = row * nx + i;
            r[n] = b[n] - screening[n] * u[n] - OUTFLOW(u) - at_top * g_top[i] * (u[n] - e_top)
                   - at_base * g_base[i] * (u[n] - e_base);
        }
    }
}

// q = A p, partial[row] = sum over the row of p q
KERNEL apply(
    int nx, int ny, int nz, const real *p, const real *screening,
    const real *tx, const real *ty, const real *tz, const real *top, const real *base,
    const double *exchange, real *q, double *partial) // partial (nz, ny)
{
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        ROW_NEIGHBOURS;
        const real e_top = (real)exchange[0], e_base = (real)exchange[1];
        const real *g_top = top + (index_t)j * nx, *g_base = base + (index_t)j * nx;
        const real at_top = k == 0, at_base = k + 1 == nz;
        double sum = 0;
        FOR_ROW_STENCIL_SUM(i, nx, sum)
        {
            const index_t n = row * nx + i;
            q[n] = screening[n] * p[n] + OUTFLOW(p) + at_top * g_top[i] * (p[n] - e_top)
                   + at_base * g_base[i] * (p[n] - e_base);
            sum += (double)p[n] * q[n];
        }
        sum = row_total(sum);
        if (ROW_LEADER) partial[row] = sum;
    }
}
