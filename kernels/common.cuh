// The dialect: what lets one kernel text run as CUDA and as host code (OpenMP).
//
// REAL is given by -DREAL=float or -DREAL=double and is the precision of the solver; state and sums are double.
// Cells are numbered x fastest: n = (k ny + j) nx + i. A row is all x of one (k, j); a column is all z of one (i, j).
//
//   FOR_EACH_CELL(n, cells) { ... }                every cell for itself
//   FOR_EACH_ROW(row, rows) { FOR_ROW_CELLS(i, nx) { ... } }      rows, for stencils
//   FOR_ROW_SUM(i, nx, s, t) s += ..., t += ...; s = row_total(s); if (ROW_LEADER) ...
//                                                  fixed-order sums over a row: the same bits on every run
//   FOR_ROW_PIECES(i0, lanes, nx) { real sum[PIECE]; ... FOR_LANES(l, lanes) ... } a row in pieces of up to PIECE cells, of
//                                                  which a kernel keeps numbers while it goes through them several times
//   ROW_WINDOW(type, u); ... FOR_ROW_WINDOW(i, nx) { u[n], WEST(u), EAST(u) }   a row whose ends wrap around (a mirror side
//                                                  has T = 0 there): a host copies it with what is beyond its ends, so that
//                                                  all cells are alike; X_WINDOW(type, hx), X_EAST(hx) for widths
//   ROW_BUFFER(line, nx); ... ROW_READY; ...       one row of numbers on the chip; ready: what others wrote may be read
//   IN_PAIRS(first, count)                         whether aggregates are known to be pairs: a host looks, to use its vectors
//   FOR_EACH_STRIP(i0, j, nx, ny) { ... FOR_LANES(l, lanes) ... } up to LANES neighbouring columns, walked together in z
//   FOR_GROUPS(l0, width, lanes) { ... FOR_LANES(l, width) ... }  the same, `width` lanes from l0 on at a time; some come twice
//   PREFETCH(row, width)                           asks for the numbers from row[0] on, which a group will need soon
//   STRIP_SCRATCH(scratch); STRIP_STATE(lanes); LEAVE(k, l, factor, swept)   two numbers per cell of the strip that is walked,
//   FACTOR(k, l), SWEPT(k, l), FACTOR_LEFT(k, l), SWEPT_LEFT(k, l)           and what plane k - 1 has left of them: 0 at first
//   KEEP(k, l, value), KEPT(k, l, value)           the same value twice: a host keeps it, a GPU loads what it is made of again
//   UNROLLED for (k ...)                            planes whose loads may be issued together, through RESTRICT pointers
//   FOR_EACH_BLOCK(item, items) { FOR_BLOCK_SUM(i, n, s) s += ...; s = block_total(s); if (BLOCK_LEADER) { ... } }
//                                                  for what adds up all partial sums: a whole block of a GPU for each item
//   ONLY_IF(going);                                first line of a kernel that does nothing once a solve has ended

typedef REAL real;
typedef long long index_t;

// What the host tells a stage of one field before a step: slots of an array `order` of doubles. Python reads the names.
enum Order {
    TAU,                                // 1 / (gamma dt), 1/s
    DT,                                 // step, s
    AHEAD,                              // the first guess is what the slope makes of the state in this time, s
    RTOL, ABSOLUTE,                     // tolerated error: share of c, and what is added to c / K
    KAPPA,                              // norm of the residual at which a solve ends
    START,                              // the stage starts from AMOUNT + START (content after the first stage - AMOUNT)
    AMOUNT_TOP, AMOUNT_BASE,            // content of the reservoirs at the start of the step, conc um^3
    CAPACITY_TOP, CAPACITY_BASE,        // content per activity, um^3
    EVAPORATION_TOP, EVAPORATION_BASE,  // what is lost per activity, um^3/s
    HELD_TOP, HELD_BASE,                // activity where it is held
    STIRRED_TOP, STIRRED_BASE,          // 1: the activity follows from the content, 0: it is held
    ORDERS                              // how many
};

