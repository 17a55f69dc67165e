// Line relaxation: every column is solved exactly in z, its lateral neighbours being held.
//
//   out = gain u + momentum (u - previous) + weight D^-1 (b - A u)
//
// D = the z-tridiagonal part of A with its full diagonal. One Chebyshev step per call; out may be the array previous.
// Thomas: w_k = 1 / (d_k - t_{k-1}^2 w_{k-1}), c_k = (r_k + t_{k-1} c_{k-1}) w_k, then x_k = c_k + t_k w_k x_{k+1}.
// polynomial = gain, momentum, weight. Meaning: mnrd/backends/reference.py, functions of the same names.

// One row of a strip, which begins in column i0, with its neighbours east and west: w[0] is west of the first lane.
INLINE void load_window(const real *row, int i0, int width, int lanes, int nx, real *w)
{
    w[0] = row[i0 > 0 ? -1 : nx - 1];
    FOR_GROUPS(l0, width, lanes) FOR_LANES(l, width) w[l0 + l + 1] = row[l0 + l];
    w[lanes + 1] = row[i0 + lanes < nx ? lanes : -i0];
}

// The forward sweep of one plane. The reservoirs are the planes above the first and below the last: their faces begin the
// sweep and end it, and hold nothing.
#define SWEEP_DOWN(k, l, diagonal, rhs) \
    do { \
        const real w = 1 / ((diagonal) - z_up * FACTOR_LEFT(k, l)), swept = ((rhs) + z_up * SWEPT_LEFT(k, l)) * w; \
        LEAVE(k, l, z_down * w, swept); \
    } while (0)

// The backward sweep; what the next plane needs from the scratch is fetched before this one is written.
#define SWEEP_UP_FROM_BASE(lanes) \
    real solution[LANES], fetched[LANES]; \
    FOR_LANES(l, lanes) solution[l] = 0, fetched[l] = SWEPT(nz - 1, l)
#define SWEEP_UP(l) \
    do { \
        solution[l] = fetched[l] + FACTOR(k, l) * solution[l]; \
        fetched[l] = SWEPT(k > 0 ? k - 1 : 0, l); \
    } while (0)

// Where row (k, j) of the strip begins, its neighbours and the faces above and below it, and the rows of the next planes.
#define STRIP_ROW \
    const index_t plane = (index_t)nx * ny, column = (index_t)j * nx + i0, start = k * plane + column; \
    [[maybe_unused]] const index_t after = start + (k + 1 < nz ? plane : 0); \
    [[maybe_unused]] const index_t up = k > 0 ? plane : 0, down = k + 1 < nz ? plane : 0; \
    [[maybe_unused]] const index_t north = j > 0 ? nx : -plane + nx, south = j + 1 < ny ? nx : -plane + nx; \
    const real *above = k > 0 ? tz + start - plane : top + column, *below = k + 1 < nz ? tz + start : base + column; \
    real txw[LANES + 2]; \
    load_window(tx + start, i0, width, lanes, nx, txw)

INLINE void relax_strip(
    int i0, int j, int width, int lanes, int nx, int ny, int nz, const real *b, const real *u, const real *previous,
    const real *screening, const real *tx, const real *ty, const real *tz, const real *top, const real *base,
    const double *exchange, const double *polynomial, real *mine, real *out)
{
    const real gain = (real)polynomial[0], momentum = (real)polynomial[1], weight = (real)polynomial[2];
    const real e_top = (real)exchange[0], e_base = (real)exchange[1];
    STRIP_STATE(lanes);
    UNROLLED for (int k = 0; k < nz; ++k) {
        STRIP_ROW;
        real uw[LANES + 2];
        load_window(u + start, i0, width, lanes, nx, uw);
        FOR_GROUPS(l0, width, lanes)
        {
            PREFETCH(b + after + l0, width);
            PREFETCH(u + after + down + south + l0, width);
            PREFETCH(previous + after + l0, width);
            PREFETCH(screening + after + l0, width);
            PREFETCH(tx + after + l0, width);
            PREFETCH(ty + after + l0, width);
            PREFETCH(tz + after + l0, width);
            FOR_LANES(lane, width)
            {
                const int l = l0 + lane;
                const index_t n = start + l;
                const real centre = uw[l + 1], u_up = k > 0 ? u[n - up] : e_top, u_down = k + 1 < nz ? u[n + down] : e_base;
                const real y_south = ty[n], y_north = ty[n - north], z_down = below[l], z_up = above[l];
                const real diagonal = screening[n] + txw[l] + txw[l + 1] + y_south + y_north + z_down + z_up;
                const real rhs = b[n] - screening[n] * centre - txw[l + 1] * (centre - uw[l + 2])
                                 - txw[l] * (centre - uw[l]) - y_south * (centre - u[n + south])
                                 - y_north * (centre - u[n - north]) - z_down * (centre - u_down) - z_up * (centre - u_up);
                SWEEP_DOWN(k, l, diagonal, rhs);
                KEEP(k, l, gain * centre + momentum * (centre - previous[n]));
            }
        }
    }
    SWEEP_UP_FROM_BASE(lanes);
    UNROLLED for (int k = nz - 1; k >= 0; --k) {
        const index_t start = ((index_t)k * ny + j) * nx + i0;
        FOR_LANES(l, lanes)
        {
            const index_t n = start + l;
            SWEEP_UP(l);
            out[n] = KEPT(k, l, gain * u[n] + momentum * (u[n] - previous[n])) + weight * solution[l];
        }
    }
}

