// One stage of the time step for one field, in increment form: state, rates and sums in double, the increment's system
// in real. Rates in real would not add up to what the terms of the reactions move. What changes from step to step
// is read from the arrays order and report (see common.cuh).
//
//   V tau (c - y) = div flux + V (P - L c),   tau = 1 / (gamma dt),   c = K a,   y = u + f_base (first - u)
//
// u is the concentration at the start of the step, first that after its first stage; a first stage is given u for both.
// Meaning: mnrd/backends/reference.py, functions of the same names. See diffusion.cu for the operator.

// a = c / K
KERNEL to_activity(index_t cells, const double *concentration, const real *partition, double *activity)
{
    FOR_EACH_CELL(n, cells) activity[n] = concentration[n] / partition[n];
}

// Guess of the first stage, a = max(u + order[AHEAD] slope, 0) / K
KERNEL first_guess(
    index_t cells, const double *u, const float *slope, const real *partition, const double *order, double *a)
{
    const double ahead = order[AHEAD];
    FOR_EACH_CELL(n, cells)
    {
        const double value = u[n] + ahead * slope[n];
        a[n] = (value > 0 ? value : 0) / partition[n];
    }
}

// Guess of the second stage, a = max(u + f_guess (first - u), 0) / K
KERNEL second_guess(
    index_t cells, const double *u, const double *first, double f_guess, const real *partition, double *a)
{
    FOR_EACH_CELL(n, cells)
    {
        const double value = u[n] + f_guess * (first[n] - u[n]);
        a[n] = (value > 0 ? value : 0) / partition[n];
    }
}

// The same guesses as concentrations, where the reactions of other fields ask for them: out = max(u + factor slope, 0) ...
KERNEL extrapolate(index_t cells, const double *u, const float *slope, double factor, double *out)
{
    FOR_EACH_CELL(n, cells)
    {
        const double value = u[n] + factor * slope[n];
        out[n] = value > 0 ? value : 0;
    }
}

// ... and out = max(u + factor (first - u), least)
KERNEL extend(index_t cells, const double *u, const double *first, double factor, double least, double *out)
{
    FOR_EACH_CELL(n, cells)
    {
        const double value = u[n] + factor * (first[n] - u[n]);
        out[n] = value > least ? value : least;
    }
}

// contact of diffusion.cu for the state
KERNEL state_contact(
    int nx, int ny, int nz, const double *a, const real *top, const real *base, double *partial) // ..., (2, ny)
{
    FOR_EACH_ROW(row, 2 * (index_t)ny)
    {
        const index_t j = row < ny ? row : row - ny;
        const real *g = (row < ny ? top : base) + j * nx;
        const double *first = a + (row < ny ? 0 : nz - 1) * (index_t)nx * ny + j * nx;
        double sum = 0;
        FOR_ROW_SUM(i, nx, sum) sum += g[i] * first[i];
        sum = row_total(sum);
        if (ROW_LEADER) partial[row] = sum;
    }
}

// screening = V K (tau + L);  r = V (tau y + P) - A a;  metric = sqrt(V) K / (screening w) with the error weight
// w = rtol max(u, guess) + K absolute, so that sum (metric r)^2 / sum V is the mean square of r / (S w / K)
// (kept as a root, because the square can leave the range of single precision).
// partial = sums of V (tau y + P), of (metric r)^2, of S a and of V P.
KERNEL stage_residual(
    int nx, int ny, int nz, const double *hx, const double *hy, const double *hz,
    const double *u, const double *first, double f_base, const double *a, const real *partition, // (nz, ny, nx)
    const double *production, const double *loss,
    const real *tx, const real *ty, const real *tz, const real *top, const real *base, const double *exchange,
    const double *order, real *screening, real *r, real *metric, double *partial) // (ORDERS), ..., (4, nz, ny)
{
    const double tau = order[TAU], rtol = order[RTOL], absolute = order[ABSOLUTE];
    const index_t rows = (index_t)ny * nz;
    FOR_EACH_ROW(row, rows)
    {
        ROW_NEIGHBOURS;
        const real *g_top = top + (index_t)j * nx, *g_base = base + (index_t)j * nx;
        const double at_top = k == 0, at_base = k + 1 == nz, e_top = exchange[0], e_base = exchange[1];
        const double area = hy[j] * hz[k];
        double sources = 0, square = 0, held = 0, produced = 0;
        ROW_WINDOW(double, a);
        ROW_WINDOW(real, tx);
        FOR_ROW_WINDOW_SUM(i, nx, sources, square, held, produced)
        {
            const index_t n = row * nx + i;
            const double volume = hx[i] * area, s = volume * partition[n] * (tau + loss[n]);
            const double y = u[n] + f_base * (first[n] - u[n]), source = volume * (tau * y + production[n]);
            const double left = source - s * a[n] - OUTFLOW(a) - at_top * g_top[i] * (a[n] - e_top)
                                - at_base * g_base[i] * (a[n] - e_base);
            const double guess = partition[n] * a[n], old = u[n];
            const double w = rtol * (guess > old ? guess : old) + partition[n] * absolute;
            const double scale = partition[n] / (s * w);
            screening[n] = (real)s;
            r[n] = (real)left;
            metric[n] = (real)(sqrt(volume) * scale);
            sources += source;
            square += volume * (scale * left) * (scale * left);
            held += s * a[n];
            produced += volume * production[n];
        }
        sources = row_total(sources);
        square = row_total(square);
        held = row_total(held);
        produced = row_total(produced);
        if (ROW_LEADER) partial[row] = sources, partial[rows + row] = square;
        if (ROW_LEADER) partial[2 * rows + row] = held, partial[3 * rows + row] = produced;
    }
}

