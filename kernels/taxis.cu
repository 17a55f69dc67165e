// Transport that depends on the fields: directed movement up a potential, and a diffusivity times a mobility.
//
//   flux = -m D grad c + c chi grad psi
//
// Across a face with conductances T (of m D) and X (of chi), G = X (psi_j - psi_i), the flux that is exact where both are
// constant (Scharfetter and Gummel 1969) is
//
//   F = t (c_i - c_j) + G (c_i + c_j) / 2,   t = T (x/2) coth(x/2),   x = G / T
//
// so that the face's part of the matrix is symmetric with t, plus a central drift with g = G / 2. As t >= |g| the whole is an
// M-matrix at any step; its columns add up to S. Meaning: mnrd/backends/reference_taxis.py, functions of the same names.

// t of one face, by its series where x is small; |G| / 2, the upwind flux, where nothing diffuses.
INLINE real fitted(real conductance, real drift)
{
    const real size = drift < 0 ? -drift : drift, x = size / conductance, y = x * x, e = decay(x);
    const real series = 1 + y * ((real)(1 / 12.0) + y * ((real)(-1 / 720.0) + y * ((real)(1 / 30240.0)
                        + y * ((real)(-1 / 1209600.0) + y * (real)(1 / 47900160.0)))));
    const real upwind = (real)0.5 * size, far = conductance > 0 ? upwind * ((1 + e) / (1 - e)) : upwind;
    return x < (real)0.3 ? conductance * series : far;
}

KERNEL drift_faces(
    int nx, int ny, int nz, int periodic_x, int periodic_y, const double *hx, const double *hy, const double *hz, // um
    const real *s_lateral, const real *s_vertical, const real *c_lateral, const real *c_vertical, // D K and chi K, um^2/s
    const double *mobility, const double *potential,                                              // (nz, ny, nx)
    real *tx, real *ty, real *tz, real *gx, real *gy, real *gz)                                   // (nz, ny, nx) um^3/s
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
        ROW_WINDOW(real, c_lateral);
        ROW_WINDOW(double, mobility);
        ROW_WINDOW(double, potential);
        FOR_ROW_WINDOW(i, nx)
        {
            const index_t n = row * nx + i, s = n + south, d = n + down;
            const real x = (real)hx[i], x_east = (real)X_EAST(hx), open_x = (i + 1 < nx) | wraps;
            const real ax = open_x * y * z, ay = open_y * x * z, az = open_z * x * y, m = (real)mobility[n];
            const real m_east = (real)EAST(mobility), m_south = (real)mobility[s], m_below = (real)mobility[d];
            const real x_drift = conductance_of(ax, x, c_lateral[n], x_east, EAST(c_lateral)) * (real)(EAST(potential) - potential[n]);
            const real y_drift = conductance_of(ay, y, c_lateral[n], y_south, c_lateral[s]) * (real)(potential[s] - potential[n]);
            const real z_drift = conductance_of(az, z, c_vertical[n], z_below, c_vertical[d]) * (real)(potential[d] - potential[n]);
            tx[n] = fitted(conductance_of(ax, x, m * s_lateral[n], x_east, m_east * EAST(s_lateral)), x_drift);
            ty[n] = fitted(conductance_of(ay, y, m * s_lateral[n], y_south, m_south * s_lateral[s]), y_drift);
            tz[n] = fitted(conductance_of(az, z, m * s_vertical[n], z_below, m_below * s_vertical[d]), z_drift);
            gx[n] = (real)0.5 * x_drift;
            gy[n] = (real)0.5 * y_drift;
            gz[n] = (real)0.5 * z_drift;
        }
    }
}

