#include "server/base/memory.h"

#include <malloc.h>

namespace ganserve {
namespace {

// From this size on, memory comes from mmap and goes back when it is freed. The default follows the sizes in use
// between 128 KiB and 32 MiB; 32 MiB is the most that glibc takes (half of a thread's 64 MiB heap), and one activation
// of the reference generator reaches it at a batch of 512.
constexpr int kMmapThresholdBytes = 32 << 20;

}  // namespace

bool TuneMalloc(const KeptMemory& kept) {
  const bool mmap_threshold = mallopt(M_MMAP_THRESHOLD, kMmapThresholdBytes) == 1;
  const bool trim_threshold = mallopt(M_TRIM_THRESHOLD, kept.main_thread_bytes) == 1;
  const bool top_pad = mallopt(M_TOP_PAD, kept.thread_padding_bytes) == 1;
  return mmap_threshold && trim_threshold && top_pad;
}

}  // namespace ganserve
