// Runs a kernel as a GPU does, slowly: every thread of a block is a fiber that runs until it needs the others, which is
// at a shuffle (all 32 of its warp must come to the same one) or at a barrier (all of the block must come).
#include "device.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

Dim threadIdx, blockIdx, blockDim, gridDim;
alignas(16) char standin_shared[228 * 1024];

namespace {

constexpr unsigned MOST = 1024, STACK = 1 << 16, SHARED = 227 * 1024, GUARD = 256;
enum State { READY, SHUFFLE, BARRIER, DONE };

struct Fiber {
    ucontext_t context;
    jmp_buf where;
    bool made;
    State state;
    unsigned offset, shuffles;
    double value[2]; // the lanes of a warp are never more than one shuffle apart
};

Fiber fibers[MOST];
Fiber *running;
jmp_buf scheduler;
char *stacks;
char problem[200];
void (*body)(void **);
void **arguments;

void yield(State state)
{
    running->state = state;
    if (!_setjmp(running->where)) _longjmp(scheduler, 1);
}

void live()
{
    for (;;) {
        body(arguments);
        yield(DONE);
    }
}

void make(unsigned t)
{
    if (!stacks) stacks = (char *)malloc((size_t)MOST * STACK);
    getcontext(&fibers[t].context);
    fibers[t].context.uc_stack.ss_sp = stacks + (size_t)t * STACK;
    fibers[t].context.uc_stack.ss_size = STACK;
    makecontext(&fibers[t].context, live, 0);
}

__attribute__((noinline)) void resume(unsigned t)
{
    running = &fibers[t];
    threadIdx = {t, 0, 0};
    if (_setjmp(scheduler)) return;
    if (running->made) _longjmp(running->where, 1);
    running->made = true;
    setcontext(&running->context);
}

// Whether a warp that waits at a shuffle may go on.
bool release_warp(unsigned first)
{
    unsigned waiting = 0;
    bool same = true;
    for (unsigned t = first; t < first + 32; ++t) {
        waiting += fibers[t].state == SHUFFLE;
        same = same && fibers[t].offset == fibers[first].offset && fibers[t].shuffles == fibers[first].shuffles;
    }
    if (!waiting) return false;
    if (waiting < 32 || !same) {
        snprintf(problem, sizeof problem, "threads %u to %u do not come to the same shuffle", first, first + 31);
        return false;
    }
    for (unsigned t = first; t < first + 32; ++t) fibers[t].state = READY;
    return true;
}

bool release_block(unsigned threads)
{
    unsigned waiting = 0;
    for (unsigned t = 0; t < threads; ++t) waiting += fibers[t].state == BARRIER;
    if (waiting && waiting < threads)
        snprintf(problem, sizeof problem, "%u of %u threads come to a barrier", waiting, threads);
    for (unsigned t = 0; t < threads && waiting == threads; ++t) fibers[t].state = READY;
    return waiting == threads;
}

void run_block(unsigned threads, unsigned shared, bool backward)
{
    memset(standin_shared, 255, shared + GUARD); // not a number
    for (unsigned t = 0; t < threads; ++t) {
        if (!fibers[t].made) make(t);
        fibers[t].state = READY;
        fibers[t].shuffles = 0;
    }
    for (bool released = true; released && !problem[0];) {
        for (unsigned t = 0; t < threads; ++t) {
            const unsigned next = backward ? threads - 1 - t : t;
            if (fibers[next].state == READY) resume(next);
        }
        released = false;
        for (unsigned first = 0; first < threads; first += 32) released = release_warp(first) || released;
        if (!released && !problem[0]) released = release_block(threads);
    }
    for (unsigned byte = shared; byte < shared + GUARD; ++byte)
        if ((unsigned char)standin_shared[byte] != 255) snprintf(problem, sizeof problem, "writes beside its shared memory");
    for (unsigned t = 0; t < threads; ++t)
        if (fibers[t].state != DONE) fibers[t].made = false; // left in the middle
}

} // namespace

extern "C" {

double standin_shuffle(unsigned mask, double value, unsigned offset)
{
    Fiber *self = running;
    const unsigned slot = self->shuffles % 2, lane = (unsigned)(self - fibers) % 32;
    if (mask != 0xffffffffu) snprintf(problem, sizeof problem, "a shuffle of a part of a warp");
    self->value[slot] = value;
    self->offset = offset;
    self->shuffles++;
    yield(SHUFFLE);
    return lane + offset < 32 ? self[offset].value[slot] : value;
}

void standin_barrier() { yield(BARRIER); }

// What went wrong, or an empty text. backward: the last thread of each block, and the last block, goes first.
const char *standin_launch(void (*kernel)(void **), void **given, unsigned blocks, unsigned rows, unsigned threads,
                           unsigned shared, int backward)
{
    body = kernel;
    arguments = given;
    problem[0] = 0;
    if (shared > SHARED) snprintf(problem, sizeof problem, "%u bytes of shared memory", shared);
    gridDim = {blocks, rows, 1};
    blockDim = {threads, 1, 1};
    for (unsigned block = 0; block < blocks * rows && !problem[0]; ++block) {
        const unsigned next = backward ? blocks * rows - 1 - block : block;
        blockIdx = {next % blocks, next / blocks, 0};
        run_block(threads, shared, backward);
    }
    return problem;
}
}