// What makes the matrix symmetric where chi = ratio D with one number: w = e^(ratio (psi - highest)), the faces of A diag(w),
//   s = (t + |g|) w of the lower side = (t - |g|) w of the upper side,
// and what stands on its diagonal, V K w and S w. partial[row] = largest ratio (highest - psi) of the row: the range of w.
KERNEL balance(
    int nx, int ny, int nz, const double *going, double ratio, const double *highest, const double *potential, // (1), ..., (1), (nz, ny, nx)
    const real *tx, const real *ty, const real *tz, const real *gx, const real *gy, const real *gz, // (nz, ny, nx)
    const real *capacity, const real *screening,                                                    // (nz, ny, nx)
    real *sx, real *sy, real *sz, real *capacity_w, real *screening_w, real *weight, double *partial) // ..., (nz, ny)
{
    ONLY_IF(going);
    const double top = *highest;
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        ROW_NEIGHBOURS;
        double widest = 0;
        ROW_WINDOW(double, potential);
        FOR_ROW_WINDOW_MAX(i, nx, widest)
        {
            const index_t n = row * nx + i;
            const double below = ratio * (top - potential[n]), own = decay(below);
            const double e = decay(ratio * (top - EAST(potential))), s = decay(ratio * (top - potential[n + south]));
            const double d = decay(ratio * (top - potential[n + down]));
            sx[n] = (real)((tx[n] + fabs(gx[n])) * (own < e ? own : e));
            sy[n] = (real)((ty[n] + fabs(gy[n])) * (own < s ? own : s));
            sz[n] = (real)((tz[n] + fabs(gz[n])) * (own < d ? own : d));
            const real w = (real)own; // what the solution is multiplied with, to the last bit
            capacity_w[n] = capacity[n] * w;
            screening_w[n] = screening[n] * w;
            weight[n] = w;
            widest = below > widest ? below : widest;
        }
        widest = row_maximum(widest);
        if (ROW_LEADER) partial[row] = widest;
    }
}

// What drifts out of cell n, sum of g (u + u_neighbour) over its six faces, outwards.
#define DRIFT(u) \
    (gx[n] * (u[n] + EAST(u)) - WEST(gx) * (u[n] + WEST(u)) + gy[n] * (u[n] + u[n + south]) \
     - gy[n - north] * (u[n] + u[n - north]) + has_below * gz[n] * (u[n] + u[n + down]) - has_above * gz[n - up] * (u[n] + u[n - up]))

// q += drift of p
KERNEL add_drift(
    int nx, int ny, int nz, const double *going, const real *p, const real *gx, const real *gy, const real *gz, real *q) // (nz, ny, nx)
{
    ONLY_IF(going);
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        ROW_NEIGHBOURS;
        const real has_above = k > 0, has_below = k + 1 < nz;
        ROW_WINDOW(real, p);
        ROW_WINDOW(real, gx);
        FOR_ROW_WINDOW(i, nx)
        {
            const index_t n = row * nx + i;
            q[n] += DRIFT(p);
        }
    }
}

// r -= drift of the state a; partial[row] = sum (metric r)^2
KERNEL drift_residual(
    int nx, int ny, int nz, const double *a, const real *gx, const real *gy, const real *gz, const real *metric, // (nz, ny, nx)
    real *r, double *partial)                                                                                   // (nz, ny)
{
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        ROW_NEIGHBOURS;
        const double has_above = k > 0, has_below = k + 1 < nz;
        double sum = 0;
        ROW_WINDOW(double, a);
        ROW_WINDOW(real, gx);
        FOR_ROW_WINDOW_SUM(i, nx, sum)
        {
            const index_t n = row * nx + i;
            r[n] = (real)(r[n] - DRIFT(a));
            const double weighted = (double)metric[n] * r[n];
            sum += weighted * weighted;
        }
        sum = row_total(sum);
        if (ROW_LEADER) partial[row] = sum;
    }
}

// p = r + beta (p - omega v): the search direction of BiCGStab
KERNEL turn(
    index_t cells, const double *going, const real *r, const real *v, const double *beta, const double *omega, real *p) // (1), (1)
{
    ONLY_IF(going);
    const real b = (real)*beta, w = (real)*omega;
    FOR_EACH_CELL(n, cells) p[n] = r[n] + b * (p[n] - w * v[n]);
}
