#include "server/train/generator_export.h"

#include <torch/script.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/train/random_streams.h"
#include "server/train/random_tensors.h"
#include "server/train/script_writer.h"

namespace ganserve {
namespace {

// One image, odd, a vector width, a training batch.
constexpr int64_t kVerifiedBatches[] = {1, 3, 8, 64};

// A disk with less than this is called full when a write fails: a failed write may leave a part of a block free.
constexpr uintmax_t kFullDiskBytes = 1 << 16;

torch::jit::Module BuildScript(const GeneratorNetwork& generator) {
  ScriptWriter script(generator.shape().classes > 0);
  generator.WriteScript(script);
  return script.Build();
}

// Equal bits, which torch::equal would not tell for -0.0 and NaN.
bool SameBits(const torch::Tensor& a, const torch::Tensor& b) {
  return a.sizes() == b.sizes() && a.contiguous().view(torch::kInt32).equal(b.contiguous().view(torch::kInt32));
}

// Each class in turn, beginning with the last, so that a batch of one has a class of its own too.
torch::Tensor Labels(const NetworkShape& shape, int64_t batch) {
  return (shape.classes - 1 - torch::arange(batch, torch::kInt64)).remainder(shape.classes);
}

absl::Status VerifyBatch(GeneratorNetwork& generator, torch::jit::Module& script, int64_t batch) {
  const NetworkShape& shape = generator.shape();
  const torch::Tensor z = NormalLatents(DeriveSeed(0, RandomPurpose::kVerification, static_cast<uint64_t>(batch)),
                                        batch, shape.latent_size);
  const torch::Tensor labels = shape.classes > 0 ? Labels(shape, batch) : torch::Tensor();
  const torch::Tensor expected = generator.forward(z, labels);
  for (const torch::Tensor& input : {z, z.reshape({batch, shape.latent_size, 1, 1})}) {
    const torch::IValue images = labels.defined() ? script.forward({input, labels}) : script.forward({input});
    if (!SameBits(images.toTensor(), expected)) {
      return absl::InternalError(
          absl::StrFormat("images of the export differ from the module's at batch size %d", batch));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ExportGenerator(GeneratorNetwork& generator, const std::string& path) {
  try {
    BuildScript(generator).save(path);
  } catch (const std::exception& error) {
    // LibTorch doesn't say why a write failed.
    std::error_code ignored;
    if (std::filesystem::space(std::filesystem::path(path).parent_path(), ignored).available < kFullDiskBytes) {
      return absl::ResourceExhaustedError(absl::StrCat(path, ": cannot write the TorchScript file: no space left"));
    }
    return absl::InternalError(absl::StrCat(path, ": cannot write the TorchScript file: ", error.what()));
  }
  return VerifyExport(generator, path);
}

absl::Status VerifyExport(GeneratorNetwork& generator, const std::string& path) {
  if (generator.is_training()) return absl::FailedPreconditionError("the generator to verify is not in eval mode");
  try {
    torch::InferenceMode inference;
    torch::jit::Module script = torch::jit::load(path);
    for (const int64_t batch : kVerifiedBatches) {
      const absl::Status status = VerifyBatch(generator, script, batch);
      if (!status.ok()) return absl::InternalError(absl::StrCat(path, ": ", status.message()));
    }
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat(path, ": cannot run the TorchScript file: ", error.what()));
  }
}

}  // namespace ganserve
