#include "server/train/image_tensors.h"

#include <span>

#include "server/data/png_io.h"
#include "server/train/to_device.h"

namespace ganserve {

torch::Tensor ImagesOf(const ImageBatch& batch, const PlanarShape& shape, const torch::Device& device) {
  const auto count = static_cast<int64_t>(batch.samples.size() / shape.samples());
  const torch::Tensor bytes = torch::from_blob(const_cast<uint8_t*>(batch.samples.data()),  // which is only read
                                               {count, shape.channels, shape.height, shape.width}, torch::kUInt8);
  return ToDevice(bytes, device).to(torch::kFloat32).div_(127.5).sub_(1);
}

torch::Tensor LabelsOf(const ImageBatch& batch, const torch::Device& device) {
  if (batch.labels.empty()) return {};
  return ToDevice(torch::tensor(at::ArrayRef<int32_t>(batch.labels), torch::kInt64), device);
}

torch::Tensor Quantized(const torch::Tensor& images) {
  return images.add(1).mul_(127.5).add_(0.5).floor_().clamp_(0, 255).to(torch::kUInt8).contiguous();
}

absl::StatusOr<std::string> GridPng(const torch::Tensor& images, int rows, int columns) {
  const int64_t channels = images.size(1);
  const int64_t size = images.size(2);
  const torch::Tensor picture = Quantized(images)
                                    .view({rows, columns, channels, size, size})
                                    .permute({2, 0, 3, 1, 4})
                                    .reshape({channels, rows * size, columns * size})
                                    .contiguous();
  return EncodePng({static_cast<int>(columns * size), static_cast<int>(rows * size), static_cast<int>(channels)},
                   std::span(picture.data_ptr<uint8_t>(), static_cast<size_t>(picture.numel())));
}

}  // namespace ganserve
