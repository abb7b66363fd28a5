#include "server/base/memory.h"

#include <malloc.h>

namespace ganserve {
namespace {

constexpr int kMiB = 1 << 20;

// From this size on, memory comes from mmap and goes back when it is freed. The default follows the sizes in use
// between 128 KiB and 32 MiB; 32 MiB is the most that glibc takes (half of a thread's 64 MiB heap), and one activation
// of the reference generator reaches it at a batch of 512.
constexpr int kMmapThresholdBytes = 32 * kMiB;

// Free memory at the end of the main thread's arena beyond this goes back to the kernel. Above what the activations of
// a batch of 512 need at once (some 100 MiB for the reference generator), so only larger batches are paid for twice.
constexpr int kTrimThresholdBytes = 256 * kMiB;

// A thread's arena is a chain of 64 MiB heaps, and free() unmaps the last one when the one before it has this much
// room: a batch that needs more than one heap would map and unmap the last one every time. With a whole heap's size
// that never happens. It is address space, not memory: nothing is resident before it is touched.
constexpr int kTopPadBytes = 64 * kMiB;

}  // namespace

bool TuneMalloc() {
  const bool mmap_threshold = mallopt(M_MMAP_THRESHOLD, kMmapThresholdBytes) == 1;
  const bool trim_threshold = mallopt(M_TRIM_THRESHOLD, kTrimThresholdBytes) == 1;
  const bool top_pad = mallopt(M_TOP_PAD, kTopPadBytes) == 1;
  return mmap_threshold && trim_threshold && top_pad;
}

}  // namespace ganserve