// What came out of it: slots of an array `report` of doubles, read by the host after the step.
enum Report {
    SOURCES,                            // sum of V (tau y + P), conc um^3/s
    PRODUCED, SPENT, MOVED,             // sums of V P, of V L c before it is scaled, and of V (P - L c), conc um^3/s
    CLIPPED, EXCESS, LOST,              // clipped at zero, cut off at the ceiling, lost with all of the field, conc um^3
    SCALE,                              // factor on the solution that keeps the amount
    NORM, TOLERANCE,                    // of the residual, in units of the tolerated error
    GOING, COUNT, FAILED,               // 1: not yet solved; iterations; 1: broke down
    RZ, ALPHA, BETA, OMEGA,             // of the Krylov iteration
    HIGHEST, WIDEST,                    // largest potential, and the range of its exponent (taxis)
    ERROR, TOTAL, LARGEST,              // of the step: sum of squares, um^3; amount, conc um^3; largest c / K
    FACTOR_TOP, FACTOR_BASE,            // activity at the contacts = FACTOR PASSED + OFFSET; 1/(um^3/s)
    OFFSET_TOP, OFFSET_BASE,
    SHARE_TOP, SHARE_BASE,              // part of PASSED that leaves the system of cells and reservoir
    START_TOP, START_BASE,              // content from which the stage started, conc um^3
    CONDUCTANCE_TOP, CONDUCTANCE_BASE,  // sum of g, um^3/s
    PASSED_TOP, PASSED_BASE,            // sum of g a, conc um^3/s
    EXCHANGE_TOP, EXCHANGE_BASE,        // activity at the contacts
    INFLUX_TOP, INFLUX_BASE,            // into the cells, conc um^3/s
    EVAPORATED_TOP, EVAPORATED_BASE,    // out of the reservoirs, conc um^3/s
    CONTENT_TOP, CONTENT_BASE,          // of the reservoirs at the end of the stage, conc um^3
    REPORTS                             // how many
};

#define ONLY_IF(going) if (*(going) == 0) return

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)

#define INLINE static __device__ __forceinline__
// ABREAST: the kernels are what mnrd/backends/abreast.py makes its entries of.
#define ENTRY extern "C" __global__ void
#ifdef ABREAST
#define KERNEL INLINE void
#else
#define KERNEL ENTRY
#endif
#define LANES 1
#define GROUP 1
#define STRIP_LANES(i0, nx, ny) 1
#define THREAD ((index_t)blockIdx.x * blockDim.x + threadIdx.x)
#define FOR_EACH_CELL(n, cells) for (index_t n = THREAD; n < (cells); n += (index_t)gridDim.x * blockDim.x)
#define FOR_EACH_ROW(row, rows) \
    for (index_t row = THREAD / 32; row < (rows); row += (index_t)gridDim.x * blockDim.x / 32)
#define FOR_ROW_CELLS(i, nx) for (int i = threadIdx.x % 32; i < (nx); i += 32)
#define PIECE 1
#define FOR_ROW_PIECES(i0, lanes, nx) for (int i0 = threadIdx.x % 32, lanes [[maybe_unused]] = 1; i0 < (nx); i0 += 32)
#define FOR_ROW_SUM(i, nx, ...) FOR_ROW_CELLS(i, nx)
#define ROW_LEADER (threadIdx.x % 32 == 0)
// Shared memory of a block: a row for each of its warps where a kernel has a ROW_BUFFER, nz numbers for each of its threads
// where it has a STRIP_SCRATCH.
extern __shared__ real on_chip[];
#define ROW_BUFFER(line, nx) real *const line = on_chip + threadIdx.x / 32 * (nx)
#define ROW_READY __syncwarp()
#define IN_PAIRS(first, count) 0
#define FOR_ROW_WINDOW(i, nx) \
    for (int i = threadIdx.x % 32, west [[maybe_unused]], east [[maybe_unused]]; \
         west = i ? 1 : 1 - (nx), east = i + 1 < (nx) ? 1 : 1 - (nx), i < (nx); i += 32)
