// A zlib stream (RFC 1950, RFC 1951) for small inputs: runs of one byte as matches at distance 1, everything in one
// block with its own Huffman code. On filtered pixels as generators make them a search for other matches gains nothing
// worth its time (measured: 1 % on Fashion-MNIST, nothing on noisy RGB), and without it no tables need be cleared: for
// a 32x32x1 image libdeflate takes 13 us or more, most of it set-up, and this encoder 8 us.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ganserve {

// Bounds the arrays that DeflateRuns keeps on the stack (32 KiB), and what a single Huffman code has to fit.
inline constexpr size_t kMaxRunDeflateBytes = 16384;

// Bytes that `out` must have for n bytes of data: a stored block, plus room for the bit writer to write whole words.
constexpr size_t RunDeflateBound(size_t n) { return n + 2 + 5 + 4 + 8; }

// Compresses `data`, at most kMaxRunDeflateBytes, to `out`, at least RunDeflateBound(data.size()) bytes. Returns the
// bytes written, which depend on `data` alone. Data that don't shrink are stored.
size_t DeflateRuns(std::span<const uint8_t> data, std::span<uint8_t> out);

}  // namespace ganserve
