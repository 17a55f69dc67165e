// The seven-point operator of one field, in activity a = c / K:
//
//   (A u)_n = S_n u_n + sum over faces T_f (u_n - u_neighbour) + [k = 0] top (u_n - e_0) + [k = nz-1] base (u_n - e_1)
//
// S (screening) = V K (1/(gamma dt) + L). tx[n] is the face between i and i+1 (wrapping; 0 on a mirror side), ty and tz
// likewise. top and base are the conductances to the reservoirs; e = exchange is the reservoirs' activity, which follows
// from u (kernels contact and exchange), so that a well-stirred donor is eliminated from the matrix.
// Meaning of each kernel: mnrd/backends/reference.py, function of the same name.

// A value of a channel that closes: g = 1 is open, at 0 it is what its surroundings are (either may be infinite).
INLINE double between(double open, double closed, double g)
{
    return open == closed || g == 0 ? closed : closed + g * (open - closed);
}

// s_lateral = 1 / sum_m phi_m / s_m (series), s_vertical = sum_m phi_m s_m (parallel): the fraction rule.
KERNEL mix_conductivity(
    int nx, int ny, int nz, int materials,
    const unsigned char *fractions,                         // (materials, nz, ny, nx), sums to 255
    const double *lateral, const double *lateral_closed,    // (materials, nz) D_xy K, um^2/s, open and closed
    const double *vertical, const double *vertical_closed,  // (materials, nz) D_z K, um^2/s
    const double *openness,                                 // (materials), in [0, 1]
    real *s_lateral, real *s_vertical)
{
    const index_t rows = (index_t)ny * nz, cells = rows * nx;
    FOR_EACH_ROW(row, rows)
    {
        FOR_ROW_PIECES(i0, lanes, nx)
        {
            real resistance[PIECE], conductance[PIECE];
            FOR_LANES(l, lanes) resistance[l] = conductance[l] = 0;
            for (int m = 0; m < materials; ++m) {
                const unsigned char *bytes = fractions + m * cells + row * nx + i0;
                const index_t at = m * (index_t)nz + row / ny;
                const double g = openness[m];
                const real across = (real)(1 / between(lateral[at], lateral_closed[at], g)); // may be infinite
                const real along = (real)between(vertical[at], vertical_closed[at], g);
                FOR_LANES(l, lanes)
                {
                    const real phi = bytes[l] * (real)(1 / 255.0);
                    resistance[l] += bytes[l] ? phi * across : (real)0;
                    conductance[l] += phi * along;
                }
            }
            FOR_LANES(l, lanes)
            {
                s_lateral[row * nx + i0 + l] = 1 / resistance[l];
                s_vertical[row * nx + i0 + l] = conductance[l];
            }
        }
    }
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
        const real y = (real)hy[j], y_south = (real)hy[j + 1 < ny ? j + 1 : 0];
        const real z = (real)hz[k], z_below = (real)hz[k + 1 < nz ? k + 1 : k];
        const real open_y = ny > 1 && (j + 1 < ny || periodic_y), open_z = k + 1 < nz;
        const int wraps = nx > 1 && periodic_x;
        X_WINDOW(double, hx);
        ROW_WINDOW(real, s_lateral);
        FOR_ROW_WINDOW(i, nx)
        {
            const index_t n = row * nx + i;
            const real x = (real)hx[i], x_east = (real)X_EAST(hx), open_x = (i + 1 < nx) | wraps;
            tx[n] = conductance_of(open_x * y * z, x, s_lateral[n], x_east, EAST(s_lateral));
            ty[n] = conductance_of(open_y * x * z, y, s_lateral[n], y_south, s_lateral[n + south]);
            tz[n] = conductance_of(open_z * x * y, z, s_vertical[n], z_below, s_vertical[n + down]);
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
        ROW_WINDOW(real, tx);
        FOR_ROW_WINDOW_MAX(i, nx, largest)
        {
            const index_t n = row * nx + i;
            const double rate = ((double)tx[n] + WEST(tx) + ty[n] + ty[n - north]) / capacity[n];
            largest = rate > largest ? rate : largest;
        }
        largest = row_maximum(largest);
        if (ROW_LEADER) partial[row] = largest;
    }
}