#define ROW_WINDOW(type, u)
#define X_WINDOW(type, hx)
#define X_EAST(hx) hx[i + east]
#define EAST(u) u[n + east]
#define WEST(u) u[n - west]
#define FOR_ROW_WINDOW_SUM(i, nx, ...) FOR_ROW_WINDOW(i, nx)
#define FOR_ROW_WINDOW_MAX(i, nx, s) FOR_ROW_WINDOW(i, nx)
#define FOR_ROW_MAX(i, nx, s) FOR_ROW_CELLS(i, nx)
#define FOR_ROW_SUM2_MAX(i, nx, s, t, m) FOR_ROW_CELLS(i, nx)
// Threads that run at the same time share a pool, nz numbers for each, that stays in the cache.
#define STRIP_SCRATCH(scratch) real *mine = (scratch) + THREAD
#ifdef ABREAST
// A block of a sequence has more threads than there are columns on its level: they alone have numbers on the chip.
#define WIDTH ((index_t)(nx) * (ny) < blockDim.x ? (unsigned)((index_t)(nx) * (ny)) : blockDim.x)
#define SWEPT(k, l) mine[(k) * (gridDim.x > 1 ? (index_t)gridDim.x * blockDim.x : (index_t)WIDTH)]
#else
#define WIDTH blockDim.x
#define SWEPT(k, l) mine[(k) * (index_t)gridDim.x * blockDim.x]
#endif
#define FACTOR(k, l) on_chip[(k) * WIDTH + threadIdx.x]
#define STRIP_STATE(lanes) real factor_left = 0, swept_left = 0
#define FACTOR_LEFT(k, l) factor_left
#define SWEPT_LEFT(k, l) swept_left
#define LEAVE(k, l, factor, swept) (FACTOR(k, l) = factor_left = (factor), SWEPT(k, l) = swept_left = (swept))
#define KEEP(k, l, value)
#define KEPT(k, l, value) (value)
// What hides the latency of the memory: the loads of several planes on their way at once.
#define RESTRICT __restrict__
#ifdef ABREAST
#define UNROLLED _Pragma("unroll (8 / sizeof(real))") // or a sequence would need more registers than it may have
#else
#define UNROLLED _Pragma("unroll (16 / sizeof(real))")
#endif
#define FOR_EACH_STRIP(i0, j, nx, ny) \
    for (index_t strip = THREAD; strip < (index_t)(nx) * (ny); strip += (index_t)gridDim.x * blockDim.x) \
        for (int j = (int)(strip / (nx)), i0 = (int)(strip % (nx)), once = 1; once; once = 0)
#define FOR_LANES(l, lanes) for (int l = 0; l < 1; ++l)
#define FOR_GROUPS(l0, width, lanes) for (int l0 = 0; l0 < 1; ++l0)
#define PREFETCH(row, width)
// e^-x for x >= 0
INLINE double decay(double x) { return exp(-x); }
INLINE float decay(float x) { return expf(-x); }
INLINE double row_total(double sum)
{
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(0xffffffffu, sum, offset);
    return sum;
}
INLINE double row_maximum(double largest)
{
    for (int offset = 16; offset > 0; offset /= 2) largest = fmax(largest, __shfl_down_sync(0xffffffffu, largest, offset));
    return largest;
}
#define FOR_EACH_BLOCK(item, items) for (index_t item = blockIdx.x; item < (items); item += gridDim.x)
#define FOR_BLOCK_SUM(i, n, s) for (index_t i = threadIdx.x; i < (n); i += blockDim.x)
#define FOR_BLOCK_SUM_MAX(i, n, s, m) FOR_BLOCK_SUM(i, n, s)
#define BLOCK_LEADER (threadIdx.x == 0)
// The first warp combines what the others have found; `nothing` stands for warps that a small block does not have.
#define BLOCK_REDUCTION(of_warp, value, nothing) \
    __shared__ double found[32]; \
    (value) = of_warp(value); \
    if (threadIdx.x % 32 == 0) found[threadIdx.x / 32] = (value); \
    __syncthreads(); \
    if (threadIdx.x < 32) (value) = of_warp(threadIdx.x < blockDim.x / 32 ? found[threadIdx.x] : (nothing)); \
    __syncthreads()
