// What steers a solve between its big kernels: partial sums are added up in a fixed order, and step lengths, factors and
// "solved?" are written where the next kernel reads them, so that the host need not look at anything within a step.
//
// order and report are the arrays of enum Order and enum Report (common.cuh); partial has `rows` sums of each kind.
// AT(side, NAME) is the slot of the top (0) or the base (1).
// Meaning: mnrd/backends/reference_control.py, functions of the same names.

#define AT(side, name) (name##_TOP + (side))
#define FOR_SIDES(side) for (int side = 0; side < 2; ++side)

// The total of the n partial sums of one kind, in the first thread of the block.
INLINE double added(const double *partial, index_t n, int kind = 0)
{
    const double *mine = partial + kind * n;
    double sum = 0;
    FOR_BLOCK_SUM(i, n, sum) sum += mine[i];
    return block_total(sum);
}

// out = totals of `sums` rows of partial sums, then the largest of each of `maxima` rows; one that holds a NaN gives NaN.
KERNEL gather(int rows, int sums, int maxima, const double *partial, double *out) // (sums + maxima, rows), (sums + maxima)
{
    FOR_EACH_BLOCK(item, sums + maxima)
    {
        const double *mine = partial + item * rows;
        double value = item < sums ? 0 : mine[0];
        if (item < sums) {
            value = added(mine, rows);
        } else {
            double unknown = 0;
            FOR_BLOCK_SUM_MAX(i, rows, unknown, value)
            {
                unknown += mine[i] != mine[i];
                value = mine[i] > value ? mine[i] : value;
            }
            unknown = block_total(unknown);
            value = block_maximum(value);
            if (unknown > 0) value = nan("");
        }
        if (BLOCK_LEADER) out[item] = value;
    }
}

// openness = clamp(whole - sum, 0, 1): of a channel that closes by what the sum is made of
KERNEL open_channel(int rows, double whole, const double *partial, double *openness) // (rows), (1)
{
    FOR_EACH_BLOCK(once, 1)
    {
        const double open = whole - added(partial, rows);
        if (BLOCK_LEADER) *openness = open > 1 ? 1 : open > 0 ? open : 0;
    }
}

// How the reservoirs enter a stage. Well-stirred: tau (C e - start) = -sum g (e - a) - loss e gives e = FACTOR sum(g a)
// + OFFSET with FACTOR = 1 / sigma, OFFSET = tau start / sigma, sigma = tau C + loss + sum g; SHARE = 1 - FACTOR sum g.
// first is the report of the first stage, which is read where START is not 0.
KERNEL couple(const double *order, const double *conductance, const double *first, double *report) // (ORDERS), (2), (REPORTS)
{
    FOR_EACH_BLOCK(once, 1)
    {
        if (BLOCK_LEADER) {
            FOR_SIDES(side)
            {
                const double amount = order[AT(side, AMOUNT)], g = conductance[side];
                const double start = order[START] == 0 ? amount : amount + order[START] * (first[AT(side, CONTENT)] - amount);
                const double kept = order[TAU] * order[AT(side, CAPACITY)] + order[AT(side, EVAPORATION)];
                const int stirred = order[AT(side, STIRRED)] != 0;
                report[AT(side, FACTOR)] = stirred ? 1 / (kept + g) : 0;
                report[AT(side, OFFSET)] = stirred ? order[TAU] * start / (kept + g) : order[AT(side, HELD)];
                report[AT(side, SHARE)] = stirred ? kept / (kept + g) : 1;
                report[AT(side, START)] = start;
                report[AT(side, CONDUCTANCE)] = g;
            }
        }
    }
}

// exchange = factor sum(g u) at both ends: what a well-stirred reservoir answers
KERNEL exchange(int ny, const double *going, const double *partial, const double *factor, double *exchange) // (2, ny), (2), (2)
{
    ONLY_IF(going);
    FOR_EACH_BLOCK(side, 2)
    {
        const double sum = added(partial, ny, (int)side);
        if (BLOCK_LEADER) exchange[side] = factor[side] * sum;
    }
}

// The same for the state: what passes, and the activity that the reservoirs have then.
KERNEL meet(int ny, const double *partial, double *report) // (2, ny), (REPORTS)
{
    FOR_EACH_BLOCK(side, 2)
    {
        const double sum = added(partial, ny, (int)side);
        if (BLOCK_LEADER) {
            report[AT(side, PASSED)] = sum;
            report[AT(side, EXCHANGE)] = report[AT(side, FACTOR)] * sum + report[AT(side, OFFSET)];
        }
    }
}

