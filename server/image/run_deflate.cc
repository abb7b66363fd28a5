#include "server/image/run_deflate.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "server/image/huffman_code.h"

namespace ganserve {
namespace {

constexpr int kEndOfBlock = 256;
constexpr int kFirstLengthSymbol = 257;
constexpr size_t kLiteralSymbols = kMaxHuffmanSymbols;
constexpr int kMaxLiteralBits = 15;
constexpr size_t kMinRun = 3;  // deflate's shortest and longest match
constexpr size_t kMaxRun = 258;

// Tokens: below 256 a literal, from there on a run of (token - kRunToken + kMinRun) more bytes like the one before.
constexpr uint16_t kRunToken = 256;

// The alphabet in which the code lengths themselves are written, and the order of its own lengths (RFC 1951, 3.2.7).
constexpr size_t kLengthSymbols = 19;
constexpr int kMaxLengthBits = 7;
constexpr std::array<uint8_t, kLengthSymbols> kLengthOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                              11, 4,  12, 3, 13, 2, 14, 1, 15};

struct RunSymbol {
  uint16_t symbol = 0;
  uint8_t extra_bits = 0;
  uint8_t extra = 0;
};

// The symbol and extra bits of every match length, indexed by length - kMinRun (RFC 1951, section 3.2.5).
constexpr std::array<RunSymbol, kMaxRun - kMinRun + 1> MakeRunSymbols() {
  std::array<RunSymbol, kMaxRun - kMinRun + 1> table{};
  size_t length = 0;
  for (int symbol = kFirstLengthSymbol; symbol < 285; ++symbol) {
    const int extra_bits = symbol < 265 ? 0 : (symbol - 261) / 4;
    for (int extra = 0; extra < 1 << extra_bits && length < table.size(); ++extra, ++length) {
      table[length] = {static_cast<uint16_t>(symbol), static_cast<uint8_t>(extra_bits), static_cast<uint8_t>(extra)};
    }
  }
  table.back() = {285, 0, 0};
  return table;
}
constexpr auto kRunSymbols = MakeRunSymbols();

// Writes bits from the least significant one on. The caller makes sure that 8 bytes beyond the last bit exist.
class BitWriter {
 public:
  explicit BitWriter(uint8_t* out) : out_(out) {}

  // At most 48 bits, the rest of `bits` zero.
  void Write(uint64_t bits, int count) {
    buffer_ |= bits << filled_;
    filled_ += count;
    Store();
    out_ += filled_ / 8;
    buffer_ >>= filled_ & ~7;
    filled_ &= 7;
  }

  // Fills the last byte with zeros; returns the position after it.
  uint8_t* Finish() {
    Store();
    return out_ + (filled_ + 7) / 8;
  }

 private:
  void Store() {
    uint64_t word = buffer_;
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    std::memcpy(out_, &word, sizeof(word));
  }

  uint8_t* out_;
  uint64_t buffer_ = 0;
  int filled_ = 0;  // bits in buffer_, below 8 between calls
};

struct Tokens {
  std::array<uint16_t, kMaxRunDeflateBytes> token;
  size_t size = 0;
  std::array<uint32_t, kLiteralSymbols> frequency{};
};

// Whether the kMinRun bytes from data[i] on, i > 0, are all like the one before. One comparison that is nearly always
// false where there are no runs, and so is well predicted.
bool StartsRun(std::span<const uint8_t> data, size_t i) {
  if (i + kMinRun > data.size()) return false;
  uint32_t bytes = 0;
  std::memcpy(&bytes, &data[i - 1], sizeof(bytes));
  return bytes == data[i - 1] * 0x01010101U;
}

size_t RunLength(std::span<const uint8_t> data, size_t begin) {
  const size_t end = std::min(data.size(), begin + kMaxRun);
  size_t i = begin + kMinRun;
  while (i < end && data[i] == data[begin - 1]) ++i;
  return i - begin;
}

void Tokenize(std::span<const uint8_t> data, Tokens& tokens) {
  for (size_t i = 0; i < data.size();) {
    if (i > 0 && StartsRun(data, i)) {
      const size_t run = RunLength(data, i);
      ++tokens.frequency[kRunSymbols[run - kMinRun].symbol];
      tokens.token[tokens.size++] = static_cast<uint16_t>(kRunToken + run - kMinRun);
      i += run;
    } else {
      ++tokens.frequency[data[i]];
      tokens.token[tokens.size++] = data[i++];
    }
  }
  ++tokens.frequency[kEndOfBlock];
}

// The code lengths of a block, run-length coded: symbols of the length alphabet with their extra bits.
struct CodedLengths {
  std::array<RunSymbol, kLiteralSymbols + 1> entry;
  size_t size = 0;
  std::array<uint32_t, kLengthSymbols> frequency{};