INLINE double block_total(double sum)
{
    BLOCK_REDUCTION(row_total, sum, 0.0);
    return sum;
}
INLINE double block_maximum(double largest)
{
    BLOCK_REDUCTION(row_maximum, largest, largest);
    return largest;
}

#else

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#define KERNEL extern "C" void
#define INLINE static inline __attribute__((always_inline))
#define LANES ((int)(2048 / sizeof(real))) // long runs of the memory, and yet what a strip keeps stays in the cache
#define GROUP 16 // lanes between two requests for what comes next
#define HOST_LOOP(text) _Pragma(#text) // loops too short to be worth waking threads for stay on one: if(...)

// Far from every source implicit solves leave numbers near 1e-310, on which processors are a hundred times slower.
// Each thread takes a copy at the head of a parallel loop, which flushes them to zero, and gives it back at the end.
#ifdef __SSE2__
#include <xmmintrin.h>
struct FlushDenormals {
    unsigned before;
    FlushDenormals() : before(_mm_getcsr()) {}
    FlushDenormals(const FlushDenormals &) : before(_mm_getcsr()) { _mm_setcsr(before | 0x8040); }
    ~FlushDenormals() { _mm_setcsr(before); }
};
#else
struct FlushDenormals {};
#endif
static const FlushDenormals flush;
#define FOR_EACH_CELL(n, cells) HOST_LOOP(omp parallel for simd if(parallel : (cells) > 8192) firstprivate(flush) schedule(static)) \
    for (index_t n = 0; n < (cells); ++n)
#define FOR_EACH_ROW(row, rows) HOST_LOOP(omp parallel for if((rows) > 1024) firstprivate(flush) schedule(static)) \
    for (index_t row = 0; row < (rows); ++row)
#define FOR_ROW_CELLS(i, nx) HOST_LOOP(omp simd) for (int i = 0; i < (nx); ++i)
#define PIECE 64
#define FOR_ROW_PIECES(i0, lanes, nx) \
    for (int i0 = 0, lanes; lanes = (nx) - i0 < PIECE ? (nx) - i0 : PIECE, i0 < (nx); i0 += PIECE)
#define FOR_ROW_SUM(i, nx, ...) HOST_LOOP(omp simd reduction(+ : __VA_ARGS__)) for (int i = 0; i < (nx); ++i)
#define ROW_LEADER 1
// A row of numbers: on the stack, or for a row that is too long for it elsewhere.
template <typename Number> struct Row {
    Number nearby[4096], *numbers;
    explicit Row(int count) : numbers(count <= 4096 ? nearby : (Number *)malloc(count * sizeof(Number))) {}
    Row(const Row &) = delete;
    ~Row() { if (numbers != nearby) free(numbers); }
};
#define ROW_BUFFER(line, nx) \
    Row<real> line##_memory(nx); \
    real *const line = line##_memory.numbers
#define ROW_READY
#define IN_PAIRS(first, count) in_pairs(first, count)
INLINE int in_pairs(const int *first, int count)
{
    int others = 0;
    FOR_ROW_SUM(i, (count) + 1, others) others += first[i] != 2 * i;
    return others == 0;
}
#define WINDOW(type, u, start) \
    Row<type> u##_memory(nx + 2); \
    type *const u##_row = u##_memory.numbers; \
    u##_row[0] = u[(start) + nx - 1]; \
    FOR_ROW_CELLS(i, nx) u##_row[i + 1] = u[(start) + i]; \
    u##_row[nx + 1] = u[start]