// a = max(a + d, 0), where d is one or the other array as it took an odd or an even number of iterations, and 0 if it
// took none; partial = sums of S a with S in double, of what was clipped, V K |a + d|, and of V L K a.
KERNEL clip(
    int nx, int ny, int nz, const double *hx, const double *hy, const double *hz,
    const real *odd, const real *even, const real *partition, const double *loss, const double *order,
    const double *report, double *a, double *partial) // (nz, ny, nx), (3, nz, ny)
{
    const double tau = order[TAU];
    const real *d = (int)report[COUNT] % 2 ? odd : even;
    const int solved = report[COUNT] != 0;
    const index_t rows = (index_t)ny * nz;
    FOR_EACH_ROW(row, rows)
    {
        const double area = hy[row % ny] * hz[row / ny];
        double held = 0, clipped = 0, spent = 0;
        FOR_ROW_SUM(i, nx, held, clipped, spent)
        {
            const index_t n = row * nx + i;
            const double value = a[n] + (solved ? d[n] : (real)0), amount = hx[i] * area * partition[n];
            const double kept = value > 0 ? value : 0;
            a[n] = kept;
            held += amount * (tau + loss[n]) * kept;
            clipped += amount * (kept - value);
            spent += amount * loss[n] * kept;
        }
        held = row_total(held);
        clipped = row_total(clipped);
        spent = row_total(spent);
        if (ROW_LEADER) partial[row] = held, partial[rows + row] = clipped, partial[2 * rows + row] = spent;
    }
}

// c = scale K a
KERNEL to_concentration(
    index_t cells, const double *a, const real *partition, const double *report, double *concentration)
{
    const double scale = report[SCALE];
    FOR_EACH_CELL(n, cells) concentration[n] = scale * (partition[n] * a[n]);
}

// An immobile field: a = c = max((tau y + P) / (tau + L), 0); partial = sums of V (tau y + P), of V (tau + L) c, of the
// clipped V |c|, of V P and of V L c.
KERNEL settle(
    int nx, int ny, int nz, const double *hx, const double *hy, const double *hz,
    const double *u, const double *first, double f_base, const double *production, const double *loss,
    const double *order, double *a, double *partial) // (nz, ny, nx), (5, nz, ny)
{
    const double tau = order[TAU];
    const index_t rows = (index_t)ny * nz;
    FOR_EACH_ROW(row, rows)
    {
        const double area = hy[row % ny] * hz[row / ny];
        double sources = 0, held = 0, clipped = 0, produced = 0, spent = 0;
        FOR_ROW_SUM(i, nx, sources, held, clipped, produced, spent)
        {
            const index_t n = row * nx + i;
            const double y = u[n] + f_base * (first[n] - u[n]);
            const double volume = hx[i] * area, source = tau * y + production[n], rate = tau + loss[n];
            const double value = source / rate, kept = value > 0 ? value : 0;
            a[n] = kept;
            sources += volume * source;
            held += volume * rate * kept;
            clipped += volume * (kept - value);
            produced += volume * production[n];
            spent += volume * loss[n] * kept;
        }
        sources = row_total(sources);
        held = row_total(held);
        clipped = row_total(clipped);
        produced = row_total(produced);
        spent = row_total(spent);
        if (ROW_LEADER) partial[row] = sources, partial[rows + row] = held, partial[2 * rows + row] = clipped;
        if (ROW_LEADER) partial[3 * rows + row] = produced, partial[4 * rows + row] = spent;
    }
}

