// What follows a convolution, in place.
#pragma once

#include <span>

namespace ganserve {

// A value that is not a number stays one under each of them.
enum class Activation {
  kNone,
  kRelu,  // max(x, 0)
  kTanh,  // within 6 units in the last place of the hyperbolic tangent, never beyond [-1, 1]
};

// Uses only operations that IEEE 754 rounds exactly, each value by itself: the bits depend neither on the place of a
// value nor on the processor.
void Activate(Activation activation, std::span<float> values);

}  // namespace ganserve
