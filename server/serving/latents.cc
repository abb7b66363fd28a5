#include "server/serving/latents.h"

#include <bit>
#include <cmath>
#include <cstddef>

namespace ganserve {
namespace {

// The last counter word keeps the uses of one (seed, index) apart.
constexpr uint32_t kLatentStream = 0;
constexpr uint32_t kLabelStream = 1;

constexpr uint32_t Low(uint64_t x) { return static_cast<uint32_t>(x); }
constexpr uint32_t High(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

std::array<uint32_t, 4> Block(uint64_t seed, uint64_t index, uint32_t block, uint32_t stream) {
  return Philox4x32({Low(index), High(index), block, stream}, {Low(seed), High(seed)});
}

// The middle of the word's interval of width 2^-32, so never 0 or 1.
double ToUnitInterval(uint32_t word) { return (word + 0.5) * 0x1p-32; }

// Natural logarithm for normal positive x: x = m 2^e with m in [sqrt(1/2), sqrt(2)), then the series
// log m = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...) with s = (m - 1) / (m + 1), |s| < 0.172; the first term left out is
// below 1e-16.
double Log(double x) {
  constexpr double kLog2 = 0x1.62e42fefa39efp-1;
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
  if (mantissa > 0x1.6a09e667f3bcdp0) {
    mantissa *= 0.5;
    ++exponent;
  }
  const double s = (mantissa - 1.0) / (mantissa + 1.0);
  const double square = s * s;
  double series = 0.0;
  for (int k = 19; k >= 1; k -= 2) series = series * square + 1.0 / k;
  return exponent * kLog2 + 2.0 * s * series;
}

// The tail of AS 241: the quantile's magnitude for the smaller of p and 1 - p.
double TailQuantile(double tail) {
  double r = std::sqrt(-Log(tail));
  if (r <= 5.0) {
    r -= 1.6;
    return (((1.7023821103e-1 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
           ((1.2021132975e-1 * r + 7.3700164250e-1) * r + 1.0);
  }
  r -= 5.0;
  return (((1.7337203997e-2 * r + 4.2868294337e-1) * r + 3.0812263860) * r + 6.6579051150) /
         ((1.2258202635e-2 * r + 2.4197894225e-1) * r + 1.0);
}

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53;
  constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9;
  constexpr uint32_t kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * counter[0];
    const uint64_t product1 = kMultiplier1 * counter[2];
    counter = {High(product1) ^ counter[1] ^ key[0], Low(product1), High(product0) ^ counter[3] ^ key[1],
               Low(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

double NormalQuantile(double p) {
  const double q = p - 0.5;
  if (std::fabs(q) > 0.425) {
    const double magnitude = TailQuantile(q < 0 ? p : 1.0 - p);
    return q < 0 ? -magnitude : magnitude;
  }
  const double r = 0.180625 - q * q;
  return q * (((5.9109374720e1 * r + 1.5929113202e2) * r + 5.0434271938e1) * r + 3.3871327179) /
         (((6.7187563600e1 * r + 7.8757757664e1) * r + 1.7895169469e1) * r + 1.0);
}

void FillLatent(uint64_t seed, uint64_t index, std::span<float> latent) {
  for (size_t i = 0; i < latent.size(); i += 4) {
    const auto words = Block(seed, index, static_cast<uint32_t>(i / 4), kLatentStream);
    for (size_t j = 0; j < 4 && i + j < latent.size(); ++j) {
      latent[i + j] = static_cast<float>(NormalQuantile(ToUnitInterval(words[j])));
    }
  }
}

void FillLatents(uint64_t seed, uint64_t first_index, size_t latent_size, std::span<float> latents) {
  for (size_t row = 0; row < latents.size() / latent_size; ++row) {
    FillLatent(seed, first_index + row, latents.subspan(row * latent_size, latent_size));
  }
}

int64_t DrawLabel(uint64_t seed, uint64_t index, int classes) {
  const uint64_t word = Block(seed, index, 0, kLabelStream)[0];
  return static_cast<int64_t>(word * static_cast<uint64_t>(classes) >> 32);
}

}  // namespace ganserve