#define ROW_WINDOW(type, u) WINDOW(type, u, row * nx)
#define X_WINDOW(type, hx) WINDOW(type, hx, 0)
#define X_EAST(hx) hx##_row[i + 2]
#define EAST(u) u##_row[i + 2]
#define WEST(u) u##_row[i]
#define FOR_ROW_WINDOW(i, nx) FOR_ROW_CELLS(i, nx)
#define FOR_ROW_WINDOW_SUM(i, nx, ...) FOR_ROW_SUM(i, nx, __VA_ARGS__)
#define FOR_ROW_WINDOW_MAX(i, nx, s) FOR_ROW_MAX(i, nx, s)
#define FOR_ROW_MAX(i, nx, s) HOST_LOOP(omp simd reduction(max : s)) for (int i = 0; i < (nx); ++i)
#define FOR_ROW_SUM2_MAX(i, nx, s, t, m) \
    HOST_LOOP(omp simd reduction(+ : s, t) reduction(max : m)) for (int i = 0; i < (nx); ++i)
#define STRIP_SCRATCH(scratch) real *mine = (scratch) + (index_t)omp_get_thread_num() * 3 * (nz + 1) * LANES
#define FACTOR(k, l) mine[(3 * (k) + 3) * pitch + (l)]
#define SWEPT(k, l) mine[(3 * (k) + 4) * pitch + (l)]
#define KEPT(k, l, value) mine[(3 * (k) + 5) * pitch + (l)]
#define KEEP(k, l, value) KEPT(k, l, value) = (value)
#define STRIP_STATE(lanes) \
    const index_t pitch = ((lanes) + GROUP - 1) / GROUP * GROUP; \
    FOR_LANES(l, lanes) FACTOR(-1, l) = SWEPT(-1, l) = 0
#define FACTOR_LEFT(k, l) FACTOR((k) - 1, l)
#define SWEPT_LEFT(k, l) SWEPT((k) - 1, l)
#define LEAVE(k, l, factor, swept) (FACTOR(k, l) = (factor), SWEPT(k, l) = (swept))
#define RESTRICT
#define UNROLLED
// Strips of equal width, and where they can be 16 or more, so that there is work for many threads.
INLINE int strip_lanes(int nx, int ny)
{
    const index_t fair = (index_t)nx * ny / 16, most = fair < GROUP ? GROUP : fair < LANES ? fair : LANES;
    const int strips = (int)((nx + most - 1) / most);
    return ((nx + strips - 1) / strips + GROUP - 1) / GROUP * GROUP;
}
#define STRIP_LANES(i0, nx, ny) ((nx) - (i0) < strip_lanes(nx, ny) ? (nx) - (i0) : strip_lanes(nx, ny))
#define FOR_EACH_STRIP(i0, j, nx, ny) HOST_LOOP(omp parallel for collapse(2) if((index_t)(nx) * (ny) > 256) firstprivate(flush) schedule(static)) \
    for (int j = 0; j < (ny); ++j) for (int i0 = 0; i0 < (nx); i0 += strip_lanes(nx, ny))
#define FOR_LANES(l, lanes) HOST_LOOP(omp simd) for (int l = 0; l < (lanes); ++l)
#define FOR_GROUPS(l0, width, lanes) \
    for (int at = 0, l0 = 0; at < (lanes); at += (width), l0 = at + (width) > (lanes) ? (lanes) - (width) : at)
#define PREFETCH(row, width) \
    for (int line = 0; line < (width); line += (int)(64 / sizeof(real))) __builtin_prefetch((row) + line, 0, 2)