// Before a solve: partial = sums of V (tau y + P), of (metric r)^2, of S a and of V P. A field that is empty and receives less than
// the tolerance is solved all the same, because it would lose that.
KERNEL begin(int rows, double volume, const double *partial, const double *order, double *report) // um^3, (4, rows)
{
    FOR_EACH_BLOCK(once, 1)
    {
        const double sources = added(partial, rows), squares = added(partial, rows, 1);
        const double produced = added(partial, rows, 3);
        double held = added(partial, rows, 2);
        if (BLOCK_LEADER) {
            FOR_SIDES(side) held += report[AT(side, PASSED)] * report[AT(side, SHARE)];
            const double norm = sqrt(squares / volume), wanted = order[KAPPA], low = 1e-2 * norm;
            const double tolerance = held > 0 ? wanted : low < wanted ? low : wanted;
            report[SOURCES] = sources;
            report[PRODUCED] = produced;
            report[NORM] = norm;
            report[TOLERANCE] = tolerance;
            report[FAILED] = !isfinite(norm);
            report[GOING] = isfinite(norm) && norm > tolerance;
            report[COUNT] = report[RZ] = 0;
        }
    }
}

// Line relaxation alone: how often, and with which numbers. Chebyshev on [1/(1+mu), (1+2mu)/(1+mu)], mu = rate / tau, reduces
// an error by the factor f in acosh(1/f) / acosh(1 + 1/mu) steps; one more where that is even, so that the result is
// always in the same array. polynomial[i] = gain, momentum, weight of step i < count; going[i] = i < count.
KERNEL line_polynomial(
    int budget, int limit, const double *rate, const double *order, double *report, // launched, at most; (1) 1/s, ...
    double *polynomial, double *going)                                              // (limit, 3), (limit)
{
    FOR_EACH_BLOCK(once, 1)
    {
        if (BLOCK_LEADER) {
            const double mu = *rate / order[TAU], reduction = report[NORM] / report[TOLERANCE];
            const double wanted = mu > 0 ? ceil(acosh(reduction > 1 ? reduction : 1) / acosh(1 + 1 / mu)) : 1;
            const int needed = wanted < 1 ? 1 : wanted < limit ? (int)wanted : limit;
            const int count = report[GOING] == 0 ? 0 : needed;
            const double delta = mu / (1 + mu);
            double rho = delta;
            for (int i = 0; i < limit; ++i) {
                going[i] = i < count;
                if (i >= count) continue;
                const double following = i ? 1 / (2 / delta - rho) : 0;
                polynomial[3 * i] = i == 0 ? 0 : i == 1 ? 1 + following * rho : 1;
                polynomial[3 * i + 1] = i > 1 ? following * rho : 0;
                polynomial[3 * i + 2] = i ? 2 * following / delta : 1;
                if (i) rho = following;
            }
            report[COUNT] = count;
            report[GOING] = count > budget;
        }
    }
}

// Conjugate gradients, partial = r z: beta for the next direction
KERNEL cg_turn(int rows, const double *partial, double *report)
{
    ONLY_IF(report + GOING);
    FOR_EACH_BLOCK(once, 1)
    {
        const double rz = added(partial, rows);
        if (BLOCK_LEADER) {
            report[BETA] = report[COUNT] == 0 ? 0 : rz / report[RZ];
            report[RZ] = rz;
        }
    }
}

// partial = p A p: the step length; where that is 0, what is left is too small for the precision of the solver
KERNEL cg_step(int rows, const double *partial, double *report)
{
    ONLY_IF(report + GOING);
    FOR_EACH_BLOCK(once, 1)
    {
        const double curvature = added(partial, rows);
        if (BLOCK_LEADER) {
            if (curvature == 0) report[GOING] = 0;
            else report[ALPHA] = report[RZ] / curvature;
        }
    }
}

// partial = (metric r)^2: whether the solve has reached its tolerance; step = 1 for an iteration, 0.5 for half of one
KERNEL judge(int rows, double volume, double step, const double *partial, double *report) // ..., um^3
{
    ONLY_IF(report + GOING);
    FOR_EACH_BLOCK(once, 1)
    {
        const double norm = sqrt(added(partial, rows) / volume);
        if (BLOCK_LEADER) {
            report[NORM] = norm;
            report[COUNT] += step;
            if (!isfinite(norm)) report[FAILED] = 1;
            report[GOING] = isfinite(norm) && norm > report[TOLERANCE];
        }
    }
}

