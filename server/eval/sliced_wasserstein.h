// A distance between two sets of images that needs no features.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "server/eval/features.h"

namespace ganserve {

// Images projected onto random directions, [count, directions]. Images are flat uint8 [count, samples]; sample / 255 is
// projected onto directions that are uniform on the unit sphere, the same for the same (seed, samples, directions).
// One call for all images or several for parts of them give the same numbers up to rounding.
class ImageProjector {
 public:
  ImageProjector(size_t samples, size_t directions, uint64_t seed);

  // Appends a row for each image to `projections`.
  void Append(std::span<const uint8_t> images, Features* projections) const;

 private:
  Features directions_;  // [directions, samples], rows of length 1
};

// Sliced 2-Wasserstein distance (Rabin, Peyre, Delon and Bernot, "Wasserstein barycenter and its application to texture
// mixing", SSVM 2011; Bonneel et al., JMIV 2015): the root of the mean over directions of
//   1/n sum_i (a_(i) - b_(i))^2,
// a_(i) the i-th smallest of n projections. Where one set has more rows, rows evenly spread over it are left out. In
// units of full intensity: two sets of plain images that differ in brightness by 0.1 have a distance of about 0.1.
double SlicedWasserstein(const Features& a, const Features& b);

}  // namespace ganserve