  void Add(int symbol, int extra_bits, size_t extra) {
    ++frequency[static_cast<size_t>(symbol)];
    entry[size++] = {static_cast<uint16_t>(symbol), static_cast<uint8_t>(extra_bits), static_cast<uint8_t>(extra)};
  }
};

void CodeLengths(std::span<const uint8_t> lengths, CodedLengths& coded) {
  for (size_t i = 0; i < lengths.size();) {
    const uint8_t length = lengths[i];
    size_t run = 1;
    while (i + run < lengths.size() && lengths[i + run] == length) ++run;
    if (length == 0 && run >= 3) {
      run = std::min<size_t>(run, 138);
      run < 11 ? coded.Add(17, 3, run - 3) : coded.Add(18, 7, run - 11);
    } else if (length != 0 && run >= 4) {
      run = std::min<size_t>(run, 7);
      coded.Add(length, 0, 0);
      coded.Add(16, 2, run - 4);
    } else {
      run = 1;
      coded.Add(length, 0, 0);
    }
    i += run;
  }
}

// Everything that a block needs, and its size.
struct Block {
  std::array<HuffmanSymbol, kLiteralSymbols> literal_code;
  std::array<HuffmanSymbol, kLengthSymbols> length_code;
  CodedLengths coded_lengths;
  size_t literal_symbols = 0;  // up to the last with a code
  size_t length_symbols = 0;   // of kLengthOrder
  size_t bits = 0;             // of the whole block
};

void PlanBlock(const Tokens& tokens, Block& block) {
  BuildHuffmanCode(tokens.frequency, kMaxLiteralBits, block.literal_code);
  block.literal_symbols = kLiteralSymbols;
  while (block.literal_code[block.literal_symbols - 1].length == 0) --block.literal_symbols;
  std::array<uint8_t, kLiteralSymbols + 1> lengths;
  for (size_t i = 0; i < block.literal_symbols; ++i) {
    lengths[i] = static_cast<uint8_t>(block.literal_code[i].length);
  }
  lengths[block.literal_symbols] = 1;  // the one distance that occurs, 1, is one bit: 0
  CodeLengths({lengths.data(), block.literal_symbols + 1}, block.coded_lengths);
  BuildHuffmanCode(block.coded_lengths.frequency, kMaxLengthBits, block.length_code);
  block.length_symbols = kLengthSymbols;
  while (block.length_code[kLengthOrder[block.length_symbols - 1]].length == 0) --block.length_symbols;

  block.bits = 3 + 5 + 5 + 4 + 3 * block.length_symbols;
  for (size_t i = 0; i < block.coded_lengths.size; ++i) {
    const RunSymbol& entry = block.coded_lengths.entry[i];
    block.bits += block.length_code[entry.symbol].length + size_t{entry.extra_bits};
  }
  for (size_t i = 0; i < kLiteralSymbols; ++i) {
    const size_t extra = i < kFirstLengthSymbol ? 0 : 1 + (i < 265 || i == 285 ? 0 : (i - 261) / 4);
    block.bits += tokens.frequency[i] * (block.literal_code[i].length + extra);
  }
}

uint8_t* WriteBlock(const Tokens& tokens, const Block& block, uint8_t* out) {
  BitWriter writer(out);
  writer.Write(0b101, 3);  // the last block, with its own codes
  writer.Write(block.literal_symbols - kFirstLengthSymbol, 5);
  writer.Write(0, 5);  // one distance
  writer.Write(block.length_symbols - 4, 4);
  for (size_t i = 0; i < block.length_symbols; ++i) writer.Write(block.length_code[kLengthOrder[i]].length, 3);
  for (size_t i = 0; i < block.coded_lengths.size; ++i) {
    const RunSymbol& entry = block.coded_lengths.entry[i];
    const HuffmanSymbol& code = block.length_code[entry.symbol];
    writer.Write(code.bits | (uint64_t{entry.extra} << code.length), code.length + entry.extra_bits);
  }
  for (size_t i = 0; i < tokens.size; ++i) {
    const uint16_t token = tokens.token[i];
    if (token < kRunToken) {
      writer.Write(block.literal_code[token].bits, block.literal_code[token].length);
    } else {
      const RunSymbol& run = kRunSymbols[token - kRunToken];
      const HuffmanSymbol& code = block.literal_code[run.symbol];
      writer.Write(code.bits | (uint64_t{run.extra} << code.length), code.length + run.extra_bits + 1);
    }
  }
  writer.Write(block.literal_code[kEndOfBlock].bits, block.literal_code[kEndOfBlock].length);
  return writer.Finish();
}

uint8_t* WriteStored(std::span<const uint8_t> data, uint8_t* out) {
  const size_t n = data.size();
  *out++ = 0b001;  // the last block, stored
  *out++ = static_cast<uint8_t>(n);
  *out++ = static_cast<uint8_t>(n >> 8);
  *out++ = static_cast<uint8_t>(~n);
  *out++ = static_cast<uint8_t>(~n >> 8);
  std::memcpy(out, data.data(), n);
  return out + n;
}

}  // namespace

size_t DeflateRuns(std::span<const uint8_t> data, std::span<uint8_t> out) {
  Tokens tokens;
  Tokenize(data, tokens);
  Block block;
  PlanBlock(tokens, block);
  uint8_t* end = out.data();
  *end++ = 0x78;  // deflate with a window of up to 32 KiB
  *end++ = 0x01;  // fastest; makes the two bytes a multiple of 31
  end = block.bits <= 8 * (data.size() + 4) ? WriteBlock(tokens, block, end) : WriteStored(data, end);
  const uint32_t checksum = libdeflate_adler32(1, data.data(), data.size());
  for (int shift = 24; shift >= 0; shift -= 8) *end++ = static_cast<uint8_t>(checksum >> shift);
  return static_cast<size_t>(end - out.data());
}

}  // namespace ganserve
