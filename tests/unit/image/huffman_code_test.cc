#include "server/image/huffman_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <vector>

namespace ganserve {
namespace {

std::vector<HuffmanSymbol> Build(const std::vector<uint32_t>& frequencies, int max_length = 15) {
  std::vector<HuffmanSymbol> code(frequencies.size());
  BuildHuffmanCode(frequencies, max_length, code);
  return code;
}

uint64_t CodedBits(const std::vector<uint32_t>& frequencies, const std::vector<HuffmanSymbol>& code) {
  uint64_t bits = 0;
  for (size_t i = 0; i < code.size(); ++i) bits += uint64_t{frequencies[i]} * code[i].length;
  return bits;
}

// The least bits that any prefix code needs: the sum of all merges in Huffman's algorithm.
uint64_t OptimalBits(const std::vector<uint32_t>& frequencies) {
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> weights;
  for (uint32_t frequency : frequencies) {
    if (frequency > 0) weights.push(frequency);
  }
  uint64_t bits = 0;
  while (weights.size() > 1) {
    uint64_t merged = weights.top();
    weights.pop();
    merged += weights.top();
    weights.pop();
    weights.push(merged);
    bits += merged;
  }
  return bits;
}

// In units of 2^-15: 2^15 for a complete code.
uint32_t KraftSum(const std::vector<HuffmanSymbol>& code) {
  uint32_t sum = 0;
  for (const HuffmanSymbol& symbol : code) {
    if (symbol.length > 0) sum += 1U << (15 - symbol.length);
  }
  return sum;
}

bool IsPrefixFree(const std::vector<HuffmanSymbol>& code) {
  for (size_t i = 0; i < code.size(); ++i) {
    for (size_t j = 0; j < code.size(); ++j) {
      if (i == j || code[i].length == 0 || code[i].length > code[j].length) continue;
      if ((code[j].bits & ((1U << code[i].length) - 1)) == code[i].bits) return false;
    }
  }
  return true;
}

uint32_t Below(std::mt19937& random, uint32_t limit) { return static_cast<uint32_t>(random() % limit); }

// From flat to so skewed that an unlimited code would exceed 15 bits.
std::vector<uint32_t> RandomFrequencies(std::mt19937& random) {
  std::vector<uint32_t> frequencies(2 + Below(random, kMaxHuffmanSymbols - 1));
  const uint32_t skew = Below(random, 14);
  for (uint32_t& frequency : frequencies) {
    frequency = (Below(random, 16) >> Below(random, 5)) << Below(random, skew + 1);
  }
  frequencies[0] = std::max(frequencies[0], 1U);
  frequencies[1] = std::max(frequencies[1], 1U);
  return frequencies;
}

TEST(HuffmanCode, IsCompleteAndPrefixFree) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    const std::vector<HuffmanSymbol> code = Build(RandomFrequencies(random));
    ASSERT_EQ(KraftSum(code), 1U << 15);
    ASSERT_TRUE(IsPrefixFree(code));
  }
}

TEST(HuffmanCode, IsOptimalWhereTheLimitDoesNotBind) {
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint32_t> frequencies(2 + Below(random, kMaxHuffmanSymbols - 1));
    for (uint32_t& frequency : frequencies) frequency = 1 + Below(random, 300);  // too even for codes beyond 15 bits
    ASSERT_EQ(CodedBits(frequencies, Build(frequencies)), OptimalBits(frequencies));
  }
}

TEST(HuffmanCode, KeepsTheLimitAtASmallCost) {
  std::vector<uint32_t> fibonacci = {1, 1};
  while (fibonacci.size() < 25) fibonacci.push_back(fibonacci.end()[-1] + fibonacci.end()[-2]);
  for (int max_length : {7, 15}) {
    const std::vector<HuffmanSymbol> code = Build(fibonacci, max_length);
    EXPECT_EQ(KraftSum(code), 1U << 15);
    for (const HuffmanSymbol& symbol : code) EXPECT_LE(symbol.length, max_length);
    EXPECT_LE(CodedBits(fibonacci, code), OptimalBits(fibonacci) * 5 / 4);
  }
}

TEST(HuffmanCode, OnlySymbolsThatOccurGetACode) {
  const std::vector<HuffmanSymbol> code = Build({0, 5, 0, 3, 0, 1});
  EXPECT_EQ(code[0].length, 0);
  EXPECT_EQ(code[1].length, 1);
  EXPECT_EQ(code[2].length, 0);
  EXPECT_EQ(code[3].length, 2);
  EXPECT_EQ(code[4].length, 0);
  EXPECT_EQ(code[5].length, 2);
}

TEST(HuffmanCode, OneSymbolTakesOneBitAndNoneTakesNothing) {
  EXPECT_EQ(Build({0, 9, 0})[1].length, 1);
  EXPECT_EQ(KraftSum(Build({0, 0, 0})), 0U);
}

// RFC 1951, section 3.2.2: lengths (3,3,3,3,3,2,4,4) give A=010 B=011 C=100 D=101 E=110 F=00 G=1110 H=1111.
TEST(HuffmanCode, AssignsTheCodesOfTheRfcBitReversed) {
  const std::vector<HuffmanSymbol> code = Build({20, 20, 20, 20, 20, 40, 10, 10});
  EXPECT_EQ(code[0].bits, 0b010);
  EXPECT_EQ(code[1].bits, 0b110);
  EXPECT_EQ(code[4].bits, 0b011);
  EXPECT_EQ(code[5].bits, 0b00);
  EXPECT_EQ(code[6].bits, 0b0111);
  EXPECT_EQ(code[7].bits, 0b1111);
}

}  // namespace
}  // namespace ganserve
