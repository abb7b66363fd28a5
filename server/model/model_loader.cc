#include "server/model/model_loader.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/model/torch_generator.h"
#include "server/model/torch_module.h"
#include "server/serving/latents.h"

namespace ganserve {
namespace {

constexpr int64_t kMaxImageSide = 4096;
// Rows of the batch that a new model is checked with: odd and more than a vector's width, so that kernels run their
// main loops and their remainders.
constexpr int64_t kCheckRows = 19;
constexpr uint64_t kCheckSeed = 1;
// Batch sizes on CUDA, largest first: a pass is padded to one of them, and those whose bits differ from the largest
// one's are not used.
constexpr int64_t kCudaPassSizes[] = {256, 64, 16, 4, 1};

struct Probe {
  int64_t latent_size = 0;
  bool latent_is_image = false;
  ImageShape shape;
};

// The image shape of a forward's output for one latent.
absl::StatusOr<ImageShape> ShapeOf(const at::Tensor& output) {
  if (output.dim() == 4 && output.size(0) == 1 && (output.size(1) == 1 || output.size(1) == 3) && output.size(2) >= 1 &&
      output.size(2) <= kMaxImageSide && output.size(3) >= 1 && output.size(3) <= kMaxImageSide &&
      output.is_floating_point()) {
    return ImageShape{static_cast<int>(output.size(3)), static_cast<int>(output.size(2)),
                      static_cast<int>(output.size(1))};
  }
  return absl::InvalidArgumentError(
      absl::StrCat("one latent gives ", output.is_floating_point() ? "floats" : "other than floats", " of shape [",
                   absl::StrJoin(output.sizes(), ", "), "]; it must give floats [1, C, H, W], C 1 or 3, H and W up to ",
                   kMaxImageSide));
}

at::Tensor ZeroLatents(int64_t rows, int64_t latent_size, bool latent_is_image) {
  const at::Tensor latents = at::zeros({rows, latent_size});
  return latent_is_image ? latents.reshape({rows, latent_size, 1, 1}) : latents;
}

absl::StatusOr<ImageShape> TryLatent(const TorchModule& module, int64_t latent_size, bool latent_is_image) {
  GANSERVE_ASSIGN_OR_RETURN(const at::Tensor output,
                            module.Run(ZeroLatents(1, latent_size, latent_is_image), at::zeros({1}, at::kLong)));
  return ShapeOf(output);
}

absl::StatusOr<Probe> ProbeModule(const TorchModule& module, const ModelConfig& config) {
  const std::vector<int64_t> sizes =
      config.latent_size ? std::vector<int64_t>{*config.latent_size} : module.latent_sizes();
  absl::Status first_fault;
  for (const int64_t size : sizes) {
    for (const bool latent_is_image : {false, true}) {
      const auto shape = TryLatent(module, size, latent_is_image);
      if (shape.ok()) return Probe{size, latent_is_image, *shape};
      first_fault.Update(shape.status());
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("forward takes no latents [N, Z] or [N, Z, 1, 1] with Z ",
                                                 absl::StrJoin(sizes, " or "), ": ", first_fault.message()));
}

std::string Text(const ImageShape& shape) { return absl::StrCat(shape.width, "x", shape.height, "x", shape.channels); }

absl::StatusOr<GeneratorInfo> Describe(const ModelSource& source, const TorchModule& module, const Probe& probe) {
  const int classes = source.config.classes.value_or(0);
  if (module.takes_labels() && classes == 0) {
    return absl::InvalidArgumentError("forward takes labels, but model.json does not say how many classes there are");
  }
  if (!module.takes_labels() && classes > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("model.json says ", classes, " classes, but forward takes no labels"));
  }
  if (source.config.image && *source.config.image != probe.shape) {
    return absl::InvalidArgumentError(absl::StrCat("model.json says images of ", Text(*source.config.image),
                                                   ", but the model makes ", Text(probe.shape)));
  }
  return GeneratorInfo{source.model, source.version, Sha256Hex(source.archive), static_cast<int>(probe.latent_size),
                       classes,      probe.shape,    source.config.class_names};
}

// Inputs and one forward's output for checking a model.
struct Check {
  std::vector<float> latents;
  std::vector<int64_t> labels;
  std::vector<float> values;
};

absl::StatusOr<Check> RunCheck(const TorchGenerator& generator) {
  const GeneratorInfo& info = generator.info();
  const size_t latent_size = static_cast<size_t>(info.latent_size);
  Check check;
  check.latents.resize(kCheckRows * latent_size);
  check.values.resize(kCheckRows * info.shape.bytes());
  FillLatents(kCheckSeed, 0, latent_size, check.latents);
  for (size_t row = 0; info.classes > 0 && row < kCheckRows; ++row) {
    check.labels.push_back(DrawLabel(kCheckSeed, row, info.classes));
  }
  GANSERVE_RETURN_IF_ERROR(generator.Forward(check.latents, check.labels, check.values));
  return check;
}

bool AllFinite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

ValueRange RangeOf(const std::vector<float>& values) {
  const bool unit = std::all_of(values.begin(), values.end(), [](float value) { return value >= 0 && value <= 1; });
  return unit ? ValueRange{0, 1} : ValueRange{-1, 1};
}

// Whether the check's rows come out the same, to the bit, when they are computed in batches of other sizes.
absl::StatusOr<bool> IndependentOfBatch(const TorchGenerator& generator, const Check& check) {
  const size_t latent_size = static_cast<size_t>(generator.info().latent_size);
  const size_t bytes = generator.info().shape.bytes();
  std::vector<float> values(check.values.size());
  for (const size_t size : {size_t{1}, size_t{2}, size_t{3}, size_t{8}, size_t{16}}) {
    for (size_t row = 0; row < kCheckRows; row += size) {
      const size_t rows = std::min<size_t>(size, kCheckRows - row);
      const auto labels = std::span<const int64_t>(check.labels);
      GANSERVE_RETURN_IF_ERROR(generator.Forward(
          std::span<const float>(check.latents).subspan(row * latent_size, rows * latent_size),
          labels.empty() ? labels : labels.subspan(row, rows), std::span(values).subspan(row * bytes, rows * bytes)));
    }
    if (values != check.values) return false;
  }
  return true;
}

// The batch sizes that forward passes may have; see TorchGenerator::Convention.
absl::StatusOr<std::vector<int64_t>> PassSizes(const std::shared_ptr<const TorchModule>& module,
                                               const GeneratorInfo& info, const TorchGenerator::Convention& convention,
                                               const Device& device, const Check& check) {
  if (!device.cuda) {
    GANSERVE_ASSIGN_OR_RETURN(const bool independent,
                              IndependentOfBatch(TorchGenerator(module, info, convention), check));
    return independent ? std::vector<int64_t>{} : std::vector<int64_t>{1};
  }
  std::vector<int64_t> sizes;
  std::vector<float> reference;
  for (const int64_t size : kCudaPassSizes) {
    auto padded = convention;
    padded.pass_sizes = {size};
    GANSERVE_ASSIGN_OR_RETURN(Check result, RunCheck(TorchGenerator(module, info, padded)));
    if (reference.empty()) reference = result.values;
    if (result.values == reference) sizes.insert(sizes.begin(), size);
  }
  return sizes;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Generator>> LoadTorchGenerator(const ModelSource& source, const Device& device) {
  GANSERVE_ASSIGN_OR_RETURN(const auto loaded, TorchModule::Load(source.archive, device));
  GANSERVE_ASSIGN_OR_RETURN(const Probe probe, ProbeModule(*loaded, source.config));
  GANSERVE_ASSIGN_OR_RETURN(const GeneratorInfo info, Describe(source, *loaded, probe));
  GANSERVE_ASSIGN_OR_RETURN(
      const std::shared_ptr<const TorchModule> module,
      loaded->Optimized(ZeroLatents(1, probe.latent_size, probe.latent_is_image), at::zeros({1}, at::kLong)));
  TorchGenerator::Convention convention{.latent_is_image = probe.latent_is_image, .range = {}, .pass_sizes = {}};
  GANSERVE_ASSIGN_OR_RETURN(const Check check, RunCheck(TorchGenerator(module, info, convention)));
  if (!AllFinite(check.values)) return absl::InvalidArgumentError("the model's output is not finite");
  convention.range = source.config.value_range.value_or(RangeOf(check.values));
  GANSERVE_ASSIGN_OR_RETURN(convention.pass_sizes, PassSizes(module, info, convention, device, check));
  auto generator = std::make_shared<TorchGenerator>(module, info, convention);
  GANSERVE_ASSIGN_OR_RETURN(const Check first, RunCheck(*generator));
  GANSERVE_ASSIGN_OR_RETURN(const Check second, RunCheck(*generator));
  if (first.values != second.values) {
    return absl::InvalidArgumentError("the model is not deterministic: two runs on the same latents differ");
  }
  return generator;
}

}  // namespace ganserve
