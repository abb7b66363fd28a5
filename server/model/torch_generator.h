// A TorchScript generator behind the Generator seam.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/model/quantize.h"
#include "server/serving/generator.h"

namespace ganserve {

class TorchModule;

class TorchGenerator final : public Generator {
 public:
  // How a module is called.
  struct Convention {
    bool latent_is_image = false;  // forward takes [N, Z, 1, 1] instead of [N, Z]
    ValueRange range;
    // The batch sizes that forward passes may have, ascending; empty: any. A model whose kernels round differently for
    // different sizes keeps to those that agree: batches are split, and padded to the next size.
    std::vector<int64_t> pass_sizes;
  };

  TorchGenerator(std::shared_ptr<const TorchModule> module, GeneratorInfo info, Convention convention);

  const GeneratorInfo& info() const override { return info_; }

  absl::Status Generate(std::span<const float> latents, std::span<const int64_t> labels,
                        std::span<uint8_t> pixels) override;

  // The module's output before quantisation, [n, height, width, channels]; arguments and errors as for Generate.
  absl::Status Forward(std::span<const float> latents, std::span<const int64_t> labels, std::span<float> values) const;

 private:
  // Calls consume(first row, rows, values of these rows) for each forward pass.
  template <typename Consume>
  absl::Status ForEachPass(std::span<const float> latents, std::span<const int64_t> labels, Consume consume) const;
  // On a GPU the errors of a pass may come as late as with the copy of its output.
  template <typename Consume>
  absl::Status ForEachPassOrThrow(std::span<const float> latents, std::span<const int64_t> labels,
                                  Consume consume) const;

  const std::shared_ptr<const TorchModule> module_;
  const GeneratorInfo info_;
  const Convention convention_;
};

}  // namespace ganserve