// e^-x for x >= 0, in loops over vectors: 2^-n e^-r with n = round(x / ln 2), |r| <= ln 2 / 2, and the series of e^-r.
// n + 3/2 2^52 has n in its last bits. Less than 1e-307 (1e-37) is 0.
INLINE double decay(double x)
{
    const double shift = 6755399441055744.0, shifted = shift - x * 1.4426950408889634;
    const double n = shifted - shift, r = (-x - n * 0x1.62e42fefa38p-1) - n * 0x1.ef35793c7673p-45;
    long long bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 52) + (1023LL << 52);
    double power, sum = 1.0 / 6227020800;
    memcpy(&power, &bits, sizeof power);
    sum = sum * r + 1.0 / 479001600;
    sum = sum * r + 1.0 / 39916800;
    sum = sum * r + 1.0 / 3628800;
    sum = sum * r + 1.0 / 362880;
    sum = sum * r + 1.0 / 40320;
    sum = sum * r + 1.0 / 5040;
    sum = sum * r + 1.0 / 720;
    sum = sum * r + 1.0 / 120;
    sum = sum * r + 1.0 / 24;
    sum = sum * r + 1.0 / 6;
    sum = sum * r + 0.5;
    sum = sum * r + 1;
    sum = sum * r + 1;
    return x > 707 ? 0 : power * sum;
}
INLINE float decay(float x)
{
    const float shift = 12582912.0f, shifted = shift - x * 1.44269504f;
    const float n = shifted - shift, r = (-x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
    int bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int)((unsigned)bits << 23) + (127 << 23);
    float power, sum = 1.0f / 5040;
    memcpy(&power, &bits, sizeof power);
    sum = sum * r + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1;
    sum = sum * r + 1;
    return x > 85 ? 0 : power * sum;
}
INLINE double row_total(double sum) { return sum; }
INLINE double row_maximum(double largest) { return largest; }
#define FOR_EACH_BLOCK(item, items) for (index_t item = 0; item < (items); ++item)
#define FOR_BLOCK_SUM(i, n, s) HOST_LOOP(omp simd reduction(+ : s)) for (index_t i = 0; i < (n); ++i)
#define FOR_BLOCK_SUM_MAX(i, n, s, m) \
    HOST_LOOP(omp simd reduction(+ : s) reduction(max : m)) for (index_t i = 0; i < (n); ++i)
#define BLOCK_LEADER 1
INLINE double block_total(double sum) { return sum; }
INLINE double block_maximum(double largest) { return largest; }

#endif

// Net flux out of cell n, sum of T (u - u_neighbour) over its six faces, in a row that FOR_ROW_WINDOW walks.
#define OUTFLOW(u) \
    (tx[n] * (u[n] - EAST(u)) + WEST(tx) * (u[n] - WEST(u)) + ty[n] * (u[n] - u[n + south]) \
     + ty[n - north] * (u[n] - u[n - north]) + tz[n] * (u[n] - u[n + down]) + tz[n - up] * (u[n] - u[n - up]))

// Where the neighbours of a row (k, j) lie; at the first and last plane the cell is its own neighbour: no flux.
#define ROW_NEIGHBOURS \
    const int j = (int)(row % ny), k = (int)(row / ny); \
    [[maybe_unused]] const index_t plane = (index_t)nx * ny, up = k > 0 ? plane : 0, down = k + 1 < nz ? plane : 0; \
    [[maybe_unused]] const index_t north = j > 0 ? nx : -plane + nx, south = j + 1 < ny ? nx : -plane + nx

// T_f = A_f / (h_i / (2 s_i) + h_j / (2 s_j)); zero where either side is impermeable.
INLINE real conductance_of(real area, real h_i, real s_i, real h_j, real s_j)
{
    const real share = s_j / (h_i * s_j + h_j * s_i);
    return (s_i > 0) & (s_j > 0) ? 2 * area * s_i * share : 0;
}
