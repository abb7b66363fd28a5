// A whole number in a torch archive.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace ganserve {

inline void WriteInteger(const char* name, int64_t value, torch::serialize::OutputArchive& archive) {
  archive.write(name, torch::IValue(value));
}

// Throws c10::Error when there is no such number.
inline int64_t ReadInteger(const char* name, torch::serialize::InputArchive& archive) {
  torch::IValue value;
  archive.read(name, value);
  return value.toInt();
}

}  // namespace ganserve