// previous is RESTRICT although it may be out: each number is read before it is written, by the same thread.
KERNEL relax(
    int nx, int ny, int nz, const double *going, const real *RESTRICT b, const real *RESTRICT u,
    const real *RESTRICT previous, const real *RESTRICT screening,                      // (nz, ny, nx)
    const real *RESTRICT tx, const real *RESTRICT ty, const real *RESTRICT tz,          // (nz, ny, nx)
    const real *RESTRICT top, const real *RESTRICT base, const double *exchange,        // (ny, nx), (ny, nx), (2)
    const double *polynomial, real *RESTRICT scratch, real *out)                        // (3)
{
    ONLY_IF(going);
    FOR_EACH_STRIP(i0, j, nx, ny)
    {
        STRIP_SCRATCH(scratch);
        const int lanes = STRIP_LANES(i0, nx, ny);
        if (lanes >= GROUP) // nearly always: then known while compiling
            relax_strip(i0, j, GROUP, lanes, nx, ny, nz, b, u, previous, screening, tx, ty, tz, top, base, exchange,
                        polynomial, mine, out);
        else
            relax_strip(i0, j, lanes, lanes, nx, ny, nz, b, u, previous, screening, tx, ty, tz, top, base, exchange,
                        polynomial, mine, out);
    }
}

INLINE void solve_strip(
    int i0, int j, int width, int lanes, int nx, int ny, int nz, const real *b, const real *screening, const real *tx,
    const real *ty, const real *tz, const real *top, const real *base, const double *polynomial, real *mine, real *out)
{
    const real weight = (real)polynomial[2];
    STRIP_STATE(lanes);
    UNROLLED for (int k = 0; k < nz; ++k) {
        STRIP_ROW;
        FOR_GROUPS(l0, width, lanes)
        {
            PREFETCH(b + after + l0, width);
            PREFETCH(screening + after + l0, width);
            PREFETCH(tx + after + l0, width);
            PREFETCH(ty + after + l0, width);
            PREFETCH(tz + after + l0, width);
            FOR_LANES(lane, width)
            {
                const int l = l0 + lane;
                const index_t n = start + l;
                const real z_down = below[l], z_up = above[l];
                const real diagonal = screening[n] + txw[l] + txw[l + 1] + ty[n] + ty[n - north] + z_down + z_up;
                SWEEP_DOWN(k, l, diagonal, b[n]);
            }
        }
    }
    SWEEP_UP_FROM_BASE(lanes);
    UNROLLED for (int k = nz - 1; k >= 0; --k) {
        const index_t start = ((index_t)k * ny + j) * nx + i0;
        FOR_LANES(l, lanes)
        {
            SWEEP_UP(l);
            out[start + l] = weight * solution[l];
        }
    }
}

// out = weight D^-1 b: the first step from a zero guess, and the exact solve where only one column is left.
KERNEL solve_lines(
    int nx, int ny, int nz, const double *going, const real *RESTRICT b, const real *RESTRICT screening, // (nz, ny, nx)
    const real *RESTRICT tx, const real *RESTRICT ty, const real *RESTRICT tz,                           // (nz, ny, nx)
    const real *RESTRICT top, const real *RESTRICT base, const double *polynomial,                       // (ny, nx), (3)
    real *RESTRICT scratch, real *out)
{
    ONLY_IF(going);
    FOR_EACH_STRIP(i0, j, nx, ny)
    {
        STRIP_SCRATCH(scratch);
        const int lanes = STRIP_LANES(i0, nx, ny);
        if (lanes >= GROUP) // nearly always: then known while compiling
            solve_strip(i0, j, GROUP, lanes, nx, ny, nz, b, screening, tx, ty, tz, top, base, polynomial, mine, out);
        else
            solve_strip(i0, j, lanes, lanes, nx, ny, nz, b, screening, tx, ty, tz, top, base, polynomial, mine, out);
    }
}
