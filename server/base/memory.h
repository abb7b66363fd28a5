// How the process's malloc behaves.
#pragma once

namespace ganserve {

// How much of what was freed stays with the process. Memory of 32 MiB and more in one piece never does.
struct KeptMemory {
  int main_thread_bytes;     // at the end of the main thread's heap
  int thread_padding_bytes;  // by so much another thread's heap grows and shrinks at a time, beyond what is needed
};

// Batches of a server, on worker threads. Above what the activations of a batch of 512 need at once (some 100 MiB for
// the reference generator), so only larger batches are paid for twice.
//
// A thread's arena is a chain of 64 MiB heaps, and free() unmaps the last one when the one before it has the padding's
// room: a batch that needs more than one heap would map and unmap the last one every time. With a whole heap's size
// that never happens. It is address space, not memory: nothing is resident before it is touched.
inline constexpr KeptMemory kServingMemory{256 << 20, 64 << 20};

// Steps of training and of measuring, on the main thread: the gradients and activations of a large batch stay whole.
// Other threads keep glibc's default, because address space counts where a job's memory is limited (RLIMIT_DATA).
inline constexpr KeptMemory kTrainingMemory{1 << 30, 128 << 10};

// Keeps freed memory with the process, so that a batch reuses the pages of the batch before it instead of having the
// kernel map and zero them again: glibc's defaults lose 15-45 % of the server's throughput at batches of 128 images and
// more. Resident memory stays stable, because what is kept is what the largest batches so far have needed at once.
//
// First thing in main, before any other thread exists. False if the C library refused a value; the process runs on.
bool TuneMalloc(const KeptMemory& kept);

}  // namespace ganserve