// The end of a step: v = scale K a, which may be the array first, the slope there, k2 = tau (v - y), and the error
//
//   err = dt (w0 k0 + w1 k1 + w2 k2) / (1 + L / tau),   k0 = slope, k1 = tau (first - u),
//
// compared with w = rtol max(u, v) + K absolute. What is above the ceiling counts as cut off, but stays in v: the
// reactions have still to be booked. partial = sums of V (err / w)^2 and of V v, maxima of v / K.
KERNEL conclude(
    int nx, int ny, int nz, const double *hx, const double *hy, const double *hz,
    const double *u, const double *first, double f_base, const float *slope, const double *a, const real *partition,
    const double *loss, const double *order, const double *report, double w0, double w1, double w2, double ceiling,
    double *v, float *next_slope, double *partial) // (nz, ny, nx), ..., (3, nz, ny)
{
    const double tau = order[TAU], dt = order[DT], rtol = order[RTOL], absolute = order[ABSOLUTE], scale = report[SCALE];
    const index_t rows = (index_t)ny * nz;
    FOR_EACH_ROW(row, rows)
    {
        const double area = hy[row % ny] * hz[row / ny];
        double square = 0, largest = 0, amount = 0;
        FOR_ROW_SUM2_MAX(i, nx, square, amount, largest)
        {
            const index_t n = row * nx + i;
            const double change = first[n] - u[n], activity = scale * a[n], made = partition[n] * activity;
            const double kept = made > ceiling ? ceiling : made;
            const double k1 = tau * change, k2 = tau * (kept - (u[n] + f_base * change));
            const double err = dt * (w0 * slope[n] + w1 * k1 + w2 * k2) / (1 + loss[n] / tau);
            const double w = rtol * (u[n] > kept ? u[n] : kept) + partition[n] * absolute;
            const double here = made > ceiling ? kept / partition[n] : activity;
            v[n] = made;
            next_slope[n] = (float)k2;
            square += hx[i] * area * (err / w) * (err / w);
            amount += hx[i] * area * kept;
            largest = here > largest ? here : largest;
        }
        square = row_total(square);
        amount = row_total(amount);
        largest = row_maximum(largest);
        if (ROW_LEADER) partial[row] = square, partial[rows + row] = amount, partial[2 * rows + row] = largest;
    }
}

// partial[m][row] = sum over the row of V phi_m c: the amount in each material.
KERNEL amounts(
    int nx, int ny, int nz, int materials, const double *hx, const double *hy, const double *hz,
    const unsigned char *fractions, const double *c, double *partial) // (materials, nz, ny, nx), ..., (materials, nz, ny)
{
    const index_t rows = (index_t)ny * nz, cells = rows * nx;
    FOR_EACH_ROW(row, rows)
    {
        const double area = hy[row % ny] * hz[row / ny] / 255.0;
        for (int m = 0; m < materials; ++m) {
            const unsigned char *bytes = fractions + m * cells + row * nx;
            double sum = 0;
            FOR_ROW_SUM(i, nx, sum) sum += hx[i] * bytes[i] * c[row * nx + i];
            sum = row_total(sum);
            if (ROW_LEADER) partial[m * rows + row] = sum * area;
        }
    }
}

// partial[region][row] = sum over the row of w c
KERNEL weighted_sum(
    int nx, int ny, int nz, int regions, const double *weight, const double *c, double *partial) // (regions, nz, ny, nx), ...
{
    const index_t rows = (index_t)ny * nz, cells = rows * nx;
    FOR_EACH_ROW(row, rows)
    {
        for (int region = 0; region < regions; ++region) {
            const double *mine = weight + region * cells + row * nx;
            double sum = 0;
            FOR_ROW_SUM(i, nx, sum) sum += mine[i] * c[row * nx + i];
            sum = row_total(sum);
            if (ROW_LEADER) partial[region * rows + row] = sum;
        }
    }
}

// c = min(c, ceiling); partial[row] = sum of the V (c - ceiling) that is cut off
KERNEL cut_off(
    int nx, int ny, int nz, const double *hx, const double *hy, const double *hz, double ceiling, double *c, double *partial)
{
    FOR_EACH_ROW(row, (index_t)ny * nz)
    {
        const double area = hy[row % ny] * hz[row / ny];
        double sum = 0;
        FOR_ROW_SUM(i, nx, sum)
        {
            const index_t n = row * nx + i;
            const double kept = c[n] > ceiling ? ceiling : c[n];
            sum += hx[i] * area * (c[n] - kept);
            c[n] = kept;
        }
        sum = row_total(sum);
        if (ROW_LEADER) partial[row] = sum;
    }
}
