// Plain memory as tensors, without a copy. Torch headers: only for .cc files of this folder.
#pragma once

#include <torch/torch.h>

#include <span>
#include <vector>

#include "server/eval/features.h"

namespace ganserve {

// Float32 [rows, dims] over the memory of the rows, which must outlive the tensor and is only read.
inline torch::Tensor RowsView(std::span<const float> rows, size_t dims) {
  return torch::from_blob(const_cast<float*>(rows.data()),
                          {static_cast<int64_t>(rows.size() / dims), static_cast<int64_t>(dims)}, torch::kFloat);
}

// The rows in float64 [rows, dims].
inline torch::Tensor DoubleRows(std::span<const float> rows, size_t dims) {
  return RowsView(rows, dims).to(torch::kDouble);
}

inline torch::Tensor VectorView(const std::vector<double>& values) {
  return torch::from_blob(const_cast<double*>(values.data()), {static_cast<int64_t>(values.size())}, torch::kDouble);
}

inline std::vector<double> ToVector(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.to(torch::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

}  // namespace ganserve
