// Length-limited canonical Huffman codes as deflate wants them (RFC 1951, section 3.2.2).
#pragma once

#include <cstdint>
#include <span>

namespace ganserve {

// The code of one symbol, its bits reversed: deflate packs a code from its most significant bit on into a stream that
// is filled from the least significant bit on.
struct HuffmanSymbol {
  uint16_t bits = 0;
  uint16_t length = 0;  // in bits; 0: the symbol has no code
};

// Deflate's largest alphabet: 256 literals, the end of the block, 29 match lengths; two more can never occur.
inline constexpr int kMaxHuffmanSymbols = 286;

// Makes code[i] the code of symbol i, which occurs frequencies[i] times. Symbols that don't occur get no code; if
// exactly one occurs, its code is one bit long. Both spans are equally long, at most kMaxHuffmanSymbols; no code is
// longer than max_length (at most 15) bits, and 2^max_length is at least the number of symbols. The sum of the
// frequencies is below 2^23.
void BuildHuffmanCode(std::span<const uint32_t> frequencies, int max_length, std::span<HuffmanSymbol> code);

}  // namespace ganserve
