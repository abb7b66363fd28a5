// Images between bytes and the networks' tensors [N, C, S, S] in [-1, 1].
#pragma once

#include <torch/torch.h>

#include <string>

#include "absl/status/statusor.h"
#include "server/data/image_batch.h"
#include "server/data/image_set.h"

namespace ganserve {

// x / 127.5 - 1 of every sample x, on the device.
torch::Tensor ImagesOf(const ImageBatch& batch, const PlanarShape& shape, const torch::Device& device);

// [N] int64 on the device; undefined if the data has no labels.
torch::Tensor LabelsOf(const ImageBatch& batch, const torch::Device& device);

// To bytes as the server makes them: round(127.5 (x + 1)), halves up. Contiguous.
torch::Tensor Quantized(const torch::Tensor& images);

// `rows` times `columns` images, row by row, as the PNG of one picture.
absl::StatusOr<std::string> GridPng(const torch::Tensor& images, int rows, int columns);

}  // namespace ganserve
