// Whole numbers and tensors in a torch archive.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>

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

// Into a tensor that stays where it is and as it lies. Throws c10::Error when there is none of the key, or one of
// another shape than that of `name`.
inline void ReadTensor(const std::string& key, const std::string& name, torch::serialize::InputArchive& archive,
                       const torch::Tensor& tensor) {
  torch::Tensor stored;
  archive.read(key, stored, /*is_buffer=*/true);
  TORCH_CHECK(stored.sizes() == tensor.sizes(), name, " has shape ", stored.sizes(), ", not ", tensor.sizes());
  tensor.copy_(stored);
}

}  // namespace ganserve
