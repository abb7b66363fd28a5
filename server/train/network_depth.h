// How deep and how wide networks become with the size of their images.
#pragma once

namespace ganserve {

// Caps the deep end of the 128-pixel networks: 32 x the width would be most of the weights for little in return.
inline constexpr int kMaxWidthFactor = 16;

// How often `from` is doubled to give `to`.
constexpr int Doublings(int from, int to) {
  int doublings = 0;
  for (int size = from; size < to; size *= 2) ++doublings;
  return doublings;
}

}  // namespace ganserve
