// A fixed array of floats that starts on a cache line.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace ganserve {

// Not initialised. Vector loads of 16 floats from a multiple of 16 touch one cache line.
class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(size_t size) : values_(new (kAlignment) float[size]), size_(size) {}

  float* data() { return values_.get(); }
  const float* data() const { return values_.get(); }
  size_t size() const { return size_; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Delete {
    void operator()(float* values) const { ::operator delete[](values, kAlignment); }
  };

  std::unique_ptr<float[], Delete> values_;
  size_t size_ = 0;
};

}  // namespace ganserve
