// What CUDA text takes for granted, for a C++ compiler: the threads of a block are fibers, see fibers.cpp.
#pragma once
#define __CUDACC_RTC__
#define __global__
#define __launch_bounds__(threads)
#define __device__
#define __forceinline__ inline __attribute__((always_inline))
#define __shared__ static // blocks run one after the other
struct Dim {
    unsigned x, y, z;
};
extern "C" {
extern Dim threadIdx, blockIdx, blockDim, gridDim;
extern char standin_shared[];
double standin_shuffle(unsigned mask, double value, unsigned offset);
void standin_barrier();
}
#define __shfl_down_sync(mask, value, offset) standin_shuffle(mask, value, offset)
#define __syncwarp() standin_shuffle(0xffffffffu, 0, 0)
#define __syncthreads() standin_barrier()
#include <math.h>
