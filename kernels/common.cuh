// The dialect: what lets one kernel text run as CUDA and as host code (OpenMP).
//
// REAL is given by -DREAL=float or -DREAL=double and is the precision of the solver; state and sums are double.
// Cells are numbered x fastest: n = (k ny + j) nx + i. A row is all x of one (k, j); a column is all z of one (i, j).
//
//   FOR_EACH_CELL(n, cells) { ... }                every cell for itself
//   FOR_EACH_ROW(row, rows) { FOR_ROW_CELLS(i, nx) { ... } }      rows, for stencils
//   FOR_ROW_SUM(i, nx, s) s += ...; ROW_TOTAL(s)   fixed-order sum over a row: the same bits on every run
//   FOR_ROW_STENCIL(i, nx) { u[n - west], u[n + east] }           a row whose ends wrap around (a mirror side has T = 0 there)
//   FOR_EACH_STRIP(i0, j, nx, ny) { ... FOR_LANES(l, lanes) ... } LANES neighbouring columns, walked together in z
//   STRIP_SCRATCH(scratch); SCRATCH(which, k, l)                  two numbers per cell of the strip that is being walked

typedef REAL real;
typedef long long index_t;

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)

#define KERNEL extern "C" __global__ void
#define INLINE static __device__ __forceinline__
#define LANES 1
#define THREAD ((index_t)blockIdx.x * blockDim.x + threadIdx.x)
#define FOR_EACH_CELL(n, cells) for (index_t n = THREAD; n < (cells); n += (index_t)gridDim.x * blockDim.x)
#define FOR_EACH_ROW(row, rows) \
    for (index_t row = THREAD / 32; row < (rows); row += (index_t)gridDim.x * blockDim.x / 32)
#define FOR_ROW_CELLS(i, nx) for (int i = threadIdx.x % 32; i < (nx); i += 32)
#define FOR_ROW_SUM(i, nx, s) FOR_ROW_CELLS(i, nx)
#define ROW_LEADER (threadIdx.x % 32 == 0)
#define FOR_ROW_STENCIL(i, nx) \
    for (int i = threadIdx.x % 32, west [[maybe_unused]], east [[maybe_unused]]; \
         west = i ? 1 : 1 - (nx), east = i + 1 < (nx) ? 1 : 1 - (nx), i < (nx); i += 32)
#define FOR_ROW_STENCIL_SUM(i, nx, s) FOR_ROW_STENCIL(i, nx)
#define FOR_ROW_STENCIL_MAX(i, nx, s) FOR_ROW_STENCIL(i, nx)
#define FOR_ROW_STENCIL_SUM2(i, nx, s, t) FOR_ROW_STENCIL(i, nx)
#define FOR_ROW_SUM2(i, nx, s, t) FOR_ROW_CELLS(i, nx)
#define FOR_ROW_SUM3(i, nx, s, t, u) FOR_ROW_CELLS(i, nx)
#define FOR_ROW_SUM2_MAX(i, nx, s, t, m) FOR_ROW_CELLS(i, nx)
#define STRIP_SCRATCH(scratch) real *mine = (scratch) + strip
#define SCRATCH(which, k, l) mine[((which) * (index_t)nz + (k)) * nx * ny]
#define FOR_EACH_STRIP(i0, j, nx, ny) \
    for (index_t strip = THREAD; strip < (index_t)(nx) * (ny); strip += (index_t)gridDim.x * blockDim.x) \
        for (int j = (int)(strip / (nx)), i0 = (int)(strip % (nx)), once = 1; once; once = 0)
#define FOR_LANES(l, lanes) for (int l = 0; l < 1; ++l)
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

#else

#include <math.h>
#include <omp.h>
#define KERNEL extern "C" void
#define INLINE static inline __attribute__((always_inline))
#define LANES 8
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
#define FOR_ROW_SUM(i, nx, s) HOST_LOOP(omp simd reduction(+ : s)) for (int i = 0; i < (nx); ++i)
#define ROW_LEADER 1
#define ROW_PARTS(nx) \
    for (int part = 0; part < 3; ++part) \
        for (int once = 1, begin = part == 2 ? ((nx) > 1 ? (nx) - 1 : 1) : part, end = part == 0 ? 1 : (nx) - (part == 1), \
                 west = part == 0 ? 1 - (nx) : 1, east = part == 2 || (nx) == 1 ? 1 - (nx) : 1; once; once = 0)
#define FOR_ROW_STENCIL(i, nx) ROW_PARTS(nx) HOST_LOOP(omp simd) for (int i = begin; i < end; ++i)
#define FOR_ROW_STENCIL_SUM(i, nx, s) \
    ROW_PARTS(nx) HOST_LOOP(omp simd reduction(+ : s)) for (int i = begin; i < end; ++i)
#define FOR_ROW_STENCIL_MAX(i, nx, s) \
    ROW_PARTS(nx) HOST_LOOP(omp simd reduction(max : s)) for (int i = begin; i < end; ++i)
#define FOR_ROW_STENCIL_SUM2(i, nx, s, t) \
    ROW_PARTS(nx) HOST_LOOP(omp simd reduction(+ : s, t)) for (int i = begin; i < end; ++i)
#define FOR_ROW_SUM2(i, nx, s, t) HOST_LOOP(omp simd reduction(+ : s, t)) for (int i = 0; i < (nx); ++i)
#define FOR_ROW_SUM3(i, nx, s, t, u) HOST_LOOP(omp simd reduction(+ : s, t, u)) for (int i = 0; i < (nx); ++i)
#define FOR_ROW_SUM2_MAX(i, nx, s, t, m) \
    HOST_LOOP(omp simd reduction(+ : s, t) reduction(max : m)) for (int i = 0; i < (nx); ++i)
#define STRIP_SCRATCH(scratch) real *mine = (scratch) + (index_t)omp_get_thread_num() * 2 * nz * LANES
#define SCRATCH(which, k, l) mine[((which) * (index_t)nz + (k)) * LANES + (l)]
#define FOR_EACH_STRIP(i0, j, nx, ny) HOST_LOOP(omp parallel for collapse(2) if((index_t)(nx) * (ny) > 256) firstprivate(flush) schedule(static)) \
    for (int j = 0; j < (ny); ++j) for (int i0 = 0; i0 < (nx); i0 += LANES)
#define FOR_LANES(l, lanes) HOST_LOOP(omp simd) for (int l = 0; l < (lanes); ++l)
INLINE double row_total(double sum) { return sum; }
INLINE double row_maximum(double largest) { return largest; }

#endif

// Net flux out of cell n, sum of T (u - u_neighbour) over its six faces, in a row that FOR_ROW_STENCIL walks.
#define OUTFLOW(u) \
    (tx[n] * (u[n] - u[n + east]) + tx[n - west] * (u[n] - u[n - west]) + ty[n] * (u[n] - u[n + south]) \
     + ty[n - north] * (u[n] - u[n - north]) + tz[n] * (u[n] - u[n + down]) + tz[n - up] * (u[n] - u[n - up]))

// Where the neighbours of a row (k, j) lie; at the first and last plane the cell is its own neighbour: no flux.
#define ROW_NEIGHBOURS \
    const int j = (int)(row % ny), k = (int)(row / ny); \
    [[maybe_unused]] const index_t plane = (index_t)nx * ny, up = k > 0 ? plane : 0, down = k + 1 < nz ? plane : 0; \
    [[maybe_unused]] const index_t north = j > 0 ? nx : -plane + nx, south = j + 1 < ny ? nx : -plane + nx
