#include "server/train/autocast.h"

#include <ATen/autocast_mode.h>

namespace ganserve {

// Torch can keep the copies of weights for another forward pass. That saves next to nothing here, and a copy from a
// pass without gradients would cut off the gradients of the next.
Autocast::Autocast(const torch::Device& device, bool enabled)
    : type_(device.type()),
      enabled_before_(at::autocast::is_autocast_enabled(type_)),
      dtype_before_(at::autocast::get_autocast_dtype(type_)),
      cached_before_(at::autocast::is_autocast_cache_enabled()) {
  at::autocast::set_autocast_enabled(type_, enabled);
  at::autocast::set_autocast_dtype(type_, torch::kBFloat16);
  at::autocast::set_autocast_cache_enabled(false);
}

Autocast::~Autocast() {
  at::autocast::set_autocast_enabled(type_, enabled_before_);
  at::autocast::set_autocast_dtype(type_, dtype_before_);
  at::autocast::set_autocast_cache_enabled(cached_before_);
}

bool Autocast::IsEnabled(const torch::Device& device) { return at::autocast::is_autocast_enabled(device.type()); }

}  // namespace ganserve