// resistance (+)= before + 1 / sum_m phi_m p_m over the materials of plane k: a membrane above or below that plane.
KERNEL film(
    int nx, int ny, int nz, int k, int materials, const unsigned char *fractions, // (materials, nz, ny, nx)
    const double *permeability, const double *permeability_closed,                // (materials) um/s, infinite: none
    const double *openness, int add, double before, double *resistance)           // (materials), ..., s/um, (ny, nx) s/um
{
    const index_t plane = (index_t)nx * ny, cells = plane * nz;
    FOR_EACH_CELL(n, plane)
    {
        double sum = 0;
        for (int m = 0; m < materials; ++m) {
            const int byte = fractions[m * cells + k * plane + n];
            sum += byte ? byte / 255.0 * between(permeability[m], permeability_closed[m], openness[m]) : 0;
        }
        resistance[n] = (add ? resistance[n] : 0) + before + 1 / sum;
    }
}

// Plane k to a reservoir, through half a cell of thickness h and a resistance: g = cover 2 s / (h + 2 s R).
KERNEL reach(
    int nx, int ny, int nz, int k, double h, const double *cover, const double *resistance, // um, (ny, nx) um^2, s/um
    const real *s_vertical, real *g)                                                        // (nz, ny, nx), (ny, nx) um^3/s
{
    const index_t plane = (index_t)nx * ny;
    FOR_EACH_CELL(n, plane)
    {
        const double s = s_vertical[k * plane + n], film = resistance[n];
        g[n] = s > 0 && isfinite(film) ? (real)(cover[n] * 2 * s / (h + 2 * s * film)) : (real)0;
    }
}

// A membrane on the faces below plane k: t / (1 + t R / A).
KERNEL insulate(
    int nx, int ny, int nz, int k, const double *area, const double *resistance, real *tz) // (ny, nx) um^2, s/um, (nz, ny, nx)
{
    const index_t plane = (index_t)nx * ny;
    FOR_EACH_CELL(n, plane)
    {
        const double t = tz[k * plane + n];
        tz[k * plane + n] = t > 0 ? (real)(t / (1 + t * resistance[n] / area[n])) : (real)0;
    }
}

// partial[side][j] = sum over the row of the plane top or base
KERNEL plane_sums(int nx, int ny, int nz, const real *top, const real *base, double *partial) // (ny, nx), ..., (2, ny)
{
    FOR_EACH_ROW(row, 2 * (index_t)ny)
    {
        const real *g = row < ny ? top + row * nx : base + (row - ny) * nx;
        double sum = 0;
        FOR_ROW_SUM(i, nx, sum) sum += g[i];
        sum = row_total(sum);
        if (ROW_LEADER) partial[row] = sum;
    }
}

// partial[side][j] = sum of g u over the row at the top or the base: what passes the contacts
KERNEL contact(
    int nx, int ny, int nz, const double *going, const real *u, const real *top, const real *base, double *partial) // (2, ny)
{
    ONLY_IF(going);
    FOR_EACH_ROW(row, 2 * (index_t)ny)
    {
        const index_t j = row < ny ? row : row - ny;
        const real *g = (row < ny ? top : base) + j * nx, *first = u + (row < ny ? 0 : nz - 1) * (index_t)nx * ny + j * nx;
        double sum = 0;
        FOR_ROW_SUM(i, nx, sum) sum += (double)g[i] * first[i];
        sum = row_total(sum);
        if (ROW_LEADER) partial[row] = sum;
    }
}

// q = A p, partial[row] = sum over the row of p q
KERNEL apply(
    int nx, int ny, int nz, const double *going, const real *p, const real *screening,
    const real *tx, const real *ty, const real *tz, const real *top, const real *base,
    const double *exchange, real *q, double *partial) // partial (nz, ny)
{
    ONLY_IF(going);
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        ROW_NEIGHBOURS;
        const real e_top = (real)exchange[0], e_base = (real)exchange[1];
        const real *g_top = top + (index_t)j * nx, *g_base = base + (index_t)j * nx;
        const real at_top = k == 0, at_base = k + 1 == nz;
        double sum = 0;
        ROW_WINDOW(real, p);
        ROW_WINDOW(real, tx);
        FOR_ROW_WINDOW_SUM(i, nx, sum)
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
