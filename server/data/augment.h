// Augmentation of training images: each time that one is shown it may be mirrored, turned a little and cropped. What it
// shows does not change, so labels hold.
//
// What is done here becomes part of the distribution that the generator learns, so flip only what may be mirrored. For
// augmentation that does not leak into the images see DiffAugment.
#pragma once

#include <cstdint>
#include <span>

#include "server/data/image_set.h"

namespace ganserve {

struct AugmentationOptions {
  double flip_probability = 0;      // 0 to 1; left to right
  double max_rotation_degrees = 0;  // 0 to 180; uniform in both directions
  double max_crop_fraction = 0;     // 0 to less than 1; a part of at least 1 - this of each side, enlarged to the whole

  bool operator==(const AugmentationOptions&) const = default;
};

// What one showing of an image does to it.
struct Augmentation {
  bool flipped = false;
  double radians = 0;  // counter-clockwise
  double scale = 1;    // of the part that is shown, as a fraction of each side
  double shift_x = 0;  // of the part's centre from the image's, as a fraction of the width
  double shift_y = 0;

  // Whether samples stay samples, though maybe at other places.
  bool keeps_samples() const { return radians == 0 && scale == 1; }
};

// A function of its arguments alone, whatever was drawn before. Of an option that is 0, nothing is done.
Augmentation DrawAugmentation(const AugmentationOptions& options, uint64_t seed);

// `image` and `out`: [channels, height, width], of `shape`; they do not overlap. A flip alone moves samples and is
// exact; else each is interpolated bilinearly, once for all that is done. What lies beyond an edge is the image
// reflected at its outermost samples: repeating the edge would draw stripes into the corners of a turned photograph,
// which a generator learns, and black would be worse (StyleGAN2-ADA, Karras et al. 2020, reflects too).
void Augment(std::span<const uint8_t> image, const PlanarShape& shape, const Augmentation& augmentation,
             std::span<uint8_t> out);

}  // namespace ganserve
