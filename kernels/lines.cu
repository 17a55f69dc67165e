// Line relaxation: every column is solved exactly in z, its lateral neighbours being held.
//
//   out = gain u + momentum (u - previous) + weight D^-1 (b - A u)
//
// D = the z-tridiagonal part of A with its full diagonal. One Chebyshev step per call; out may be the array previous.
// Thomas: w_k = 1 / (d_k - t_{k-1}^2 w_{k-1}), c_k = (r_k + t_{k-1} c_{k-1}) w_k, then x_k = c_k + t_k w_k x_{k+1}.
// polynomial = gain, momentum, weight. Meaning: mnrd/backends/reference.py, functions of the same names.

// One row of a strip with its neighbours east and west: w[0] is west of the first lane.
INLINE void load_window(const real *row, int i0, int lanes, int nx, real *w)
{
    w[0] = row[i0 > 0 ? i0 - 1 : nx - 1];
    FOR_LANES(l, lanes) w[l + 1] = row[i0 + l];
    w[lanes + 1] = row[i0 + lanes < nx ? i0 + lanes : 0];
}

// The forward sweep of one plane: pivots and swept right-hand side go to the scratch.
#define SWEEP_DOWN(l, diagonal, rhs) \
    do { \
        const real t = above[l], w = 1 / ((diagonal) - t * t * pivot[l]); \
        swept[l] = ((rhs) + t * swept[l]) * w; \
        pivot[l] = w; \
        above[l] = tz[n]; \
        FACTOR(k, l) = tz[n] * w; \
        SWEPT(k, l) = swept[l]; \
    } while (0)

// The backward sweep; what the next plane needs from the scratch is fetched before this one is written.
#define SWEEP_UP_FROM_BASE(lanes) FOR_LANES(l, lanes) swept[l] = 0, above[l] = SWEPT(nz - 1, l)
#define SWEEP_UP(l) \
    do { \
        swept[l] = above[l] + FACTOR(k, l) * swept[l]; \
        above[l] = SWEPT(k > 0 ? k - 1 : 0, l); \
    } while (0)

#define STRIP_STATE(lanes) \
    real pivot[LANES], swept[LANES], above[LANES]; \
    FOR_LANES(l, lanes) pivot[l] = swept[l] = above[l] = 0

// Which neighbours row (k, j) of the strip has.
#define STRIP_ROW \
    const index_t plane = (index_t)nx * ny, start = k * plane + (index_t)j * nx; \
    [[maybe_unused]] const index_t north = j > 0 ? nx : -plane + nx, south = j + 1 < ny ? nx : -plane + nx; \
    real txw[LANES + 2]; \
    load_window(tx + start, i0, lanes, nx, txw)

INLINE void relax_strip(
    int i0, int j, int lanes, int nx, int ny, int nz, const real *b, const real *u, const real *previous,
    const real *screening, const real *tx, const real *ty, const real *tz, const real *top, const real *base,
    const double *exchange, const double *polynomial, real *mine, real *out)
{
    const real gain = (real)polynomial[0], momentum = (real)polynomial[1], weight = (real)polynomial[2];
    STRIP_STATE(lanes);
    UNROLLED for (int k = 0; k < nz; ++k) {
        STRIP_ROW;
        const index_t down = k + 1 < nz ? plane : 0;
        const real at_top = k == 0, at_base = k + 1 == nz, e_top = (real)exchange[0], e_base = (real)exchange[1];
        real uw[LANES + 2];
        load_window(u + start, i0, lanes, nx, uw);
        FOR_LANES(l, lanes)
        {
            const index_t n = start + i0 + l, column = (index_t)j * nx + i0 + l;
            const real centre = uw[l + 1], g_top = at_top * top[column], g_base = at_base * base[column];
            const real y_south = ty[n], y_north = ty[n - north], z_down = tz[n], z_up = above[l];
            const real diagonal = screening[n] + txw[l] + txw[l + 1] + y_south + y_north + z_down + z_up + g_top + g_base;
            const real rhs = b[n] - screening[n] * centre - txw[l + 1] * (centre - uw[l + 2]) - txw[l] * (centre - uw[l])
                             - y_south * (centre - u[n + south]) - y_north * (centre - u[n - north])
                             - z_down * (centre - u[n + down]) - z_up * (centre - u[n - (k > 0 ? plane : 0)])
                             - g_top * (centre - e_top) - g_base * (centre - e_base);
            SWEEP_DOWN(l, diagonal, rhs);
        }
    }
    SWEEP_UP_FROM_BASE(lanes);
    UNROLLED for (int k = nz - 1; k >= 0; --k) {
        const index_t start = ((index_t)k * ny + j) * nx + i0;
        FOR_LANES(l, lanes)
        {
            const index_t n = start + l;
            SWEEP_UP(l);
            out[n] = gain * u[n] + momentum * (u[n] - previous[n]) + weight * swept[l];
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
        if (LANES == 1 || i0 + LANES <= nx) // known to a GPU, which keeps the strip in registers then
            relax_strip(i0, j, LANES, nx, ny, nz, b, u, previous, screening, tx, ty, tz, top, base, exchange,
                        polynomial, mine, out);
        else
            relax_strip(i0, j, nx - i0, nx, ny, nz, b, u, previous, screening, tx, ty, tz, top, base, exchange,
                        polynomial, mine, out);
    }
}

INLINE void solve_strip(
    int i0, int j, int lanes, int nx, int ny, int nz, const real *b, const real *screening, const real *tx,
    const real *ty, const real *tz, const real *top, const real *base, const double *polynomial, real *mine, real *out)
{
    const real weight = (real)polynomial[2];
    STRIP_STATE(lanes);
    UNROLLED for (int k = 0; k < nz; ++k) {
        STRIP_ROW;
        const real at_top = k == 0, at_base = k + 1 == nz;
        FOR_LANES(l, lanes)
        {
            const index_t n = start + i0 + l, column = (index_t)j * nx + i0 + l;
            const real diagonal = screening[n] + txw[l] + txw[l + 1] + ty[n] + ty[n - north] + tz[n] + above[l]
                                  + at_top * top[column] + at_base * base[column];
            SWEEP_DOWN(l, diagonal, b[n]);
        }
    }
    SWEEP_UP_FROM_BASE(lanes);
    UNROLLED for (int k = nz - 1; k >= 0; --k) {
        const index_t start = ((index_t)k * ny + j) * nx + i0;
        FOR_LANES(l, lanes)
        {
            SWEEP_UP(l);
            out[start + l] = weight * swept[l];
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
        if (LANES == 1 || i0 + LANES <= nx) // known to a GPU, which keeps the strip in registers then
            solve_strip(i0, j, LANES, nx, ny, nz, b, screening, tx, ty, tz, top, base, polynomial, mine, out);
        else
            solve_strip(i0, j, nx - i0, nx, ny, nz, b, screening, tx, ty, tz, top, base, polynomial, mine, out);
    }
}