// BiCGStab of van der Vorst (1992). With the shadow residual s: RZ = s r at the start
KERNEL stab_start(int rows, const double *partial, double *report)
{
    ONLY_IF(report + GOING);
    FOR_EACH_BLOCK(once, 1)
    {
        const double sr = added(partial, rows);
        if (BLOCK_LEADER) report[RZ] = sr;
    }
}

// report[slot] = above / below; a division by zero is a breakdown
INLINE void divide(double above, double below, int slot, double *report)
{
    if (below == 0) {
        report[FAILED] = 1;
        report[GOING] = 0;
    } else {
        report[slot] = above / below;
    }
}

// partial = s v
KERNEL stab_alpha(int rows, const double *partial, double *report)
{
    ONLY_IF(report + GOING);
    FOR_EACH_BLOCK(once, 1)
    {
        const double sum = added(partial, rows);
        if (BLOCK_LEADER) divide(report[RZ], sum, ALPHA, report);
    }
}

// partial = t r, t t
KERNEL stab_omega(int rows, const double *partial, double *report) // (2, rows)
{
    ONLY_IF(report + GOING);
    FOR_EACH_BLOCK(once, 1)
    {
        const double above = added(partial, rows), below = added(partial, rows, 1);
        if (BLOCK_LEADER) divide(above, below, OMEGA, report);
    }
}

// partial = s r: beta for the next direction
KERNEL stab_turn(int rows, const double *partial, double *report)
{
    ONLY_IF(report + GOING);
    FOR_EACH_BLOCK(once, 1)
    {
        const double sum = added(partial, rows);
        if (BLOCK_LEADER) {
            divide(sum * report[ALPHA], report[RZ] * report[OMEGA], BETA, report);
            report[RZ] = sum;
        }
    }
}

// After the increment: partial = sums of S a, of what was clipped and of V L K a. Nothing is made or lost when a is scaled so that the
// residual sums to zero; where that is impossible, the field ends empty.
KERNEL close_stage(int rows, const double *partial, const double *order, double *report) // (3, rows)
{
    FOR_EACH_BLOCK(once, 1)
    {
        double held = added(partial, rows);
        const double clipped = added(partial, rows, 1), spent = added(partial, rows, 2);
        if (BLOCK_LEADER) {
            double sources = report[SOURCES];
            FOR_SIDES(side)
            {
                held += report[AT(side, PASSED)] * report[AT(side, SHARE)];
                sources += report[AT(side, CONDUCTANCE)] * report[AT(side, OFFSET)];
            }
            const int fits = sources >= 0 && held > 0;
            const double scale = fits ? sources / held : 0;
            report[SCALE] = scale;
            report[SPENT] = spent;
            report[MOVED] = report[PRODUCED] - scale * spent;
            report[LOST] = fits ? 0 : fabs(sources) / order[TAU];
            report[CLIPPED] = clipped;
            FOR_SIDES(side)
            {
                const double factor = report[AT(side, FACTOR)], passed = report[AT(side, PASSED)] * scale;
                const double a = factor * passed + report[AT(side, OFFSET)];
                const double influx = report[AT(side, CONDUCTANCE)] * a - passed, lost = order[AT(side, EVAPORATION)] * a;
                report[AT(side, INFLUX)] = influx;
                report[AT(side, EVAPORATED)] = lost;
                report[AT(side, CONTENT)] = factor > 0 ? order[AT(side, CAPACITY)] * a
                                                        : report[AT(side, START)] - (influx + lost) / order[TAU];
            }
        }
    }
}

// The same for an immobile field: partial = sums of V (tau y + P), of V (tau + L) c, of what was clipped, of V P and V L c.
KERNEL settled(int rows, const double *partial, const double *order, double *report) // (5, rows)
{
    FOR_EACH_BLOCK(once, 1)
    {
        const double sources = added(partial, rows), held = added(partial, rows, 1);
        const double clipped = added(partial, rows, 2), supplied = sources > 0 ? sources : 0;
        const double produced = added(partial, rows, 3);
        const double spent = added(partial, rows, 4);
        if (BLOCK_LEADER) {
            const double scale = clipped > 0 && held > 0 ? supplied / held : 1;
            report[SOURCES] = sources;
            report[PRODUCED] = produced;
            report[SPENT] = spent;
            report[MOVED] = produced - scale * spent;
            report[CLIPPED] = clipped;
            report[SCALE] = scale;
            report[LOST] = (sources < 0 ? -sources : 0) / order[TAU];
        }
    }
}
