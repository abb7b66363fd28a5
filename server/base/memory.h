// How the process's malloc behaves.
#pragma once

namespace ganserve {

// Keeps freed memory with the process, so that a batch reuses the pages of the batch before it instead of having the
// kernel map and zero them again: glibc's defaults lose 15-45 % of the throughput at batches of 128 images and more.
// Resident memory stays stable, because what is kept is what the largest batches so far have needed at once.
//
// First thing in main, before any other thread exists. False if the C library refused a value; the process runs on.
bool TuneMalloc();

}  // namespace ganserve
