// Latent vectors and classes from (seed, index): the reason why an image is the same whatever serves it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace ganserve {

// Philox4x32-10, a counter-based generator: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2,
// 3", SC 2011. Any block can be computed alone, so image 4,999 costs no more than image 0.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// The quantile of the standard normal distribution for 0 < p < 1, to about 7 digits: Wichura, algorithm AS 241 (PPND7),
// Applied Statistics 37, 1988. Uses only operations that IEEE 754 rounds exactly (+ - * / sqrt), and no libm function
// whose result depends on the processor, so that it gives the same bits on every machine.
double NormalQuantile(double p);

// Fills `latent` with independent N(0, 1) values: element i is the quantile of word i % 4 of the Philox block with key
// `seed` and counter (index, i / 4). A shorter latent is a prefix of a longer one.
void FillLatent(uint64_t seed, uint64_t index, std::span<float> latent);

// Fills rows of `latent_size` with the latents of first_index, first_index + 1, ...
void FillLatents(uint64_t seed, uint64_t first_index, size_t latent_size, std::span<float> latents);

// The class of an image whose request names none: uniform on [0, classes), from the same seed and index but independent
// of the latent. `classes` is at least 1.
int64_t DrawLabel(uint64_t seed, uint64_t index, int classes);

}  // namespace ganserve
