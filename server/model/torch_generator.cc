#include "server/model/torch_generator.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/core/MemoryFormat.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/torch_module.h"

namespace ganserve {
namespace {

// The values as a tensor of `rows` rows: the memory itself, or a copy padded with zeros.
template <typename T>
at::Tensor AsTensor(std::span<const T> values, std::vector<int64_t> shape, at::ScalarType type, int64_t rows) {
  const at::Tensor view = at::from_blob(const_cast<T*>(values.data()), shape, type);
  const int64_t given = std::exchange(shape[0], rows);
  if (given == rows) return view;
  at::Tensor padded = at::zeros(shape, type);
  padded.narrow(0, 0, given).copy_(view);
  return padded;
}

absl::Status CheckShape(const at::Tensor& output, int64_t rows, const ImageShape& shape) {
  if (output.dim() == 4 && output.size(0) == rows && output.size(1) == shape.channels &&
      output.size(2) == shape.height && output.size(3) == shape.width) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat("the model's output is not [", rows, ", ", shape.channels, ", ", shape.height,
                                          ", ", shape.width, "], as it was when the model was loaded"));
}

// The next pass: how many of the remaining rows it takes, and the batch size it has.
struct Pass {
  int64_t rows;
  int64_t size;
};

Pass NextPass(const std::vector<int64_t>& sizes, int64_t remaining) {
  if (sizes.empty()) return {remaining, remaining};
  const auto fitting = std::lower_bound(sizes.begin(), sizes.end(), remaining);
  const int64_t size = fitting == sizes.end() ? sizes.back() : *fitting;
  return {std::min(remaining, size), size};
}

}  // namespace

TorchGenerator::TorchGenerator(std::shared_ptr<const TorchModule> module, GeneratorInfo info, Convention convention)
    : module_(std::move(module)), info_(std::move(info)), convention_(std::move(convention)) {}

template <typename Consume>
absl::Status TorchGenerator::ForEachPass(std::span<const float> latents, std::span<const int64_t> labels,
                                         Consume consume) const {
  try {
    return ForEachPassOrThrow(latents, labels, consume);
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("the model's output cannot be read: ", FirstLine(error)));
  }
}

template <typename Consume>
absl::Status TorchGenerator::ForEachPassOrThrow(std::span<const float> latents, std::span<const int64_t> labels,
                                                Consume consume) const {
  const int64_t latent_size = info_.latent_size;
  const int64_t rows = static_cast<int64_t>(latents.size()) / latent_size;
  for (int64_t row = 0; row < rows;) {
    const Pass pass = NextPass(convention_.pass_sizes, rows - row);
    const size_t first = static_cast<size_t>(row);
    const size_t count = static_cast<size_t>(pass.rows);
    const size_t width = static_cast<size_t>(latent_size);
    at::Tensor input =
        AsTensor(latents.subspan(first * width, count * width), {pass.rows, latent_size}, at::kFloat, pass.size);
    if (convention_.latent_is_image) input = input.reshape({pass.size, latent_size, 1, 1});
    at::Tensor classes;
    if (info_.classes > 0) classes = AsTensor(labels.subspan(first, count), {pass.rows}, at::kLong, pass.size);
    GANSERVE_ASSIGN_OR_RETURN(at::Tensor output, module_->Run(input, classes));
    GANSERVE_RETURN_IF_ERROR(CheckShape(output, pass.size, info_.shape));
    // Memory in the order height, width, channels; for a model that computes channels-last this copies nothing.
    output = output.narrow(0, 0, pass.rows).to(at::kCPU, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
    GANSERVE_RETURN_IF_ERROR(
        consume(first, count, std::span<const float>(output.const_data_ptr<float>(), count * info_.shape.bytes())));
    row += pass.rows;
  }
  return absl::OkStatus();
}

absl::Status TorchGenerator::Generate(std::span<const float> latents, std::span<const int64_t> labels,
                                      std::span<uint8_t> pixels) {
  const size_t bytes = info_.shape.bytes();
  return ForEachPass(latents, labels, [&](size_t first, size_t rows, std::span<const float> values) {
    if (Quantize(values, convention_.range, pixels.subspan(first * bytes, rows * bytes))) return absl::OkStatus();
    return absl::InternalError("the model's output is not finite");
  });
}

absl::Status TorchGenerator::Forward(std::span<const float> latents, std::span<const int64_t> labels,
                                     std::span<float> values) const {
  const size_t bytes = info_.shape.bytes();
  return ForEachPass(latents, labels, [&](size_t first, size_t, std::span<const float> output) {
    std::copy(output.begin(), output.end(), values.begin() + static_cast<std::ptrdiff_t>(first * bytes));
    return absl::OkStatus();
  });
}

}  // namespace ganserve
