#include "server/train/generator_export.h"

#include <gmock/gmock.h>
#include <torch/script.h>

#include "server/train/gan.h"
#include "server/train/random_tensors.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using testing::HasSubstr;

std::shared_ptr<GeneratorNetwork> Seeded(const NetworkShape& shape, uint64_t seed) {
  GanSettings settings;
  settings.shape = shape;
  settings.seed = seed;
  return Gan(settings).AveragedGenerator(seed);
}

class GeneratorExportTest : public testing::TestWithParam<NetworkShape> {};

TEST_P(GeneratorExportTest, IsTheModuleBitForBitInBothFormsOfLatents) {
  TemporaryFolder folder;
  const auto generator = Seeded(GetParam(), 3);
  ASSERT_EQ(ExportGenerator(*generator, folder.File("model.pt")), absl::OkStatus());
  torch::NoGradGuard no_grad;
  torch::jit::Module script = torch::jit::load(folder.File("model.pt"));
  const int64_t latent = GetParam().latent_size;
  for (const int64_t batch : {1, 2, 5, 16}) {
    const torch::Tensor z = NormalLatents(9, batch, latent);
    const torch::Tensor labels =
        GetParam().classes > 0 ? torch::arange(batch, torch::kInt64).remainder(GetParam().classes) : torch::Tensor();
    const torch::Tensor expected = generator->forward(z, labels);
    for (const torch::Tensor& input : {z, z.view({batch, latent, 1, 1})}) {
      const torch::IValue images = labels.defined() ? script.forward({input, labels}) : script.forward({input});
      EXPECT_TRUE(images.toTensor().equal(expected)) << batch;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GeneratorExportTest,
                         testing::Values(NetworkShape{32, 1, 8, 100}, NetworkShape{32, 3, 4, 16},
                                         NetworkShape{64, 3, 4, 100}, NetworkShape{128, 1, 2, 100},
                                         NetworkShape{32, 1, 4, 16, 10},
                                         NetworkShape{32, 3, 2, 16, 0, NetworkBody::kResidual},
                                         NetworkShape{64, 1, 1, 16, 3, NetworkBody::kResidual}));

TEST(GeneratorExport, FreezesToTheChainThatTheServerRecognises) {
  TemporaryFolder folder;
  ASSERT_TRUE(ExportGenerator(*Seeded({32, 1, 4, 8}, 1), folder.File("model.pt")).ok());
  torch::jit::Module script = torch::jit::load(folder.File("model.pt"));
  script.eval();
  const torch::jit::Module frozen = torch::jit::freeze(script);
  std::vector<std::string> operators;
  for (const auto* node : frozen.get_method("forward").graph()->nodes()) {
    const std::string kind = node->kind().toQualString();
    if (kind.starts_with("aten::") && kind != "aten::size") operators.push_back(kind.substr(6));
  }
  EXPECT_THAT(operators, testing::ElementsAre("reshape", "reshape", "conv_transpose2d", "batch_norm", "relu",
                                              "conv_transpose2d", "batch_norm", "relu", "conv_transpose2d",
                                              "batch_norm", "relu", "conv_transpose2d", "tanh"));
}

TEST(GeneratorExport, RefusesAFileThatMakesOtherImages) {
  TemporaryFolder folder;
  ASSERT_TRUE(ExportGenerator(*Seeded({32, 1, 4, 8}, 1), folder.File("model.pt")).ok());
  const absl::Status status = VerifyExport(*Seeded({32, 1, 4, 8}, 2), folder.File("model.pt"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("differ from the module's at batch size 1"));
}

TEST(GeneratorExport, RefusesAForeignFile) {
  TemporaryFolder folder;
  const absl::Status status = VerifyExport(*Seeded({32, 1, 4, 8}, 1), folder.Write("model.pt", "not a model"));
  EXPECT_THAT(status.message(), HasSubstr(folder.File("model.pt")));
}

TEST(GeneratorExport, SaysWhereItCouldNotWrite) {
  const absl::Status status = ExportGenerator(*Seeded({32, 1, 4, 8}, 1), "/nonexistent/model.pt");
  EXPECT_THAT(status.message(), HasSubstr("/nonexistent/model.pt"));
}

TEST(GeneratorExport, RefusesAModuleInTrainingMode) {
  const auto generator = Seeded({32, 1, 4, 8}, 1);
  generator->train();
  EXPECT_EQ(VerifyExport(*generator, "unused").code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace ganserve
