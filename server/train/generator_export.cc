#include "server/train/generator_export.h"

#include <torch/script.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/train/dcgan.h"
#include "server/train/random_streams.h"

namespace ganserve {
namespace {

// One image, odd, a vector width, a training batch.
constexpr int64_t kVerifiedBatches[] = {1, 3, 8, 64};

// A disk with less than this is called full when a write fails: a failed write may leave a part of a block free.
constexpr uintmax_t kFullDiskBytes = 1 << 16;

std::string ConvolutionLine(size_t index, const torch::nn::ConvTranspose2d& convolution) {
  const int64_t stride = convolution->options.stride()->at(0);
  const int64_t padding = std::get<torch::ExpandingArray<2>>(convolution->options.padding())->at(0);
  return absl::StrFormat(
      "    x = torch.conv_transpose2d(x, self.conv%d_weight, None, [%d, %d], [%d, %d], [0, 0], 1, [1, 1])\n", index,
      stride, stride, padding, padding);
}

std::string NormLine(size_t index, const torch::nn::BatchNorm2d& norm) {
  return absl::StrFormat(
      "    x = torch.batch_norm(x, self.norm%1$d_weight, self.norm%1$d_bias, self.norm%1$d_running_mean,"
      " self.norm%1$d_running_var, False, 0.1, %2$g, False)\n",
      index, norm->options.eps());
}

// A copy, so that the file neither shares storage with the trainer nor carries a memory format of its own.
torch::Tensor Stored(const torch::Tensor& tensor) { return tensor.detach().clone(at::MemoryFormat::Contiguous); }

torch::jit::Module BuildScript(DcganGenerator generator) {
  torch::jit::Module script("DcganGenerator");
  for (size_t i = 0; i < generator->convolutions().size(); ++i) {
    script.register_parameter(absl::StrCat("conv", i, "_weight"), Stored(generator->convolutions()[i]->weight), false);
  }
  for (size_t i = 0; i < generator->norms().size(); ++i) {
    const auto& norm = generator->norms()[i];
    const std::string prefix = absl::StrCat("norm", i, "_");
    script.register_parameter(prefix + "weight", Stored(norm->weight), false);
    script.register_parameter(prefix + "bias", Stored(norm->bias), false);
    script.register_buffer(prefix + "running_mean", Stored(norm->running_mean));
    script.register_buffer(prefix + "running_var", Stored(norm->running_var));
  }
  script.define(GeneratorScript(generator));
  script.eval();
  return script;
}

// Equal bits, which torch::equal would not tell for -0.0 and NaN.
bool SameBits(const torch::Tensor& a, const torch::Tensor& b) {
  return a.sizes() == b.sizes() && a.contiguous().view(torch::kInt32).equal(b.contiguous().view(torch::kInt32));
}

absl::Status VerifyBatch(DcganGenerator generator, torch::jit::Module& script, int64_t batch) {
  const int64_t latent_size = generator->shape().latent_size;
  const torch::Tensor z =
      NormalLatents(DeriveSeed(0, RandomPurpose::kVerification, static_cast<uint64_t>(batch)), batch, latent_size);
  const torch::Tensor expected = generator->forward(z);
  for (const torch::Tensor& input : {z, z.reshape({batch, latent_size, 1, 1})}) {
    if (!SameBits(script.forward({input}).toTensor(), expected)) {
      return absl::InternalError(
          absl::StrFormat("images of the export differ from the module's at batch size %d", batch));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string GeneratorScript(DcganGenerator generator) {
  std::string script =
      absl::StrFormat("def forward(self, z: Tensor) -> Tensor:\n    x = torch.reshape(z, [z.size(0), %d, 1, 1])\n",
                      generator->shape().latent_size);
  for (size_t i = 0; i < generator->norms().size(); ++i) {
    absl::StrAppend(&script, ConvolutionLine(i, generator->convolutions()[i]), NormLine(i, generator->norms()[i]),
                    "    x = torch.relu(x)\n");
  }
  const size_t last = generator->norms().size();
  absl::StrAppend(&script, ConvolutionLine(last, generator->convolutions()[last]), "    return torch.tanh(x)\n");
  return script;
}

absl::Status ExportGenerator(DcganGenerator generator, const std::string& path) {
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

absl::Status VerifyExport(DcganGenerator generator, const std::string& path) {
  if (generator->is_training()) return absl::FailedPreconditionError("the generator to verify is not in eval mode");
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
