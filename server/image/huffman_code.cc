#include "server/image/huffman_code.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ganserve {
namespace {

constexpr int kMaxLength = 15;  // deflate's longest code, in bits

// A symbol that occurs, packed so that sorting the integers sorts by frequency, then by symbol.
constexpr int kSymbolBits = 9;
using PackedSymbol = uint32_t;

using PackedSymbols = std::array<PackedSymbol, kMaxHuffmanSymbols>;
using Weights = std::array<uint32_t, kMaxHuffmanSymbols>;
using LengthCounts = std::array<uint32_t, kMaxLength + 1>;

// Fills `sorted` with the symbols that occur, the rarest first; returns how many. Most frequencies are small, so they
// are sorted by counting; the few that are not are sorted by comparing.
size_t SortByFrequency(std::span<const uint32_t> frequencies, PackedSymbols& sorted) {
  constexpr uint32_t kCounted = 64;  // frequencies from here on share the last bucket
  std::array<uint16_t, kCounted + 2> begin{};
  for (uint32_t frequency : frequencies) ++begin[std::min(frequency, kCounted) + 1];
  begin[1] = 0;  // frequency 0: not in the code
  for (size_t i = 1; i < begin.size(); ++i) begin[i] = static_cast<uint16_t>(begin[i] + begin[i - 1]);
  const size_t n = begin[kCounted + 1];
  const size_t tail = begin[kCounted];
  for (size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
    const uint32_t frequency = frequencies[symbol];
    if (frequency == 0) continue;
    sorted[begin[std::min(frequency, kCounted)]++] = (frequency << kSymbolBits) | static_cast<uint32_t>(symbol);
  }
  std::sort(sorted.begin() + static_cast<ptrdiff_t>(tail), sorted.begin() + static_cast<ptrdiff_t>(n));
  return n;
}

// Turns n >= 2 weights in rising order into the depths of their leaves in a Huffman tree, in place and in linear time:
// A. Moffat and J. Katajainen, "In-Place Calculation of Minimum-Redundancy Codes", WADS 1995.
void WeightsToDepths(Weights& a, size_t n) {
  // 1. Merge the two lightest again and again; a[i] becomes the parent of the internal node i.
  size_t root = 0;
  size_t leaf = 0;
  for (size_t next = 0; next + 1 < n; ++next) {
    uint32_t weight = 0;
    for (int child = 0; child < 2; ++child) {
      if (leaf >= n || (root < next && a[root] < a[leaf])) {
        weight += a[root];
        a[root++] = static_cast<uint32_t>(next);
      } else {
        weight += a[leaf++];
      }
    }
    a[next] = weight;
  }
  // 2. Parents to depths of the internal nodes, from the root (n - 2) down.
  a[n - 2] = 0;
  for (size_t i = n - 2; i-- > 0;) a[i] = a[a[i]] + 1;
  // 3. Depths of the internal nodes to depths of the leaves.
  size_t available = 1;
  uint32_t depth = 0;
  size_t internal = n - 1;  // one past the internal node to look at next
  size_t next = n;          // one past the leaf to fill next
  while (available > 0) {
    size_t used = 0;
    while (internal > 0 && a[internal - 1] == depth) {
      ++used;
      --internal;
    }
    for (; available > used; --available) a[--next] = depth;
    available = 2 * used;
    ++depth;
  }
}

// Counts the depths, none of them beyond max_length, so that Kraft's sum stays exactly 1: every leaf cut off too low is
// paid for by moving a pair one level down elsewhere.
LengthCounts CountLengths(const Weights& depths, size_t n, int max_length) {
  const auto limit = static_cast<uint32_t>(max_length);
  LengthCounts counts{};
  for (size_t i = 0; i < n; ++i) ++counts[std::min(depths[i], limit)];
  uint32_t kraft = 0;  // in units of 2^-max_length
  for (uint32_t length = 1; length <= limit; ++length) kraft += counts[length] << (limit - length);
  for (; kraft > (1U << limit); --kraft) {
    --counts[limit];
    uint32_t length = limit - 1;
    while (counts[length] == 0) --length;
    --counts[length];
    counts[length + 1] += 2;
  }
  return counts;
}

uint16_t ReverseBits(uint32_t bits, int length) {
  bits = ((bits & 0x5555U) << 1) | ((bits >> 1) & 0x5555U);
  bits = ((bits & 0x3333U) << 2) | ((bits >> 2) & 0x3333U);
  bits = ((bits & 0x0F0FU) << 4) | ((bits >> 4) & 0x0F0FU);
  bits = ((bits & 0x00FFU) << 8) | ((bits >> 8) & 0x00FFU);
  return static_cast<uint16_t>(bits >> (16 - length));
}

// RFC 1951, section 3.2.2: the codes follow from the lengths alone.
void AssignCodes(const LengthCounts& counts, std::span<HuffmanSymbol> code) {
  std::array<uint32_t, kMaxLength + 1> next_code{};
  for (size_t length = 1; length < kMaxLength; ++length) {
    next_code[length + 1] = (next_code[length] + counts[length]) << 1;
  }
  for (HuffmanSymbol& symbol : code) {
    if (symbol.length != 0) symbol.bits = ReverseBits(next_code[symbol.length]++, symbol.length);
  }
}

}  // namespace

void BuildHuffmanCode(std::span<const uint32_t> frequencies, int max_length, std::span<HuffmanSymbol> code) {
  std::fill(code.begin(), code.end(), HuffmanSymbol{});
  PackedSymbols sorted;
  const size_t n = SortByFrequency(frequencies, sorted);
  const auto symbol = [&sorted](size_t i) { return sorted[i] & ((1U << kSymbolBits) - 1); };
  if (n < 2) {
    if (n == 1) code[symbol(0)] = {.bits = 0, .length = 1};
    return;
  }
  Weights depths;
  for (size_t i = 0; i < n; ++i) depths[i] = sorted[i] >> kSymbolBits;
  WeightsToDepths(depths, n);
  const LengthCounts counts = CountLengths(depths, n, max_length);
  size_t i = 0;
  for (int length = max_length; length > 0; --length) {
    for (uint32_t k = 0; k < counts[static_cast<size_t>(length)]; ++k) {
      code[symbol(i++)].length = static_cast<uint16_t>(length);
    }
  }
  AssignCodes(counts, code);
}

}  // namespace ganserve
